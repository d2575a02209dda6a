"""What a map can show of each spot, by the name that a user gives: groups, numbers, or shares."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._validate import InputError, SpotscapeWarning, check_choice, describe, input_error
from spotscape.pl._palette import PALETTE
from spotscape.pl._read import RUN_FIRST, domain_colors, read_labels
from spotscape.pp import normalized_expression

DOMAIN, CONFIDENCE = "domain", "confidence"
"""Words that stand for the columns of the run."""
TARGET_SUM = 1e4
MOST_GROUPS = 254
"""Groups that a legend may list; a column with more of them names spots, and no groups."""
_WHOLE_AS_GROUPS = len(PALETTE)
"""Different whole numbers that are still taken as names of groups."""


class Groups(NamedTuple):
    """A name for each spot, and the colour of each name."""

    name: str
    labels: pd.Categorical
    colors: list[str]


class Numbers(NamedTuple):
    """A number for each spot (NaN: none), the ends of the scale of colours, and what the numbers are."""

    name: str
    values: np.ndarray
    low: float
    high: float
    label: str


class Shares(NamedTuple):
    """Parts of each spot that add up to 1 (NaN: none), a column for each name, with a colour for it."""

    name: str
    names: list[str]
    values: np.ndarray
    colors: list[str]


Panel = Groups | Numbers | Shares


def read_panels(
    adata: AnnData,
    panels: str | Sequence[str] | None,
    *,
    key_added: str,
    spatial_key: str,
    layer: str | None,
) -> list[Panel]:
    """Return what each panel shows; None: domains and, where there is one, their confidence.

    A name is looked for among the run's columns, then in ``obs``, genes, ``obsm``, and as ``"key:column"``
    of ``obsm``.
    """
    if not adata.n_obs:
        raise input_error("adata", "no spots", "some to draw")
    run = {DOMAIN: _keys.domain(key_added), CONFIDENCE: _keys.confidence(key_added)}
    if panels is None:
        if run[DOMAIN] not in adata.obs:
            raise input_error(f"adata.obs[{run[DOMAIN]!r}]", "nothing", "the domains of a run", RUN_FIRST)
        panels = [word for word, column in run.items() if column in adata.obs]
    names = [panels] if isinstance(panels, str) else list(panels)
    if not names or not all(isinstance(name, str) for name in names):
        raise input_error("panels", describe(panels), "names of what to draw")
    if layer is not None:
        check_choice("layer", layer, tuple(adata.layers))
    columns = {name: run[name] if run.get(name) in adata.obs else name for name in names}
    genes = [name for name, column in columns.items() if column not in adata.obs and name in adata.var_names]
    expression = _read_genes(adata, genes, layer) if genes else {}
    found: list[Panel] = []
    for name, column in columns.items():
        key, _, part = name.rpartition(":")
        if column in adata.obs:
            found.append(_of_column(adata, name, column, spatial_key, sure=column == run[CONFIDENCE]))
        elif name in expression:
            found.append(expression[name])
        elif name in adata.obsm:
            found.append(_shares(adata, name))
        elif key in adata.obsm:
            found.append(_of_matrix(adata, key, part))
        else:
            raise _unknown(adata, name, run)
    return found


def _unknown(adata: AnnData, name: str, run: dict[str, str]) -> InputError:
    if name in run:
        return input_error("panels", f"{name!r}, and no adata.obs[{run[name]!r}]", "a run of it", RUN_FIRST)
    known = [*run, *map(str, adata.obs), *map(str, adata.var_names), *adata.obsm]
    close = get_close_matches(name, known, n=1)
    expected = "'domain', 'confidence', a column of obs, a gene, a key of obsm, or 'key:column' of obsm"
    return input_error("panels", repr(name), expected, f"Did you mean {close[0]!r}?" if close else "")


def _of_column(adata: AnnData, name: str, column: str, spatial_key: str, *, sure: bool) -> Panel:
    """Return a column of ``obs``: numbers as numbers, all else as groups."""
    values = adata.obs[column]
    kind = getattr(values.dtype, "kind", "O")
    if kind == "f" or (kind in "iu" and values.nunique() > _WHOLE_AS_GROUPS):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return Numbers(name, numbers, 0.0, 1.0, name) if sure else _numbers(name, numbers, name)
    labels = read_labels(adata, column)
    if len(labels.categories) > MOST_GROUPS:
        found = f"{len(labels.categories):,} different values in adata.obs[{column!r}]"
        raise input_error("panels", found, f"numbers, or at most {MOST_GROUPS} groups")
    return Groups(name, labels, domain_colors(adata, column, labels, spatial_key))


def _numbers(name: str, values: Any, label: str, *, from_zero: bool = False) -> Numbers:
    """Return numbers on a scale from the lowest to the highest; what is not finite is missing."""
    values = np.asarray(values, dtype=np.float64).ravel()
    values = np.where(np.isfinite(values), values, np.nan)
    if np.isnan(values).all():
        raise input_error("panels", f"no number in {name!r}", "a number for some spots")
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    low = min(low, 0.0) if from_zero else low
    return Numbers(name, values, low, high if high > low else low + 1.0, label)


def _read_genes(adata: AnnData, genes: list[str], layer: str | None) -> dict[str, Numbers]:
    """Return expression: of a layer as it is, else log counts; of an object without counts, X as it is."""
    if not adata.var_names.is_unique:
        raise input_error("adata.var_names", "a name more than once", "unique names of genes")
    label, matrix = "" if layer is None else f"layer {layer!r}", None
    if layer is None:
        try:
            with warnings.catch_warnings():  # spots without counts are drawn as such
                warnings.simplefilter("ignore", SpotscapeWarning)
                matrix = normalized_expression(adata, genes=genes, target_sum=TARGET_SUM)
            label = "log(1 + counts per 10,000)"
        except InputError:
            if adata.X is None:
                raise
            label = "X"
    if matrix is None:
        part = adata[:, genes].to_memory() if adata.isbacked else adata[:, genes]
        matrix = part.X if layer is None else part.layers[layer]
    dense = np.asarray(matrix.todense() if hasattr(matrix, "todense") else matrix, dtype=np.float64)
    return {gene: _numbers(gene, dense[:, i], label, from_zero=True) for i, gene in enumerate(genes)}


def _columns_of(adata: AnnData, key: str) -> tuple[list[str], np.ndarray]:
    """Return names and numbers of the columns of ``obsm``."""
    stored = adata.obsm[key]
    names = [str(name) for name in stored] if isinstance(stored, pd.DataFrame) else None
    try:
        values = np.asarray(stored.todense() if hasattr(stored, "todense") else stored, dtype=np.float64)
    except (TypeError, ValueError):
        raise input_error(f"adata.obsm[{key!r}]", "something else", "columns of numbers") from None
    if values.ndim != 2:
        raise input_error(f"adata.obsm[{key!r}]", f"{values.ndim} dimensions", "columns of numbers")
    names = names or [str(i) for i in range(values.shape[1])]
    if len(set(names)) < len(names):
        raise input_error(f"adata.obsm[{key!r}]", "two columns of one name", "a name for each column")
    return names, values


def _of_matrix(adata: AnnData, key: str, part: str) -> Numbers:
    names, values = _columns_of(adata, key)
    if part not in names:
        known = ", ".join(map(repr, names[:12])) + (", ..." if len(names) > 12 else "")
        raise input_error("panels", f"column {part!r} of obsm[{key!r}]", f"one of {known}")
    return _numbers(f"{key}:{part}", values[:, names.index(part)], part, from_zero=True)


def _shares(adata: AnnData, key: str) -> Shares:
    """Return a matrix of ``obsm`` as parts of each spot; a spot of zeros, or without numbers, has none."""
    names, values = _columns_of(adata, key)
    if np.nanmin(values, initial=0.0) < 0 or np.isinf(values).any():
        found = "negative or infinite numbers"
        todo = "Name one column as 'key:column' to draw it as a number."
        raise input_error(f"adata.obsm[{key!r}]", found, "the parts of each spot, all >= 0", todo)
    if len(names) > MOST_GROUPS:
        raise input_error(f"adata.obsm[{key!r}]", f"{len(names)} columns", f"at most {MOST_GROUPS} parts")
    totals = values.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = np.where(totals > 0, values / totals, np.nan)
    return Shares(key, names, parts, [PALETTE[i % len(PALETTE)] for i in range(len(names))])
