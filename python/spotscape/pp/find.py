"""What an object must be, and where its raw counts are."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pandas as pd
from anndata import AnnData

from spotscape._validate import (
    describe,
    input_error,
)
from spotscape.pp.counts import NOT_WHOLE, Counts, read_counts
from spotscape.pp.counts_choice import Candidate, choose_counts, is_named, is_plain, named_rank
from spotscape.pp.fractions import SETTING, are_accepted

_RAW_COUNTS = "raw counts (whole numbers >= 0, not all of them 0)"


def check_adata(adata: AnnData) -> None:
    """Raise where an object cannot be worked on at all; to be called before work starts.

    Parameters
    ----------
    adata
        What the user passed.

    Raises
    ------
    InputError
        If it is no AnnData, has fewer than two spots or no genes, or if spots or genes share a name.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import check_adata
    >>> check_adata(anndata.AnnData(np.ones((2, 3), dtype="float32")))
    """
    if not isinstance(adata, AnnData):
        raise input_error(
            "adata", f"a {type(adata).__name__}", "an AnnData object", "Read a file with spotscape.io.read."
        )
    if adata.is_view and adata.isbacked:
        todo = "Call adata.to_memory() first."
        raise input_error("adata", "a part of an object whose matrix is on disk", "one in memory", todo)
    if adata.n_obs < 2 or adata.n_vars < 1:
        found = f"{adata.n_obs} spot(s) x {adata.n_vars} gene(s)"
        raise input_error("adata", found, "2 or more spots and 1 or more genes")
    for axis, names in (("obs_names", adata.obs_names), ("var_names", adata.var_names)):
        _check_unique(f"adata.{axis}", names, f"Call adata.{axis}_make_unique() first.")


def find_counts(adata: AnnData, *, layer: str | None = None, stay_above: int | None = None) -> Counts:
    """Find the raw counts in an object, wherever its author left them.

    With ``layer`` only that layer is looked at. Otherwise ``layers["counts"]`` and other layers of such a
    name come first, then ``X``, ``raw`` and the other layers. Counts are whole numbers, none negative and
    not all zero, of an integer or float dtype. Layers of such a name, ``X`` and ``raw`` are not taken if they
    hold only 0 and 1, ranks, or the same total in every spot, as scaled values do. Where only other layers
    hold whole numbers, they are compared, and a part of another one (``spliced``) is not taken. Of sparse
    matrices the stored values are checked. A backed matrix (CSR, CSC or dense) is read into memory only if
    its first values are whole numbers.

    In a run with ``fractional_counts``, and on what came of one, the first place with values >= 0 is taken
    where no place holds whole numbers.

    Parameters
    ----------
    adata
        Spots x genes. Not changed.
    layer
        Name of the layer that holds the counts; None to look everywhere.
    stay_above
        Leave counts of more spots than that on disk, where they are there by rows: `StoredCounts`, which are
        read some rows at a time. None for memory.

    Returns
    -------
    Counts
        ``(matrix, var_names, source)``. A CSR matrix is handed on without a copy.

    Raises
    ------
    InputError
        If there are no counts; the message says where this looked and what it found there. If two places may
        hold them; the message lists both.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.pp import find_counts
    >>> adata = anndata.AnnData(np.log1p([[0.0, 3.0], [1.0, 2.0]]))
    >>> adata.layers["counts"] = np.array([[0, 3], [1, 2]])
    >>> find_counts(adata).source
    "layers['counts']"
    """
    check_adata(adata)
    if layer is not None and not (isinstance(layer, str) and layer in adata.layers):
        known = ", ".join(repr(name) for name in adata.layers) or "none"
        raise input_error("layer", describe(layer), f"the name of a layer of adata (it has: {known})")
    verdicts: list[tuple[str, str]] = []
    found: list[Candidate] = []
    for source, stored, var_names in _places(adata, layer):
        matrix = read_counts(stored, adata.obs_names, var_names, stay_above=stay_above)
        if isinstance(matrix, str):
            verdicts.append((source, matrix))
        else:
            found.append(Candidate(source, matrix, var_names))
            if is_plain(found[-1]):  # counts by their name, and by what they are: no need to read the others
                break
    if not found and are_accepted(adata.uns):
        found = list(islice(_fractional(adata, layer, stay_above), 1))
    if found:
        chosen = choose_counts(found)
        if chosen.source == "raw":
            _check_unique("adata.raw.var_names", chosen.var_names, "Make them unique before raw is set.")
        return Counts(chosen.matrix, chosen.var_names, chosen.source)
    todo = "Put the raw counts into adata.X or adata.layers['counts']."
    if any(NOT_WHOLE in verdict for _, verdict in verdicts):
        todo += f" Decontaminated counts and their like are taken by the setting {SETTING}."
    if len(verdicts) == 1:
        source, verdict = verdicts[0]
        raise input_error(f"adata.{source}", verdict, _RAW_COUNTS, todo)
    if not verdicts:
        raise input_error("adata", "no X, no layers and no raw", _RAW_COUNTS, todo)
    found = "; ".join(f"{source} holds {verdict}" for source, verdict in verdicts)
    raise input_error("adata", f"no counts: {found}", f"{_RAW_COUNTS} in one of these", todo)


def layer_of_run(adata: AnnData, params: Mapping[str, Any]) -> str | None:
    """Return the layer that a run found its counts in, or None where it was no layer or is gone.

    Parameters
    ----------
    adata
        After the run.
    params
        Of its record.
    """
    source = str(params.get("expression_source", ""))
    if not source.startswith("layers["):
        return None
    layer = ast.literal_eval(source.removeprefix("layers[").removesuffix("]"))
    return layer if layer in adata.layers else None


def _fractional(adata: AnnData, layer: str | None, stay_above: int | None) -> Iterator[Candidate]:
    """Yield the places with counts that need not be whole."""
    for source, stored, var_names in _places(adata, layer):
        matrix = read_counts(stored, adata.obs_names, var_names, fractional=True, stay_above=stay_above)
        if not isinstance(matrix, str):
            yield Candidate(source, matrix, var_names)


def _check_unique(name: str, names: pd.Index, todo: str) -> None:
    """Raise if a name occurs twice."""
    if not names.is_unique:
        twice = names[names.duplicated()].unique()
        raise input_error(
            name, f"{len(twice)} name(s) used more than once, such as {twice[0]!r}", "unique names", todo
        )


def _places(adata: AnnData, layer: str | None) -> Iterator[tuple[str, Any, pd.Index]]:
    """Yield ``(source, matrix, var_names)`` of every place counts may be in, in the order to look."""
    if layer is not None:
        yield f"layers[{layer!r}]", adata.layers[layer], adata.var_names
        return
    named = sorted((name for name in adata.layers if is_named(name)), key=named_rank)
    for name in named:
        yield f"layers[{name!r}]", adata.layers[name], adata.var_names
    if adata.X is not None:
        yield "X", adata.X, adata.var_names
    if adata.raw is not None:
        yield "raw", adata.raw.X, adata.raw.var_names
    for name in adata.layers:
        if name not in named:
            yield f"layers[{name!r}]", adata.layers[name], adata.var_names
