"""``pseudotime``: the pseudo-spatiotemporal map, diffusion pseudotime over the embedding."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._scanpy import embedding_graph
from spotscape._validate import SpotscapeWarning, check_integer, describe, input_error
from spotscape.gr import check_coordinates
from spotscape.pp import normalized_expression
from spotscape.run.read import check_column, check_key_added, read_embedding

ROOTS = ("spot", "domain", "gene", "position")
FEWEST_SPOTS = 20
_COMPONENTS = 15

Root = str | Mapping[str, Any] | Sequence[float] | None


class ChosenRoot(NamedTuple):
    """The spot that time starts from, and why it is this one."""

    index: int
    why: str


@filled()
def pseudotime(
    adata: AnnData,
    *,
    root: Root = None,
    n_neighbors: int = 100,
    domain_key: str | None = None,
    seed: int = 0,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Order the spots along the change of the embedding: the pseudo-spatiotemporal map.

    Spots that are most alike in the embedding are joined to a graph. Diffusion pseudotime [1]_, scanpy's,
    follows it from a root, and PAGA [2]_ says how strongly the domains are connected. Several slices in one
    space are ordered together.

    Parameters
    ----------
    adata
        Object after `run_spotscape` or `integrate_slices`.
    root
        Where time starts. It is the name of a spot, a domain or a gene (looked for in this order), or a
        position on the tissue as ``(x, y)``. A mapping says which is meant: ``{"spot": "AAAC-1"}``,
        ``{"domain": "3"}``, ``{"gene": "MBP"}``, ``{"position": (10, 20)}``. Of a domain, the spot most
        unlike all others is taken. Of a gene, it is the spot where the mean of the gene over the neighbours
        in the embedding is highest. None takes an end of the first diffusion component, and a warning says
        which: without a root, time has no direction.
    n_neighbors
        Neighbours in the embedding, 2 or more. At most a quarter of the spots are taken. With few neighbours
        time jumps where spots are sparse.
    domain_key
        Name in ``obs`` of the groups that PAGA connects. None: the run's domains.
    seed
        Integer >= 0, for the approximate search for neighbours.
    spatial_key
        Name in ``obsm`` of the coordinates, for a root by position.
    key_added
        Stem of the run's names, and of the names written to.
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes:

    - ``obs["<key_added>_pseudotime"]``: float64, 0 at the root to 1; NaN for spots that no path reaches;
    - ``uns["<key_added>_pseudotime"]``: the root (``"root"``, ``"why"``), ``"n_neighbors"``,
      ``"n_unreached"``, and of PAGA ``"groups"`` and ``"connectivities"`` (groups x groups, 0 to 1).

    Raises
    ------
    InputError
        If there is no embedding, the root does not exist, its name stands for several things, or there are
        fewer than 20 spots.

    Warns
    -----
    SpotscapeWarning
        Which root was taken, where none was given. How many spots no path reaches from the root.

    References
    ----------
    .. [1] Haghverdi et al. (2016), Diffusion pseudotime robustly reconstructs lineage branching, Nature
       Methods 13.
    .. [2] Wolf et al. (2019), PAGA, Genome Biology 20.

    Examples
    --------
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=200, n_genes=60, n_domains=3)
    >>> spotscape.tl.run_spotscape(adata, n_domains=3, progress=False)
    >>> spotscape.tl.pseudotime(adata, root={"domain": "1"})
    >>> float(adata.obs["spotscape_pseudotime"].min())
    0.0
    """
    embedding = read_embedding(adata, check_key_added(key_added))
    n_neighbors = check_integer("n_neighbors", n_neighbors, 2)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    if adata.n_obs < FEWEST_SPOTS:
        raise input_error("adata", f"{adata.n_obs} spots", f"{FEWEST_SPOTS} or more")
    groups = _groups(adata, domain_key, key_added)
    kind, value = _asked(root, adata, groups)
    if kind == "position":
        check_coordinates(adata, spatial_key)

    n_neighbors = min(n_neighbors, max(2, (adata.n_obs - 1) // 4))
    shell = _diffusion(embedding, n_neighbors, seed)
    chosen = _choose(kind, value, adata, groups, shell, embedding, spatial_key)
    if kind is None:
        warnings.warn(
            f"No root was given: time starts at spot {adata.obs_names[chosen.index]!r}, {chosen.why}.",
            SpotscapeWarning,
            stacklevel=2,
        )
    time = _time_from(shell, chosen.index)
    n_unreached = int(np.isnan(time).sum())
    if n_unreached:
        warnings.warn(
            f"{n_unreached} of {adata.n_obs} spots are in parts that no path leads to from the root; their "
            "pseudotime is NaN. A larger n_neighbors joins parts, or give each its own root.",
            SpotscapeWarning,
            stacklevel=2,
        )
    record = {
        "root": str(adata.obs_names[chosen.index]),
        "why": chosen.why,
        "n_neighbors": n_neighbors,
        "n_unreached": n_unreached,
        **_paga(shell, groups),
    }
    adata = in_memory_copy(adata) if copy else adata
    key = _keys.pseudotime(key_added)
    adata.obs[key] = time
    adata.uns[key] = record
    return adata if copy else None


# ---- the graph and the time on it -----------------------------------------------------------------------


def _diffusion(embedding: np.ndarray, n_neighbors: int, seed: int) -> AnnData:
    """Return a bare object with the graph of the embedding and its diffusion map."""
    import scanpy as sc  # takes seconds, and most calls need none of it

    with warnings.catch_warnings():
        # scanpy says that parts are not connected; so do we, with how many spots it concerns.
        warnings.simplefilter("ignore")
        shell = embedding_graph(embedding, n_neighbors, seed)
        sc.tl.diffmap(shell, n_comps=min(_COMPONENTS, len(embedding) - 2), random_state=seed)
    return shell


def _time_from(shell: AnnData, root: int) -> np.ndarray:
    """Return diffusion pseudotime, NaN where no path leads from the root."""
    import scanpy as sc  # takes seconds, and most calls need none of it

    parts = sparse.csgraph.connected_components(shell.obsp["connectivities"], directed=False)[1]
    reached = parts == parts[root]
    shell.uns["iroot"] = root
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sc.tl.dpt(shell, n_dcs=min(10, shell.obsm["X_diffmap"].shape[1]))
    time = shell.obs["dpt_pseudotime"].to_numpy(dtype=np.float64).copy()
    time[~reached | ~np.isfinite(time)] = np.nan
    highest = np.nanmax(time)
    return time / highest if highest > 0 else time


def _paga(shell: AnnData, groups: pd.Categorical | None) -> dict[str, Any]:
    """Return how strongly the groups are connected; nothing where there are fewer than two."""
    import scanpy as sc  # takes seconds, and most calls need none of it

    if groups is None or len(groups.categories) < 2 or (groups.codes < 0).any():
        return {}
    shell.obs["group"] = groups
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sc.tl.paga(shell, groups="group")
    return {
        "groups": np.asarray(groups.categories, dtype=object),
        "connectivities": shell.uns["paga"]["connectivities"].toarray(),
    }


# ---- the root -------------------------------------------------------------------------------------------


def _groups(adata: AnnData, domain_key: str | None, key_added: str) -> pd.Categorical | None:
    """Return the groups of the spots; None where the run's domains are not there and none were named."""
    key = domain_key or _keys.domain(key_added)
    if key not in adata.obs:
        if domain_key is None:
            return None
        check_column("domain_key", domain_key, adata)
    return pd.Categorical(adata.obs[key]).rename_categories(str).remove_unused_categories()


def _asked(root: Root, adata: AnnData, groups: pd.Categorical | None) -> tuple[str | None, Any]:
    """Return what kind of root was asked for, and which, or raise where there is no such."""
    if root is None:
        return None, None
    if isinstance(root, Mapping):
        if len(root) != 1 or next(iter(root)) not in ROOTS:
            raise input_error(
                "root", describe(dict(root)), "one of " + ", ".join(map(repr, ROOTS)) + ": a value"
            )
        ((kind, value),) = root.items()
        if kind == "position":
            return kind, _position(value)
        value = str(value)
        if value not in _names(str(kind), adata, groups):
            raise input_error(
                "root", f"no {kind} {value!r}", f"the name of a {kind}", _some(str(kind), adata, groups)
            )
        return str(kind), value
    if isinstance(root, str):
        kinds = [kind for kind in ROOTS[:3] if root in _names(kind, adata, groups)]
        if len(kinds) == 1:
            return kinds[0], root
        if kinds:
            found = f"{root!r}, the name of a " + " and of a ".join(kinds)
            raise input_error("root", found, "one", f"Say which, as {{{kinds[0]!r}: {root!r}}}.")
        expected = "the name of a spot, domain or gene, or a position"
        raise input_error("root", repr(root), expected, _some("domain", adata, groups))
    return "position", _position(root)


def _names(kind: str, adata: AnnData, groups: pd.Categorical | None) -> pd.Index:
    if kind == "domain":
        return pd.Index([] if groups is None else groups.categories)
    return adata.obs_names if kind == "spot" else adata.var_names


def _some(kind: str, adata: AnnData, groups: pd.Categorical | None) -> str:
    names = _names(kind, adata, groups)
    return (
        f"There are, for example, the {kind}s " + ", ".join(map(repr, names[:5])) + "." if len(names) else ""
    )


def _position(value: Any) -> np.ndarray:
    numbers = list(value) if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str) else []
    if len(numbers) not in (2, 3) or not all(isinstance(x, Real) and np.isfinite(float(x)) for x in numbers):
        raise input_error("root", describe(value), "a name, or a position of two or three numbers")
    return np.asarray(numbers, dtype=np.float64)


def _choose(
    kind: str | None,
    value: Any,
    adata: AnnData,
    groups: pd.Categorical | None,
    shell: AnnData,
    embedding: np.ndarray,
    spatial_key: str,
) -> ChosenRoot:
    """Return the spot that a checked root stands for."""
    if kind is None:
        # The first component is constant; the second runs between the tissue's two ends.
        ends = shell.obsm["X_diffmap"][:, 1]
        low, high = int(ends.argmin()), int(ends.argmax())
        index = low if -ends[low] > ends[high] else high
        return ChosenRoot(index, "the farther end of the first diffusion component")
    if kind == "spot":
        return ChosenRoot(int(adata.obs_names.get_loc(value)), "the spot asked for")
    if kind == "position":
        xy = check_coordinates(adata, spatial_key)
        if xy.shape[1] < len(value):
            raise input_error(
                "root", f"{len(value)} numbers", f"{xy.shape[1]}, as adata.obsm[{spatial_key!r}] has"
            )
        distances = np.linalg.norm(xy[:, : len(value)] - value, axis=1)
        return ChosenRoot(int(distances.argmin()), "the spot nearest to the position asked for")
    if kind == "domain":
        assert groups is not None  # noqa: S101 (for the type checker: a domain was found in them)
        own = np.flatnonzero(groups == value)
        # Mean squared distance to all spots, up to what is the same for every spot.
        away = np.square(embedding[own] - embedding.mean(axis=0)).sum(axis=1)
        return ChosenRoot(int(own[away.argmax()]), f"the spot of domain {value!r} most unlike all others")
    expression = normalized_expression(adata, genes=[value])
    near = shell.obsp["connectivities"] + sparse.eye(adata.n_obs)
    around = np.asarray((near @ expression).todense()).ravel() / np.asarray(near.sum(axis=1)).ravel()
    return ChosenRoot(int(around.argmax()), f"the highest mean of {value!r} over neighbours in the embedding")
