"""Landmarks: points of a slice whose places in the reference are known, as from the images of both.

They take the place of matches in the embedding. A rigid, similar or affine transform is fitted to them by
least squares. A deformation is pulled towards them beside the pictures of the embedding (`bend`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spotscape.alignment.registration import Transform, fit_points

FEWEST = 3
"""Two fix a slice up to its mirror image."""
_THIN = 0.02
"""Points lie on a line where their spread across it is less than this share of that along it."""


class Landmarks(NamedTuple):
    """Places in the slice and in the reference, P x 2 each."""

    source: np.ndarray
    target: np.ndarray

    def transform(self, kind: str) -> Transform:
        """Return the transform of a kind (as in `registration.register`) that fits them best."""
        return fit_points(self.source, self.target, np.ones(len(self.source)), kind)

    def why_not(self) -> str:
        """Return why they fix no transform; empty where they do."""
        if len(self.source) < FEWEST:
            return f"{len(self.source)} landmarks"
        for points in self:
            along, across = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
            if across <= _THIN * along:
                return f"{len(points)} landmarks on one line"
        return ""
