"""How many spots of a slice have no counterpart in another: those where the other has no tissue.

A place lies in the tissue of a slice where spots are around it on all sides, and not much farther away than
the slice's spots are from each other. So the rim is where the spots end: a reach around each spot would
count a strip beyond it as tissue.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

_AROUND = 12
_ONE_SIDED = 0.75
"""How far the middle of the nearest spots may lie from a place, in their mean distances. At a straight rim
the middle of half a disc lies at 4 / 3π of its radius, the mean distance is 2 / 3, and the ratio is 0.64.
Places near rim and corners scatter about that. With 0.75 shares of 0 to 70 % came out right to 2 %."""
_FAR = 2.5
"""How much farther than usual the nearest spots may be: in holes and tears they are."""


def lies_in(points: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Return which points (M x 2) lie in the tissue that spots (N x 2) make, M bool.

    Examples
    --------
    >>> import numpy as np
    >>> from spotscape.alignment.counterparts import lies_in
    >>> square = np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1).reshape(-1, 2)
    >>> lies_in(np.array([[4.2, 3.9], [9.5, 4.0]]), square).tolist()
    [True, False]
    """
    tree = cKDTree(xy)
    k = min(_AROUND, len(xy) - 1)
    usual = float(np.median(tree.query(xy, k=k + 1)[0][:, -1]))
    distances, near = tree.query(points, k=k + 1)
    # Without the one at the very place: a spot that lies on another one is inside as any place near it is.
    middle = xy[near].mean(axis=1) - points
    one_sided = np.linalg.norm(middle, axis=1) / np.maximum(distances.mean(axis=1), 1e-300)
    return (one_sided < _ONE_SIDED) & (distances[:, -1] < _FAR * usual)
