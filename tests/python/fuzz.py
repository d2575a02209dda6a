"""Objects as users have them, damaged or odd, and an oracle that knows the truth.

    python -m tests.python.fuzz --objects 2000 --files 500

Simulated tissue is put through one to three manglings. What has to come of it is known: an `InputError` that
says what was found and expected, and an object that is as it was; or a result that agrees with the truth
about as well as that of the tissue before, or a warning. Anything else is a fault: another exception, a wrong
result without a word, a sound object that is refused. ``fuzz_files`` does the same with files.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import anndata as ad
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from scipy.stats import rankdata
from sklearn.neighbors import kneighbors_graph

from spotscape import gr
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.datasets import simulate_slice, simulate_slices
from spotscape.domains import sharpening
from spotscape.metrics import adjusted_rand_index
from spotscape.tl import integrate_slices, run_spotscape

QUICK = {"n_starts": 1, "n_components": 8}
LOSS = 0.25
"""By so much may the agreement with the truth be below that of the tissue before it was mangled."""
TRUTH = "ground_truth"
RIGHT, REFUSED, EITHER = "right", "refused", "either"
_MESSAGE = re.compile(r".+: found .+, expected .+", re.DOTALL)


@dataclass
class Draft:
    """An object on its way through manglings, and what the run is called with."""

    adata: AnnData
    rng: np.random.Generator
    folder: Path
    agreement: float
    """Of the tissue before it was mangled, with the truth."""
    arguments: dict[str, Any] = field(default_factory=dict)


class Mangling(NamedTuple):
    """A change, the group of which one at most is taken, and what has to come of it."""

    change: Callable[[Draft], None]
    group: str
    outcome: str


MANGLINGS: dict[str, Mangling] = {}
GROUPS = ("spots", "graph", "places", "counts", "names", "obs", "uns", "arguments", "storage")
"""In the order in which changes are made."""


def mangling(group: str, outcome: str) -> Callable[[Callable[[Draft], None]], Callable[[Draft], None]]:
    """Register a change."""

    def register(change: Callable[[Draft], None]) -> Callable[[Draft], None]:
        MANGLINGS[change.__name__] = Mangling(change, group, outcome)
        return change

    return register


def variants(group: str, outcome: str, named: dict[str, Callable[[Draft], None]]) -> None:
    """Register changes that are one expression."""
    for name, change in named.items():
        MANGLINGS[f"{group}: {name}"] = Mangling(change, group, outcome)


# ---- tissue ---------------------------------------------------------------------------------------


@cache
def tissue(number: int) -> tuple[AnnData, float]:
    """Return one of a few clean tissues, and how well its domains agree with the truth."""
    layout = ("hexagonal", "cells", "square")[number % 3]
    adata = simulate_slice(
        n_spots=150 + 25 * (number % 5),
        n_genes=60,
        n_domains=3,
        layout=layout,
        marker_strength=1.2,
        seed=number,
    )
    adata.obs = adata.obs[[TRUTH]].astype(str)
    del adata.uns["simulation"]
    return adata, agreement_of(adata)


def agreement_of(adata: AnnData) -> float:
    """Return how well the domains of a clean tissue agree with the truth."""
    clean = adata.copy()
    run_spotscape(clean, n_domains=3, config=QUICK, progress=False)
    return adjusted_rand_index(clean.obs[TRUTH], clean.obs["spotscape_domain"])


# ---- spots, graph, places -------------------------------------------------------------------------


@mangling("spots", RIGHT)
def other_order(draft: Draft) -> None:
    draft.adata = draft.adata[draft.rng.permutation(draft.adata.n_obs)].copy()


@mangling("spots", EITHER)
def a_part(draft: Draft) -> None:
    draft.adata = draft.adata[draft.rng.random(draft.adata.n_obs) < draft.rng.uniform(0.6, 0.9)].copy()
    draft.agreement = agreement_of(draft.adata)  # fewer spots say less, and that is no fault


@mangling("spots", EITHER)
def few_spots(draft: Draft) -> None:
    draft.adata = draft.adata[: int(draft.rng.integers(1, 50))].copy()


@mangling("spots", EITHER)
def off_tissue(draft: Draft) -> None:
    n = draft.adata.n_obs
    off = draft.rng.random(n) < 0.15
    counts = draft.adata.X.toarray()
    counts[off] = draft.rng.poisson(0.2, (int(off.sum()), counts.shape[1]))
    draft.adata.X = sparse.csr_matrix(counts)
    draft.adata.obs["in_tissue"] = np.where(off, 0, 1)
    draft.adata.obs.loc[off, TRUTH] = None


@mangling("spots", EITHER)
def empty_spots(draft: Draft) -> None:
    counts = draft.adata.X.tolil()
    counts[draft.rng.choice(draft.adata.n_obs, 10, replace=False)] = 0
    draft.adata.X = counts.tocsr()


@mangling("graph", RIGHT)
def graph_of_other_places(draft: Draft) -> None:
    places = draft.adata.obsm["spatial"]
    draft.adata.obsm["spatial"] = draft.rng.permutation(places)
    gr.spatial_neighbors(draft.adata)
    draft.adata.obsm["spatial"] = places


@mangling("graph", RIGHT)
def graph_of_more_spots(draft: Draft) -> None:
    part = draft.adata[draft.rng.random(draft.adata.n_obs) < 0.8]
    draft.agreement = agreement_of(part.copy())
    gr.spatial_neighbors(draft.adata)
    draft.adata = draft.adata[part.obs_names].copy()


@mangling("graph", EITHER)
def own_graph(draft: Draft) -> None:
    if draft.adata.n_obs < 2:  # no neighbours to be had
        return
    graph = kneighbors_graph(draft.adata.obsm["spatial"], min(6, draft.adata.n_obs - 1))
    draft.adata.obsp["spatial_connectivities"] = graph.maximum(graph.T).tocsr()


@mangling("graph", REFUSED)
def own_graph_of_other_spots(draft: Draft) -> None:
    if draft.adata.n_obs < 2:
        return
    places = draft.rng.permutation(draft.adata.obsm["spatial"])
    graph = kneighbors_graph(places, min(6, draft.adata.n_obs - 1))
    draft.adata.obsp["spatial_connectivities"] = graph.maximum(graph.T).tocsr()


@mangling("places", REFUSED)
def sections_on_each_other(draft: Draft) -> None:
    n, kind = (
        int(draft.rng.integers(2, 4)),
        draft.rng.choice(["library_id", "sample", "batch", "names", "array"]),
    )
    size = draft.adata.n_obs
    seed = int(draft.rng.integers(50))
    layout = "hexagonal" if kind == "array" else str(draft.rng.choice(["hexagonal", "cells"]))
    parts = simulate_slices(n_slices=n, n_spots=size, n_genes=60, n_domains=3, layout=layout, seed=seed)
    for number, part in enumerate(parts):
        part.obs = part.obs[[TRUTH]].astype(str)
        part.obsm["spatial"] = part.obsm["spatial"] - part.obsm["spatial"].min(axis=0) + 0.1 * number
        ends = [f"{_barcode(draft.rng)}-{number + 1 if kind == 'names' else 1}" for _ in range(size)]
        part.obs_names = ends
        if kind not in ("names", "array"):
            part.obs[kind] = f"V{number}"
        if kind == "array":
            part.obs["array_row"], part.obs["array_col"] = np.divmod(np.arange(size), 20)
            part.obs["what"] = f"V{number}"
    draft.adata = ad.concat(parts)


def _barcode(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list("ACGT"), 16))


@mangling("places", REFUSED)
def fields_in_local_pixels(draft: Draft) -> None:
    adata = draft.adata
    places = np.asarray(adata.obsm["spatial"])
    side = np.ptp(places, axis=0) / 2 * 1.0001
    cell = ((places - places.min(axis=0)) // side).astype(int)
    adata.obs["fov"] = cell[:, 0] * 2 + cell[:, 1] + 1
    adata.obsm["spatial"] = places - places.min(axis=0) - cell * side
    if draft.rng.random() < 0.5:
        adata.obsm["spatial_fov"] = places


def _places(change: Callable[[np.ndarray, np.random.Generator], Any]) -> Callable[[Draft], None]:
    def changed(draft: Draft) -> None:
        draft.adata.obsm["spatial"] = change(np.array(draft.adata.obsm["spatial"], dtype=float), draft.rng)

    return changed


def _with(values: np.ndarray, rng: np.random.Generator, odd: float) -> np.ndarray:
    values = values.copy()
    values.flat[rng.integers(values.size)] = odd
    return values


def _frame(values: np.ndarray, draft: Draft) -> None:
    draft.adata.obsm["spatial"] = pd.DataFrame(values, index=draft.adata.obs_names, columns=["x", "y"])


variants(
    "places",
    RIGHT,
    {
        "another unit": _places(lambda xy, rng: xy * 10 ** rng.uniform(-30, 30)),
        "far away": _places(lambda xy, _: xy + 1e6),
        "turned over": _places(lambda xy, _: -xy[:, ::-1]),
        "a flat third": _places(lambda xy, _: np.column_stack([xy, np.full(len(xy), 7.0)])),
        "single precision": _places(lambda xy, _: xy.astype("float32")),
        "rows after rows": _places(lambda xy, _: np.asfortranarray(xy)),
        "a table": lambda draft: _frame(np.asarray(draft.adata.obsm["spatial"]), draft),
        "objects": _places(lambda xy, _: xy.astype(object)),
        "more of them": lambda draft: draft.adata.obsm.update(
            {"X_umap": draft.rng.random((draft.adata.n_obs, 2))}
        ),
    },
)
variants(
    "places",
    REFUSED,
    {
        "NaN": _places(lambda xy, rng: _with(xy, rng, np.nan)),
        "infinite": _places(lambda xy, rng: _with(xy, rng, np.inf)),
        "NA of R": _places(lambda xy, rng: _with(xy, rng, -(2**31)).astype("int32")),
        "one place": _places(lambda xy, _: xy * 0 + 3),
        "overflow": _places(lambda xy, _: xy * 1e200),
        "underflow": _places(lambda xy, _: xy * 1e-200),
        "four columns": _places(lambda xy, _: np.hstack([xy, xy])),
        "one column": _places(lambda xy, _: xy[:, :1]),
        "words": _places(lambda xy, _: xy.astype(str).astype(object) + "px"),
        "complex": _places(lambda xy, _: xy + 1j),
        "none": lambda draft: draft.adata.obsm.pop("spatial"),
    },
)
variants(
    "places",
    EITHER,
    {
        "half precision": _places(lambda xy, _: xy.astype("float16")),
        "rounded": _places(lambda xy, _: np.round(xy / np.ptp(xy) * 60)),
        "shared": _places(lambda xy, rng: xy[rng.integers(len(xy), size=len(xy))]),
        "on a line": _places(lambda xy, _: np.column_stack([xy[:, 0], xy[:, 0]])),
        "one far off": _places(lambda xy, rng: _with(xy, rng, 1e9)),
        "in a few heaps": _places(lambda xy, _: np.round(xy / np.ptp(xy) * 4)),
    },
)


# ---- counts ---------------------------------------------------------------------------------------


def _decoy(kind: str, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if kind in ("spliced", "ambiguous"):
        return rng.binomial(counts.astype(int), 0.7 if kind == "spliced" else 0.03)
    if kind == "detected":
        return (counts > 0).astype(float)
    if kind == "ranks":
        return rankdata(counts, axis=1, method="ordinal")
    if kind == "rounded":
        return np.round(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1) * 1e4)
    return np.digitize(counts, [1, 3, 6])


@mangling("counts", RIGHT)
def counts_elsewhere(draft: Draft) -> None:
    adata, rng = draft.adata, draft.rng
    counts = adata.X.toarray()
    for kind in rng.choice(
        ["spliced", "ambiguous", "detected", "ranks", "rounded", "binned"], 2, replace=False
    ):
        adata.layers[str(kind)] = sparse.csr_matrix(_decoy(str(kind), counts, rng).astype("float32"))
    place = rng.choice(["X", "counts", "raw", "UMI", "adata.raw"])
    if place == "X":
        return
    if place == "adata.raw":
        adata.raw = AnnData(counts, var=pd.DataFrame(index=adata.var_names))
    else:
        adata.layers[str(place)] = counts
    adata.X = np.log1p(counts)


@mangling("counts", REFUSED)
def two_that_may_be_counts(draft: Draft) -> None:
    counts = draft.adata.X.toarray()
    draft.adata.layers["a"] = counts
    draft.adata.layers["b"] = draft.rng.poisson(3, counts.shape).astype("float32")
    draft.adata.X = np.log1p(counts)


def _counts(change: Callable[[sparse.csr_matrix, np.random.Generator], Any]) -> Callable[[Draft], None]:
    def changed(draft: Draft) -> None:
        draft.adata.X = change(sparse.csr_matrix(draft.adata.X).copy(), draft.rng)

    return changed


def _one(matrix: sparse.csr_matrix, rng: np.random.Generator, odd: float) -> sparse.csr_matrix:
    matrix.data[rng.integers(matrix.nnz)] = odd
    return matrix


def _disordered(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        matrix.indices[start:end] = matrix.indices[start:end][::-1]
        matrix.data[start:end] = matrix.data[start:end][::-1]
    matrix.has_sorted_indices = False
    return matrix


variants(
    "counts",
    RIGHT,
    {
        "CSC": _counts(lambda x, _: x.tocsc()),
        "dense": _counts(lambda x, _: x.toarray()),
        "columns first": _counts(lambda x, _: np.asfortranarray(x.toarray())),
        "integers": _counts(lambda x, _: x.astype("int64")),
        "short integers": _counts(lambda x, _: x.astype("uint16")),
        "double": _counts(lambda x, _: x.astype("float64")),
        "half precision": _counts(lambda x, _: x.toarray().astype("float16")),
        "array": _counts(lambda x, _: sparse.csr_array(x)),
        "disordered": _counts(lambda x, _: _disordered(x)),
        "stored zeros": _counts(
            lambda x, _: sparse.csr_matrix(x + sparse.csr_matrix(x.shape, dtype=x.dtype))
        ),
        "large": _counts(lambda x, _: x.astype("int64") * 2**40),
        "constant genes": _counts(lambda x, _: sparse.hstack([x[:, :-5], x[:, -5:] * 0], format="csr")),
    },
)
variants(
    "counts",
    REFUSED,
    {
        "NaN": _counts(lambda x, rng: _one(x, rng, np.nan)),
        "infinite": _counts(lambda x, rng: _one(x, rng, np.inf)),
        "negative": _counts(lambda x, rng: _one(x, rng, -3)),
        "fractions": _counts(lambda x, rng: _one(x, rng, 0.5)),
        "log": _counts(lambda x, _: x.log1p()),
        "scaled": _counts(lambda x, _: x.toarray() - x.toarray().mean(axis=0)),
        "zeros": _counts(lambda x, _: x * 0),
        "ones": _counts(lambda x, _: np.ones(x.shape, dtype="float32")),
        "complex": _counts(lambda x, _: x.astype("complex64")),
        "yes and no": _counts(lambda x, _: x.toarray() > 0),
        "none": lambda draft: setattr(draft.adata, "X", None),
    },
)
variants(
    "counts",
    EITHER,
    {
        "huge": _counts(lambda x, rng: _one(x, rng, 2.0**100)),
        "int64 at its end": _counts(lambda x, rng: _one(x.astype("int64"), rng, 2**62)),
        "two genes": lambda draft: setattr(draft, "adata", draft.adata[:, :2].copy()),
        "one gene": lambda draft: setattr(draft, "adata", draft.adata[:, :1].copy()),
        "nearly constant": _counts(lambda x, rng: _one(sparse.csr_matrix(np.full(x.shape, 5.0)), rng, 6)),
        "equal rows": _counts(lambda x, _: sparse.csr_matrix(np.tile(x[0].toarray(), (x.shape[0], 1)))),
        "few": _counts(
            lambda x, rng: sparse.csr_matrix(rng.binomial(x.toarray().astype(int), 0.02).astype(float))
        ),
    },
)


# ---- names, obs, uns, arguments, storage ----------------------------------------------------------


def _names(axis: str, change: Callable[[list[str]], list[Any]]) -> Callable[[Draft], None]:
    def changed(draft: Draft) -> None:
        names = list(getattr(draft.adata, f"{axis}_names"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # anndata's, of what is not unique or no text
            setattr(draft.adata, f"{axis}_names", change(names))

    return changed


variants(
    "names",
    REFUSED,
    {
        "spots twice": _names("obs", lambda names: [names[0], names[0], *names[2:]]),
        "genes twice": _names("var", lambda names: [names[0], *names[:-1]]),
    },
)
variants(
    "names",
    RIGHT,
    {
        "with slashes": _names("obs", lambda names: [f"a/{name}" for name in names]),
        "with umlauts": _names("var", lambda names: [f"Gen ä {name}" for name in names]),
        "numbers": _names("obs", lambda names: [str(number) for number in range(len(names))]),
        "long": _names("obs", lambda names: [name * 50 for name in names]),
    },
)


def _column(make: Callable[[int, np.random.Generator], Any], name: Any = "odd") -> Callable[[Draft], None]:
    def changed(draft: Draft) -> None:
        draft.adata.obs[name] = make(draft.adata.n_obs, draft.rng)

    return changed


variants(
    "obs",
    RIGHT,
    {
        "kinds": _column(lambda n, _: pd.Series([1, "a"] * n)[:n].to_numpy()),
        "nullable text": _column(lambda n, _: pd.array(["a", None] * n, dtype="string")[:n]),
        "nullable numbers": _column(lambda n, _: pd.array([1, None] * n, dtype="Int64")[:n]),
        "nullable yes": _column(lambda n, _: pd.array([True, None] * n, dtype="boolean")[:n]),
        "times": _column(lambda n, _: pd.date_range("2020-01-01", periods=n, tz="Europe/Berlin")),
        "lists": _column(lambda n, _: pd.Series([[1, 2]] * n).to_numpy()),
        "all NA": _column(lambda n, _: np.full(n, np.nan)),
        "unused categories": _column(lambda n, _: pd.Categorical(["a"] * n, categories=list("abc"))),
        "empty category": _column(lambda n, _: pd.Categorical([None] * n)),
        "a number for a name": _column(lambda n, _: np.arange(n), 7),
        "a reserved name": _column(lambda n, _: np.arange(n), "_index"),
        "an old result": _column(lambda n, _: np.arange(n), "spotscape_domain"),
        "one sample": _column(lambda n, _: np.repeat("V1", n), "sample"),
        "cell types": _column(lambda n, rng: rng.choice(list("abcd"), n), "cell_type"),
        "tissue everywhere": _column(lambda n, _: np.ones(n, dtype=int), "in_tissue"),
    },
)


def _slot(slot: str, key: str, make: Callable[[Draft], Any]) -> Callable[[Draft], None]:
    return lambda draft: getattr(draft.adata, slot).update({key: make(draft)})


variants(
    "uns",
    EITHER,  # without its record a graph is the user's
    {
        "neighbours of nothing": _slot("uns", "spatial_neighbors", lambda _: "knn"),
        "an empty record of them": _slot("uns", "spatial_neighbors", lambda _: {}),
        "a record without a digest": _slot("uns", "spatial_neighbors", lambda _: {"made_from": {}}),
    },
)
variants(
    "uns",
    RIGHT,
    {
        "text where the record goes": _slot("uns", "spotscape", lambda _: "mine"),
        "an array there": _slot("uns", "spotscape", lambda _: np.arange(3)),
        "an old record": _slot("uns", "spotscape", lambda _: {"params": {"n_domains": 99}}),
        "an old model": _slot("uns", "spotscape_model", lambda _: {"format": 99}),
        "images of nothing": _slot("uns", "spatial", lambda _: None),
        "an image": _slot("uns", "spatial", lambda _: {"V1": {"images": {}, "scalefactors": {}}}),
        "CELLxGENE": _slot("uns", "spatial", lambda _: {"is_single": True, "V1": {"images": {}}}),
        "colours": _slot("uns", "spotscape_domain_colors", lambda _: ["#ff0000"]),
        "an old embedding": _slot("obsm", "X_spotscape", lambda draft: np.ones((draft.adata.n_obs, 1))),
        "objects": _slot("uns", "odd", lambda _: {"a": None, "b": [1, "x"], 3: {1, 2}}),
    },
)


def _given(**arguments: Any) -> Callable[[Draft], None]:
    return lambda draft: draft.arguments.update(arguments)


variants(
    "arguments",
    REFUSED,
    {
        f"{name}={value!r}": _given(**{name: value})
        for name, values in {
            "n_domains": [0, 1, -1, 2.5, "three", True, 10**6, float("nan"), [3]],
            "seed": [-1, "a", 1.5, None, 2**40],
            "device": ["gpu", "cuda:99", 3, None],
            "layer": ["nothing", 3, ["counts"]],
            "spatial_key": ["nothing", None, 3],
            "key_added": ["", "a/b", None, 3],
            "config": [
                3,
                "best",
                {"n_top_genes": 0},
                {"nothing": 1},
                {"n_starts": "x"},
                {"target_sum": -1},
                [1],
            ],
            "threads": [0, -2, "all", 1.5],
            "checkpoint": [3, "/nowhere/file"],
            "resume": ["yes", True],
        }.items()
        for value in values
    },
)
variants(
    "arguments",
    RIGHT,
    {
        "another name": _given(key_added="mine"),
        "a whole float": _given(n_domains=3.0),
        "a thread": _given(threads=1),
    },
)


@mangling("storage", RIGHT)
def a_view(draft: Draft) -> None:
    draft.adata = draft.adata[np.arange(draft.adata.n_obs)]


@mangling("storage", EITHER)
def on_disk(draft: Draft) -> None:
    path = draft.folder / f"{draft.rng.integers(10**9)}.h5ad"
    try:
        draft.adata.write_h5ad(path)
    except Exception:
        return
    draft.adata = ad.read_h5ad(path, backed="r")
    if draft.rng.random() < 0.3:
        draft.adata = draft.adata[: draft.adata.n_obs // 2]


# ---- several slices -------------------------------------------------------------------------------


def several(rng: np.random.Generator) -> tuple[Any, dict[str, Any], str, str]:
    """Return slices with one thing wrong or odd, arguments, what that is, and what has to come of it."""
    slices = simulate_slices(
        n_slices=2,
        n_spots=150,
        n_genes=60,
        n_domains=3,
        marker_strength=1.2,
        batch_strength=0.3,
        seed=int(rng.integers(5)),
    )
    for one in slices:
        one.obs = one.obs[[TRUTH]].astype(str)
        one.uns.clear()
    first, second = slices
    named: Any = dict(zip("ab", slices, strict=True))
    kind = str(rng.choice(list(_SEVERAL)))
    changed = _SEVERAL[kind][1](first, second)
    return named if changed is None else changed, {}, f"several: {kind}", _SEVERAL[kind][0]


def _set(one: AnnData, slot: str, key: str, value: Any) -> None:
    getattr(one, slot)[key] = value


_SEVERAL: dict[str, tuple[str, Callable[[AnnData, AnnData], Any]]] = {
    "plain": (RIGHT, lambda a, b: None),
    "a list": (RIGHT, lambda a, b: [a, b]),
    "names with slashes": (RIGHT, lambda a, b: {"x/1": a, "x/2": b}),
    "numbers for names": (RIGHT, lambda a, b: {1: a, 2: b}),
    "1 and '1'": (REFUSED, lambda a, b: {1: a, "1": b}),
    "one object": (RIGHT, lambda a, b: ad.concat({"a": a, "b": b}, label="slice")),
    "the same twice": (REFUSED, lambda a, b: [a, a.copy()]),
    "one": (REFUSED, lambda a, b: [a]),
    "none": (REFUSED, lambda a, b: []),
    "no slice": (REFUSED, lambda a, b: [a, "b.h5ad"]),
    "a tuple": (RIGHT, lambda a, b: (a, b)),
    "names of spots shared": (EITHER, lambda a, b: setattr(b, "obs_names", a.obs_names)),
    "fewer genes": (EITHER, lambda a, b: [a, b[:, :55].copy()]),
    "other genes": (REFUSED, lambda a, b: setattr(b, "var_names", [f"other{i}" for i in range(60)])),
    "no places in one": (REFUSED, lambda a, b: b.obsm.pop("spatial") is None or None),
    "NaN in one": (REFUSED, lambda a, b: b.obsm["spatial"].__setitem__((3, 0), np.nan)),
    "log in one": (REFUSED, lambda a, b: setattr(b, "X", b.X.log1p())),
    "a small one": (EITHER, lambda a, b: [a, b[:20].copy()]),
    "a tiny one": (EITHER, lambda a, b: [a, b[:2].copy()]),
    "one spot": (EITHER, lambda a, b: [a, b[:1].copy()]),
    "all small": (REFUSED, lambda a, b: [a[:40].copy(), b[:30].copy()]),
    "text and numbers": (RIGHT, lambda a, b: (_set(a, "obs", "odd", 1), _set(b, "obs", "odd", "x"), None)[2]),
    "yes in one": (RIGHT, lambda a, b: _set(a, "obs", "odd", True)),
    "times in one": (RIGHT, lambda a, b: _set(a, "obs", "odd", pd.Timestamp("2020-01-01"))),
    "categories that differ": (
        RIGHT,
        lambda a, b: (
            _set(a, "obs", "odd", pd.Categorical(["x"] * 150)),
            _set(b, "obs", "odd", pd.Categorical(["y"] * 150)),
            None,
        )[2],
    ),
    "CSC in one": (RIGHT, lambda a, b: setattr(b, "X", b.X.tocsc())),
    "dense in one": (RIGHT, lambda a, b: setattr(b, "X", b.X.toarray())),
    "half precision in one": (RIGHT, lambda a, b: setattr(b, "X", b.X.toarray().astype("float16"))),
    "integers in one": (RIGHT, lambda a, b: setattr(b, "X", b.X.astype("int32"))),
    "three dimensions in one": (
        EITHER,
        lambda a, b: _set(b, "obsm", "spatial", np.column_stack([b.obsm["spatial"], np.arange(150.0)])),
    ),
    "views": (RIGHT, lambda a, b: [a[:], b[:]]),
}


# ---- oracle ---------------------------------------------------------------------------------------


def state(adata: AnnData) -> dict[str, str]:
    """Return a digest of each part of an object."""
    parts: dict[str, Any] = {"obs_names": adata.obs_names, "var_names": adata.var_names, "X": adata.X}
    parts |= {f"obs[{name!r}]": adata.obs[name] for name in adata.obs}
    parts |= {f"var[{name!r}]": adata.var[name] for name in adata.var}
    for slot in ("layers", "obsm", "varm", "obsp", "uns"):
        parts |= {f"{slot}[{key!r}]": value for key, value in getattr(adata, slot).items()}
    return {name: _digest(value) for name, value in parts.items()}


def _digest(value: Any) -> str:
    if hasattr(value, "to_memory"):
        value = value.to_memory()
    if sparse.issparse(value):
        if value.format not in ("csr", "csc"):
            value = value.tocsr()
        return "".join(_digest(part) for part in (value.data, value.indices, value.indptr))
    if isinstance(value, pd.DataFrame):
        return "".join(_digest(value[name]) for name in value)
    if isinstance(value, dict):
        return "".join(f"{key!r}{_digest(one)}" for key, one in value.items())
    values = np.asarray(value)
    kept = values.tobytes() if values.dtype.kind in "biufc" else repr(values.tolist()).encode()
    return f"{values.dtype}{values.shape}{sha256(kept).hexdigest()}"


def changed_parts(before: dict[str, str], after: dict[str, str], *, stem: str | None) -> list[str]:
    """Name the parts that a run changed and should not have; ``stem`` is that of what it may write."""
    own = re.compile(rf"{stem}|spatial_(neighbors|connectivities|distances)") if stem else re.compile("(?!)")
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return sorted(name for name in names if not own.search(name))


class Outcome(NamedTuple):
    """What was done, what came of it, and what is wrong with that; nothing where all is well."""

    manglings: list[str]
    kind: str
    fault: str


def judge(
    expected: str, call: Callable[[], AnnData], inputs: list[AnnData], clean: float, stem: str
) -> tuple[str, str]:
    """Return what came of a call, and what is wrong with it."""
    before = [state(one) for one in inputs]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
        except InputError as error:
            touched = [
                name
                for one, old in zip(inputs, before, strict=True)
                for name in changed_parts(old, state(one), stem=None)
            ]
            if touched:
                return "refused", f"refused, and changed {touched}"
            if not _MESSAGE.fullmatch(str(error)):
                return "refused", f"a message that does not say what was found: {error}"
            return "refused", f"sound, and refused: {error}" if expected == RIGHT else ""
        except Exception:
            return "traceback", traceback.format_exc(limit=-4)
    said = [str(one.message) for one in caught if issubclass(one.category, SpotscapeWarning)]
    if expected == REFUSED:
        return "taken", "taken, and should have been refused"
    for one, old in zip(inputs, before, strict=True):
        touched = changed_parts(old, state(one), stem=stem)
        if touched:
            return "changed", f"a run changed {touched}"
    if not np.isfinite(result.obsm[f"X_{stem}"]).all():
        return "wrong", "an embedding that is not finite"
    known = result.obs[TRUTH].notna().to_numpy()
    found = adjusted_rand_index(result.obs[TRUTH][known], result.obs[f"{stem}_domain"][known])
    if found < clean - LOSS and not said:
        return "wrong", f"ARI {found:.2f} where the tissue has {clean:.2f}, and no warning"
    return ("right" if found >= clean - LOSS else "warned"), ""


def try_object(seed: int, folder: Path) -> Outcome:
    """Make an object from a seed, run it, and judge."""
    rng = np.random.default_rng(seed)
    if rng.random() < 0.15:
        slices, arguments, name, expected = several(rng)
        inputs = (
            list(slices.values())
            if isinstance(slices, dict)
            else [slices]
            if isinstance(slices, AnnData)
            else slices
        )
        inputs = [one for one in inputs if isinstance(one, AnnData)]

        def integrate() -> AnnData:
            done = integrate_slices(slices, n_domains=3, config=QUICK, progress=False, **arguments)
            return slices if done is None else done

        kind, fault = judge(expected, integrate, inputs, 0.75, "spotscape")
        return Outcome([name], kind, fault)
    clean, agreement = tissue(int(rng.integers(15)))
    draft = Draft(clean.copy(), rng, folder, agreement)
    groups = rng.choice(GROUPS, int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])), replace=False)
    chosen = [
        str(rng.choice([name for name, one in MANGLINGS.items() if one.group == group]))
        for group in sorted(groups, key=GROUPS.index)
    ]
    try:
        for name in chosen:
            MANGLINGS[name].change(draft)
    except InputError:  # a graph of what is too little for one
        return Outcome(chosen, "refused", "")
    outcomes = {MANGLINGS[name].outcome for name in chosen}
    expected = EITHER if EITHER in outcomes else REFUSED if REFUSED in outcomes else RIGHT
    arguments = {"n_domains": 3, "config": QUICK, "progress": False} | draft.arguments
    adata = draft.adata

    def run() -> AnnData:
        run_spotscape(adata, **arguments)
        return adata

    stem = arguments.get("key_added", "spotscape")
    kind, fault = judge(expected, run, [adata], draft.agreement, stem)
    if adata.isbacked:
        adata.file.close()
    return Outcome(chosen, kind, fault)


def quick_sharpening() -> None:
    """Have fewer mixtures made, which is most of the time of a run: what is looked for is not in them."""
    sharpening._N_FITS = sharpening._N_STARTS = 1


def main() -> None:
    """Print a table of what came of objects and files, and every fault; exit code 1 where there is one."""
    from .fuzz_files import try_file

    parser = argparse.ArgumentParser(description="Fuzz objects and files.")
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    quick_sharpening()
    faults = 0
    for noun, count, attempt in (
        ("objects", arguments.objects, try_object),
        ("files", arguments.files, try_file),
    ):
        kinds: Counter[str] = Counter()
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(arguments.seed, arguments.seed + count):
                outcome = attempt(seed, Path(folder))
                kinds[outcome.kind] += 1
                if kinds.total() % 50 == 0:
                    sys.stderr.write(f"{kinds.total()} {noun}\n")
                if outcome.fault:
                    faults += 1
                    sys.stdout.write(f"{noun} {seed}: {' + '.join(outcome.manglings)}: {outcome.fault}\n")
                    sys.stdout.flush()
        listed = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
        sys.stdout.write(f"{count} {noun} in {time.perf_counter() - began:.0f} s: {listed}\n")
    sys.stdout.write(f"{faults} faults\n")
    raise SystemExit(faults > 0)


if __name__ == "__main__":
    main()
