"""``align_slices``: slices of one tissue in one frame, and which of their spots belong together."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._slices import read_slices
from spotscape._validate import SpotscapeWarning, check_choice, check_integer, describe, input_error
from spotscape.alignment import Aligned, align, sides_of
from spotscape.alignment.align import FEWEST_MATCHES, MATCHINGS
from spotscape.alignment.best import align_by_best
from spotscape.alignment.footprints import Space, spaces, spots_alone
from spotscape.alignment.landmarks import Landmarks
from spotscape.alignment.matches import Matches
from spotscape.alignment.registration import TRANSFORMS, first_kind, is_over, rotation
from spotscape.alignment.spline import Deformation, jacobian
from spotscape.alignment.words import said_of, said_of_landmarks, unlike_units
from spotscape.gr import check_coordinates
from spotscape.run.read import check_key_added, read_embedding
from spotscape.tl._landmarks import read_landmarks
from spotscape.tl._match_by import REPRESENTATIONS, expression_to_match_by, without_counterpart


@filled()
def align_slices(
    adata: AnnData,
    *,
    slice_key: str | None = None,
    reference: str | None = None,
    transform: str = "rigid",
    matching: str = "nearest",
    representation: str | None = None,
    n_neighbors: int = 10,
    landmarks: pd.DataFrame | None = None,
    seed: int = 0,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Bring the slices of one tissue into one frame, and match their spots.

    Spots that are among each other's nearest in an embedding are matches. RANSAC [1]_ finds a transform that
    most matches agree on, and under which spots that lie on each other are most alike. Once the slices are
    aligned, each spot is matched again among the spots near it. A spot has one match, and a spot of the
    reference may have many: to find all cells of each spot, take the slice of spots as the reference.

    Parameters
    ----------
    adata
        Several slices in one space, after `integrate_slices` (or `spotscape.Spotscape.transform`).
    slice_key
        Name in ``obs`` of the slices; that of the run where left out.
    reference
        Name of the slice whose frame is taken; the first where left out.
    transform
        ``"rigid"``: turned, shifted and turned over; ``"similarity"``: also scaled, for slices in different
        units; ``"affine"``: also sheared; ``"nonrigid"``: after the rigid step bent by a smooth deformation
        [3]_, as sections bend on the glass, so that spots come to lie on those that are
        like them; ``"none"``: nothing is moved, and spots are matched by their
        embedding alone, wherever these lie. Take a transform where both slices show the same parts in the
        same arrangement, however they lie: rigid where these are of one shape, nonrigid where one grew or
        bent. Take none where they do not, as slices of different animals often; ``agreement`` below 0.4 is a
        sign.
    matching
        How spots are matched once the slices are aligned: ``"nearest"``, each spot to the most alike of those
        near it; ``"transport"``, by unbalanced optimal transport [2]_, so that few spots share a partner.
    representation
        What spots are matched by. ``"matching"``: embeddings made here from the counts, with more components
        and less smoothing than domains want. Expression is averaged over footprints of two sizes, the same
        area in both slices where their spots differ in density. Of these, the one is taken under which most
        spots' nearest lie within a spot distance of them once they are aligned, and the run's embedding where
        none is clearly better; with ``transform="none"`` nothing is averaged, so that spots are matched by
        their own expression, such as cells to cells of their type. ``"domains"``: the run's embedding. None
        is ``"matching"``, and ``"domains"`` where there are no counts or with ``transform="none"``.
    n_neighbors
        How many of a spot's nearest in the embedding are looked at for matches, 1 or more.
    landmarks
        Points that are known in a slice and in the reference, as from their images: a table with the columns
        ``slice``, ``x``, ``y``, ``reference_x`` and ``reference_y``, in the unit of the coordinates. Three or
        more of a slice, not on one line. The transform of that slice is then fitted to them in place of
        matches; with ``"nonrigid"`` they pull beside the embedding. Slices without any are aligned as ever.
    seed
        Integer >= 0, of RANSAC's samples.
    spatial_key
        Name in ``obsm`` of the coordinates, N x 2; in one unit for all slices unless ``transform`` scales.
    key_added
        Stem of the run's names, and of the names written to.
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes:

    - ``obsm["spatial_aligned"]``: N x 2, coordinates in the reference's frame; NaN for a slice that could not
      be aligned. Not with ``transform="none"``.
    - ``uns["<key_added>_alignment"]``: ``"reference"``, ``"slice_key"``, ``"transform"``, ``"matching"``;
      ``"slices"``, a table with a row for each slice: whether it is aligned, the transform (y = A x + b:
      ``a11`` to ``a22``, ``b1``, ``b2``), rotation in degrees, scale, whether it was turned over, agreement
      (share of the matches in the overlap that lie on each other: 1 is all, 0 is chance), how alike spots are
      that lie on each other (1 is equal, 0 is chance), overlap, another fit that is as good (``other_...``),
      numbers of matches and of those that agree; with ``"nonrigid"`` how far spots are moved by bending
      (``bent_by``, the median, in spot distances) and the smallest and largest factor that an area changes
      by (``jacobian_low``, ``jacobian_high``), NaN otherwise; the median distance of its landmarks to
      where they should lie, in spot distances (``landmark_error``); the share of spots that have no
      counterpart, as they lie where the other slice has no tissue, of the slice and of the reference
      (``unmatched``, ``reference_unmatched``); how many spots were averaged to match by (``footprint``,
      ``reference_footprint``; 0 where that was the run's embedding); ``"representation"``; ``"matches"``, a
      table of matched spots with their score (0 to 1), whether they are mutual, and their distance.

    Raises
    ------
    InputError
        If there is no embedding, there are fewer than two slices, the reference is not one of them, the
        coordinates are not N x 2, landmarks are too few, lie on a line or far from their slice, or
        ``representation="matching"`` finds no counts.

    Warns
    -----
    SpotscapeWarning
        Of each slice that could not be aligned, and why: too few matches, all of them in one clump, no
        transform under which the slices overlap and agree, or no deformation that does not fold. No transform
        is forced on such a slice. And of each slice that fits as well another way, such as its mirror image
        or after a half turn. And of a landmark that does not fit the others.

    References
    ----------
    .. [1] Fischler and Bolles (1981), Random sample consensus, CACM 24.
    .. [2] Chizat et al. (2018), Scaling algorithms for unbalanced optimal transport, Math. Comp. 87.
    .. [3] Rueckert et al. (1999), Nonrigid registration using free-form deformations, IEEE TMI 18.

    Examples
    --------
    >>> import spotscape
    >>> slices = spotscape.datasets.simulate_slices(n_slices=2, n_spots=300, n_genes=80, n_domains=3)
    >>> both = spotscape.tl.integrate_slices(slices, n_domains=3, progress=False)
    >>> spotscape.tl.align_slices(both, transform="none")
    >>> both.uns["spotscape_alignment"]["matches"].shape[0]
    300
    """
    embedding = read_embedding(adata, check_key_added(key_added))
    check_choice("transform", transform, TRANSFORMS)
    check_choice("matching", matching, MATCHINGS)
    if representation is not None:
        check_choice("representation", representation, REPRESENTATIONS)
    n_neighbors = check_integer("n_neighbors", n_neighbors, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    slice_key = slice_key or run_slice_key(adata, key_added)
    slices = read_slices(adata, slice_key)
    reference = find_reference(slices, reference, slice_key)
    xy = np.zeros((adata.n_obs, 2))
    if transform != "none":
        xy = check_coordinates(adata, spatial_key)
        if xy.shape[1] != 2:
            raise input_error(f"adata.obsm[{spatial_key!r}]", f"{xy.shape[1]} columns", "two, x and y")
    known = read_landmarks(landmarks, slices, reference, xy, transform)

    fixed, in_one_unit = np.flatnonzero(slices == reference), first_kind(transform) == "rigid"
    expression, text = expression_to_match_by(adata, representation, transform, key_added)
    if text:
        warnings.warn(text, SpotscapeWarning, stacklevel=2)
    aligned = np.full((adata.n_obs, 2), np.nan)
    aligned[fixed] = xy[fixed]
    rows, tables = [_row(reference)], [_no_matches()]
    for name in slices.categories.drop(reference):
        own = np.flatnonzero(slices == name)
        sides = sides_of(xy, embedding, own, fixed, transform)
        points = known.get(name)
        run = Space(sides.z, sides.reference_z)
        if transform == "none":
            run = run if expression is None else spots_alone(expression[own], expression[fixed])
            sides = sides._replace(z=run.z, reference_z=run.reference_z)
            one = align(sides, transform, matching, n_neighbors, np.random.default_rng(seed), points)
            taken = run
        else:
            tried = [run]
            if expression is not None and min(len(own), len(fixed)) >= FEWEST_MATCHES:
                parts = (expression[own], expression[fixed], xy[own], xy[fixed])
                tried = [run, *spaces(*parts, in_one_unit=in_one_unit)]
            one, taken = align_by_best(sides, tried, transform, matching, n_neighbors, seed, points)
        texts = [unlike_units(name, reference, xy[own], xy[fixed])] if in_one_unit else []
        if points is not None:
            texts.append(said_of_landmarks(name, points, transform, sides.spacing))
        for text in filter(None, [*texts, said_of(name, reference, one)]):
            warnings.warn(text, SpotscapeWarning, stacklevel=2)
        aligned[own] = one(xy[own])
        rows.append(
            _row(name)
            | _row_of(one, xy[own], sides.spacing, points)
            | without_counterpart(aligned[own], xy[fixed])
        )
        rows[-1] |= {"footprint": taken.footprint, "reference_footprint": taken.reference_footprint}
        if one.matches is not None:
            tables.append(_table(name, one.matches, adata.obs_names[own], adata.obs_names[fixed]))
    adata = in_memory_copy(adata) if copy else adata
    if transform != "none":
        adata.obsm[_keys.SPATIAL_ALIGNED] = aligned
    adata.uns[_keys.alignment(key_added)] = {
        "reference": reference,
        "slice_key": slice_key,
        "transform": transform,
        "matching": matching,
        "representation": "domains" if expression is None else "matching",
        "slices": pd.DataFrame(rows).rename(index=str),
        "matches": pd.concat(tables[1:] or tables, ignore_index=True).rename(index=str),
    }
    return adata if copy else None


def run_slice_key(adata: AnnData, key_added: str) -> str:
    """Return the name of the slices' column: that of the run, else the usual one."""
    record = adata.uns.get(_keys.parameters(key_added), {}).get("integration", {})
    return str(record.get("slice_key", _keys.SLICE))


def find_reference(slices: pd.Categorical, reference: str | None, slice_key: str) -> str:
    """Return the name of the reference, or raise."""
    names = list(slices.categories)
    if len(names) < 2:
        raise input_error(f"adata.obs[{slice_key!r}]", f"one slice, {names[0]!r}", "two or more")
    if reference is not None and str(reference) not in names:
        raise input_error("reference", describe(reference), "one of " + ", ".join(map(repr, names)))
    return names[0] if reference is None else str(reference)


def _row(name: str) -> dict[str, Any]:
    """Return what the table of slices says of the reference, which lies where it lies."""
    matrix = {"a11": 1.0, "a12": 0.0, "a21": 0.0, "a22": 1.0, "b1": 0.0, "b2": 0.0}
    motion = {"aligned": True} | matrix | {"rotation": 0.0, "scale": 1.0, "turned_over": False}
    fit = dict.fromkeys(("agreement", "alikeness", "overlap", "other_rotation"), np.nan)
    other = {"other_turned_over": False, "other_agreement": np.nan, "n_matches": 0, "n_agreeing": 0}
    bent = dict.fromkeys(("bent_by", "jacobian_low", "jacobian_high", "landmark_error"), np.nan)
    lost = dict.fromkeys(("unmatched", "reference_unmatched"), np.nan)
    by = dict.fromkeys(("footprint", "reference_footprint"), 0)
    return {_keys.SLICE: name} | motion | fit | other | bent | lost | by


def _row_of(one: Aligned, xy: np.ndarray, spacing: float, landmarks: Landmarks | None) -> dict[str, Any]:
    """Return what the table says of a slice that was aligned, or could not be."""
    found = one.found
    if found is None:
        unknown = dict.fromkeys(("a11", "a12", "a21", "a22", "b1", "b2", "rotation", "scale"), np.nan)
        return {"aligned": False, "n_matches": one.n_matches} | unknown
    matrix, offset, rival = found.transform.matrix, found.transform.offset, found.rival
    row = dict(zip(("a11", "a12", "a21", "a22", "b1", "b2"), [*matrix.ravel(), *offset], strict=True))
    row |= {
        "rotation": rotation(found.transform),
        "scale": float(np.sqrt(abs(np.linalg.det(matrix)))),
        "turned_over": is_over(found.transform),
        "agreement": found.agreement,
        "alikeness": found.alikeness,
        "overlap": found.overlap,
        "n_matches": one.n_matches,
        "n_agreeing": int(found.inliers.sum()),
    }
    if rival is not None:
        row["other_rotation"] = rotation(rival.transform)
        row["other_turned_over"] = is_over(rival.transform)
        row["other_agreement"] = rival.agreement
    if one.deformation is not None:
        row |= bending_row(one.deformation, found.transform(xy), spacing)
    if landmarks is not None:
        off = np.linalg.norm(one(landmarks.source) - landmarks.target, axis=1)
        row["landmark_error"] = float(np.median(off) / spacing)
    return row


def bending_row(bent: Deformation, rigid: np.ndarray, spacing: float) -> dict[str, float]:
    """Return what the table says of a deformation of spots (N x 2) that lie in place."""
    areas = jacobian(bent, rigid)
    return {
        "bent_by": float(np.median(np.linalg.norm(bent(rigid) - rigid, axis=1)) / spacing),
        "jacobian_low": float(areas.min()),
        "jacobian_high": float(areas.max()),
    }


def _table(name: str, matches: Matches, spots: pd.Index, partners: pd.Index) -> pd.DataFrame:
    """Return matches with the names of their spots."""
    return pd.DataFrame(
        {
            _keys.SLICE: name,
            "spot": np.asarray(spots[matches.spots], dtype=object),
            "reference_spot": np.asarray(partners[matches.partners], dtype=object),
            "score": matches.scores,
            "mutual": matches.mutual,
            "distance": matches.distances,
        }
    )


def _no_matches() -> pd.DataFrame:
    kinds = {_keys.SLICE: object, "spot": object, "reference_spot": object, "score": float}
    kinds |= {"mutual": bool, "distance": float}
    return pd.DataFrame({name: np.array([], dtype=kind) for name, kind in kinds.items()})
