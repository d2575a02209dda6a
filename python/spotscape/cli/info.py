"""``spotscape info``: what is in a file, and what a run would make of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spotscape import _keys
from spotscape._validate import InputError, input_error
from spotscape.cli._sources import place_by_columns

if TYPE_CHECKING:
    from anndata import AnnData
    from scipy import sparse

Facts = dict[str, Any]


def info(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="An .h5ad or .rds file, or the output folder of a platform.")
    ],
    layer: Annotated[
        str | None, typer.Option(help="The layer with the raw counts; looked for where left out.")
    ] = None,
    spatial_key: Annotated[
        str, typer.Option(help="The name of the coordinates in obsm, or two or three columns of obs: x,y.")
    ] = _keys.SPATIAL,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON, for scripts.")] = False,
) -> None:
    """Say what is in a file or folder.

    Shows where the raw counts and the coordinates are, the spatial graph that a run would use, labels, and
    earlier runs. What would stop `spotscape run` is listed as a problem; that is no failure of this command.
    """
    from spotscape.io import read
    from spotscape.io.common import took

    found = read(source, verbose=False)
    if isinstance(found, dict):
        text = f"a list of {len(found)} objects ({_sizes({name: one.n_obs for name, one in found.items()})})"
        raise input_error("IN", text, "one object", "Save one of them by itself.")
    line = took(found)
    spatial_key = place_by_columns({"IN": found}, spatial_key)
    facts = {"file": str(source)} | ({"read_as": line} if line else {})
    facts |= describe_slice(found, layer=layer, spatial_key=spatial_key)
    typer.echo(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))


def describe_slice(adata: AnnData, *, layer: str | None = None, spatial_key: str = _keys.SPATIAL) -> Facts:
    """Gather what `spotscape info` tells, as plain JSON types.

    Parameters
    ----------
    adata
        Spots x genes. Not changed.
    layer
        Layer that holds the counts; None to look everywhere.
    spatial_key
        Name of the coordinates in ``obsm``.

    Returns
    -------
    dict
        ``spots``, ``genes``; ``slices`` (their column and the spots of each; None for one); ``counts``,
        ``coordinates``, ``graph`` (None where a problem prevents them); ``labels``, ``runs``, ``problems``.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.cli.info import describe_slice
    >>> adata = anndata.AnnData(np.array([[1, 3], [2, 0]], dtype="float32"))
    >>> describe_slice(adata)["counts"]["found_in"]
    'X'
    """
    facts: Facts = {"spots": adata.n_obs, "genes": adata.n_vars, "slices": _slices(adata)}
    problems: list[str] = []
    for name, gather in (
        ("counts", lambda: _counts(adata, layer)),
        ("coordinates", lambda: _coordinates(adata, spatial_key)),
        ("graph", lambda: _graph(adata, spatial_key)),
    ):
        try:
            facts[name] = gather()
        except InputError as error:
            facts[name] = None
            if str(error) not in problems:
                problems.append(str(error))
    return facts | {"labels": _labels(adata), "runs": _runs(adata), "problems": problems}


def _slices(adata: AnnData) -> Facts | None:
    """Return the column that tells slices apart, as a run or R has them, and how many spots each has."""
    record = adata.uns.get(_keys.parameters())
    run = record.get("integration", {}).get("slice_key") if isinstance(record, dict) else None
    for column in (run, _keys.R_IMAGE, _keys.R_SAMPLE, _keys.SLICE, "library_id"):
        if column is not None and column in adata.obs:
            sizes = adata.obs[column].astype(str)[adata.obs[column].notna()].value_counts(sort=False)
            if len(sizes) > 1:
                return {"column": str(column), "spots": {name: int(n) for name, n in sizes.items()}}
    return None


def _counts(adata: AnnData, layer: str | None) -> Facts:
    from spotscape.pp import find_counts

    counts = find_counts(adata, layer=layer)
    totals = counts.totals()
    return {
        "found_in": counts.source,
        "dtype": str(counts.matrix.dtype),
        "nonzero_share": counts.matrix.nnz / (adata.n_obs * len(counts.var_names)),
        "total_per_spot": _quartiles(totals),
        "spots_without_counts": int((totals == 0).sum()),
    }


def _coordinates(adata: AnnData, spatial_key: str) -> Facts:
    import numpy as np

    from spotscape.gr import check_coordinates

    coordinates = check_coordinates(adata, spatial_key)
    low, high = np.min(coordinates, axis=0), np.max(coordinates, axis=0)
    return {
        "found_in": f"obsm['{spatial_key}']",
        "dimensions": coordinates.shape[1],
        "range": [[float(a), float(b)] for a, b in zip(low, high, strict=True)],
    }


def _graph(adata: AnnData, spatial_key: str) -> Facts:
    """Describe the graph that is there, which a run would use, or else the one it would make."""
    from spotscape.gr.spatial_graph import STALE, graph_state, spatial_graph

    stale = graph_state(adata, spatial_key) == STALE
    tissue = spatial_graph(adata, spatial_key, None)
    degrees = _degrees(tissue.obsp[_keys.SPATIAL_CONNECTIVITIES])
    if tissue is adata:
        return {"origin": "in the file", **degrees}
    how = tissue.uns[_keys.SPATIAL_NEIGHBORS]["params"]["method"]
    none = "of other coordinates or spots, a new one" if stale else "none yet, the default"
    return {"origin": f"{none} would be {how}", **degrees}


def _degrees(connectivities: sparse.csr_matrix) -> Facts:
    import numpy as np

    degrees = np.asarray((connectivities != 0).sum(axis=1)).ravel()
    return {"neighbors_per_spot": _quartiles(degrees), "isolated_spots": int((degrees == 0).sum())}


def _labels(adata: AnnData) -> Facts:
    """Categorical columns with how many categories they have: what a result can be compared with."""
    columns = adata.obs.select_dtypes(["category"])
    return {name: int(columns[name].nunique()) for name in columns}


def _runs(adata: AnnData) -> dict[str, Facts]:
    runs = {}
    for key, stored in adata.uns.items():
        # scanpy's uns["pca"] has params and an embedding of that name, too
        ours = isinstance(stored, dict) and "params" in stored and bool({"seconds", "mapped"} & set(stored))
        if ours and _keys.embedding(key) in adata.obsm:
            params = {name: stored["params"].get(name) for name in ("n_domains", "seed")}
            runs[key] = {name: None if value is None else int(value) for name, value in params.items()}
    return runs


def _quartiles(values: Any) -> Facts:
    import numpy as np

    low, middle, high = (float(x) for x in np.percentile(values, [0, 50, 100])) if len(values) else (0.0,) * 3
    return {"min": low, "median": middle, "max": high}


def _lines(facts: Facts) -> list[str]:
    """Lay the facts out for a person."""
    rows = [("read as", facts["read_as"])] if "read_as" in facts else []
    rows += [("spots", f"{facts['spots']:,}"), ("genes", f"{facts['genes']:,}")]
    if slices := facts["slices"]:
        how = f"{len(slices['spots'])} by obs['{slices['column']}']: {_sizes(slices['spots'])}"
        rows.append(("slices", f"{how}; --slice-key {slices['column']} runs them together"))
    if counts := facts["counts"]:
        rows.append(
            (
                "raw counts",
                f"{counts['found_in']} ({counts['dtype']}, {counts['nonzero_share']:.1%} non-zero)",
            )
        )
        rows.append(("counts per spot", _spread(counts["total_per_spot"])))
        if counts["spots_without_counts"]:
            rows.append(("without counts", f"{counts['spots_without_counts']:,} spots"))
    if coordinates := facts["coordinates"]:
        spans = ", ".join(f"{low:,.6g} to {high:,.6g}" for low, high in coordinates["range"])
        rows.append(("coordinates", f"{coordinates['found_in']}, {coordinates['dimensions']}D: {spans}"))
    if graph := facts["graph"]:
        rows.append(
            (
                "spatial graph",
                f"{graph['origin']}; neighbours per spot {_spread(graph['neighbors_per_spot'])}",
            )
        )
        if graph["isolated_spots"]:
            rows.append(("isolated", f"{graph['isolated_spots']:,} spots have no neighbour"))
    labels = ", ".join(f"{name} ({n})" for name, n in facts["labels"].items())
    rows.append(("labels in obs", labels or "none"))
    for key, run in facts["runs"].items():
        rows.append(
            (
                "earlier run",
                f"uns['{key}']: " + ", ".join(f"{k} {v}" for k, v in run.items() if v is not None),
            )
        )
    rows.extend(("problem", text) for text in facts["problems"])
    return [facts["file"], *(f"  {name:<16} {text}" for name, text in rows)]


def _sizes(spots: dict[str, int], shown: int = 12) -> str:
    """Return names and numbers of spots, of many the first."""
    texts = [f"{name} ({n:,} spots)" for name, n in list(spots.items())[:shown]]
    return ", ".join(texts) + (f" and {len(spots) - shown} more" if len(spots) > shown else "")


def _spread(quartiles: Facts) -> str:
    return f"median {quartiles['median']:,.6g} ({quartiles['min']:,.6g} to {quartiles['max']:,.6g})"
