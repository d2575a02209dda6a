"""How well slices are aligned: labels of matched spots, and distances to where spots belong."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from spotscape._validate import check_number, input_error
from spotscape.metrics.labels import Labels, adjusted_rand_index, label_codes


def ltari(truth: Labels, reference_truth: Labels, partners: ArrayLike) -> float:
    """Return the label-transfer ARI: how well the labels of matched spots agree.

    The adjusted Rand index of a spot's own label with that of its partner in the reference.

    Parameters
    ----------
    truth
        True domain of each spot of a slice, length n_spots.
    reference_truth
        True domain of each spot of the reference, length n_reference.
    partners
        Number of each spot's partner in the reference, length n_spots; below 0 for a spot without one, which
        is left out.

    Returns
    -------
    float
        1 where matched spots agree, about 0 for random matches.

    Raises
    ------
    InputError
        If lengths differ, a number is not of the reference, or no matched spot has both labels.

    Examples
    --------
    >>> from spotscape.metrics import ltari
    >>> ltari(["a", "a", "b", "b"], ["b", "a"], [1, 1, 0, -1])
    1.0
    """
    numbers = np.asarray(partners)
    known = label_codes(reference_truth, "reference_truth")
    if numbers.dtype.kind not in "iu" or numbers.shape != (len(truth),):
        found = f"shape {numbers.shape} of {numbers.dtype}"
        raise input_error("partners", found, f"{len(truth)} whole numbers, one for each spot")
    if len(numbers) and numbers.max() >= len(known):
        raise input_error(
            "partners", str(numbers.max()), f"numbers below {len(known)}, the reference's spots"
        )
    matched = numbers >= 0
    if not matched.any():
        raise input_error("partners", "no spot with a partner", "one or more")
    given = np.where(matched, known[np.maximum(numbers, 0)], -1)
    labels = [None if code < 0 else int(code) for code in given]
    return adjusted_rand_index(truth, labels)


def registration_error(aligned: ArrayLike, truth: ArrayLike, spacing: float) -> float:
    """Return the median distance between where spots were put and where they belong, in spot distances.

    Parameters
    ----------
    aligned, truth
        Coordinates of the same spots in one frame, n_spots x 2 or 3. Spots with NaN in either are left out.
    spacing
        Distance between neighbouring spots, in the coordinates' unit.

    Returns
    -------
    float

    Raises
    ------
    InputError
        If shapes differ, ``spacing`` is not above 0, or no spot has both.

    Examples
    --------
    >>> from spotscape.metrics import registration_error
    >>> registration_error([[0, 0], [3, 4]], [[0, 0], [0, 0]], spacing=5)
    0.5
    """
    found, true = np.asarray(aligned, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if found.shape != true.shape or found.ndim != 2:
        raise input_error("aligned", f"shape {found.shape}", f"that of truth, {true.shape}")
    spacing = check_number("spacing", spacing, np.finfo(np.float64).tiny)
    distances = np.linalg.norm(found - true, axis=1)
    distances = distances[np.isfinite(distances)]
    if not len(distances):
        raise input_error("aligned", "no spot with coordinates in both", "one or more")
    return float(np.median(distances) / spacing)
