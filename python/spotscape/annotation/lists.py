"""Lists of genes by name, such as markers and gene sets: from a file, a table, a dictionary, or shipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from spotscape._validate import describe, input_error

SHIPPED = {
    "cortex layers": "cortex_layers.tsv",
    "immune": "immune.tsv",
    "mouse brain": "mouse_brain.tsv",
    "tumour": "tumour.tsv",
}
"""Small tables of published markers; each row says from which paper a gene is."""
COLUMNS = (("name", "gene"), ("source", "target"), ("gs_name", "gene_symbol"))
"""Names that the two columns of a table go by: ours, decoupler's, msigdbr's."""
SYMBOL_COLUMNS = (
    "gene_symbols",
    "gene_symbol",
    "feature_name",
    "gene_name",
    "gene_names",
    "symbol",
    "Symbol",
    "SYMBOL",
    "name",
    "gene_short_name",
)
"""Names that columns about genes with their symbols go by."""


def read_lists(argument: str, given: Any) -> dict[str, list[str]]:
    """Return genes by the name of their list, each gene once.

    Parameters
    ----------
    argument
        What the user calls it, for errors.
    given
        A mapping of names to genes; a table with two columns (`COLUMNS`); the path of a ``.gmt`` file or of
        such a table (``.csv``, ``.tsv``); or the name of lists that ship (`SHIPPED`).

    Examples
    --------
    >>> from spotscape.annotation.lists import read_lists
    >>> read_lists("markers", {"WM": ["MBP", "MOBP", "MBP"]})
    {'WM': ['MBP', 'MOBP']}
    >>> list(read_lists("markers", "cortex layers"))
    ['L1', 'L2', 'L3', 'L4', 'L5', 'L6', 'WM']
    """
    if isinstance(given, Mapping):
        lists = {str(name): _genes(argument, name, genes) for name, genes in given.items()}
    elif isinstance(given, pd.DataFrame):
        lists = _of_table(argument, given)
    elif isinstance(given, str) and given in SHIPPED:
        shipped = files("spotscape.annotation") / "tables" / SHIPPED[given]
        with shipped.open(encoding="utf-8") as opened:
            lists = _of_table(argument, pd.read_csv(opened, sep="\t", dtype=str))
    elif isinstance(given, (str, Path)):
        lists = _of_file(argument, Path(given))
    else:
        raise input_error(argument, describe(given), _EXPECTED)
    if not lists:
        raise input_error(argument, "no list", "one or more lists of genes, each with a name")
    return lists


_EXPECTED = (
    "names with their genes: a dictionary, a table with columns name and gene, a .gmt, .csv or .tsv file, or "
    f"one of {', '.join(map(repr, SHIPPED))}"
)


def _genes(argument: str, name: Any, genes: Any) -> list[str]:
    """Return the genes of one list, each once."""
    several = genes if isinstance(genes, Iterable) and not isinstance(genes, str) else [genes]
    texts = [gene.strip() if isinstance(gene, str) else "" for gene in several]
    if not texts or "" in texts:
        found = "no gene" if not texts else "something that is no gene's name"
        raise input_error(f"{argument}[{str(name)!r}]", found, "names of genes")
    return list(dict.fromkeys(texts))


def _of_table(argument: str, table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the lists of a table with a row for each gene of each list."""
    columns = next((pair for pair in COLUMNS if set(pair) <= set(table.columns)), None)
    if columns is None:
        known = ", ".join(map(repr, table.columns)) or "none"
        wanted = " or ".join(f"{name!r} and {gene!r}" for name, gene in COLUMNS)
        raise input_error(argument, f"a table with columns {known}", f"columns {wanted}")
    both = table[list(columns)]
    if both.isna().any(axis=None):
        row = int(np.flatnonzero(both.isna().any(axis=1))[0]) + 1
        raise input_error(argument, f"row {row} of the table without a name or a gene", "both in each row")
    return {
        str(name): _genes(argument, name, [str(gene) for gene in rows[columns[1]]])
        for name, rows in both.groupby(both[columns[0]].astype(str), sort=False)
    }


def _of_file(argument: str, path: Path) -> dict[str, list[str]]:
    """Return the lists of a file."""
    ending = path.suffix.lower()
    if ending not in (".gmt", ".csv", ".tsv", ".txt"):
        raise input_error(argument, repr(str(path)), _EXPECTED)
    if not path.is_file():
        raise input_error(argument, f"no file {str(path)!r}", "a file that is there")
    try:
        if ending == ".gmt":
            return _of_gmt(argument, path)
        table = pd.read_csv(path, sep="," if ending == ".csv" else "\t", dtype=str)
    except UnicodeDecodeError:
        raise input_error(argument, f"{str(path)!r}, which is no text", "a file of text (UTF-8)") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        found = f"{str(path)!r}, which is no table ({' '.join(str(error).split())})"
        raise input_error(argument, found, "a table with a header") from None
    return _of_table(argument, table)


def _of_gmt(argument: str, path: Path) -> dict[str, list[str]]:
    """Return the sets of a file of MSigDB's kind: name, description and genes of a set in each line."""
    lists: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    expected = "a name, a description and one or more genes, with tabs between them"
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        where = f"line {number} of {str(path)!r}"
        name, *rest = (field.strip() for field in line.rstrip("\t\r ").split("\t"))
        if len(rest) < 2 or not name:
            found = f"{where} with {len(rest) + 1} field(s)" if name else f"{where} without a name"
            raise input_error(argument, found, expected)
        if "" in rest[1:]:
            raise input_error(argument, f"{where} with an empty gene in set {name!r}", expected)
        if name in lists:
            raise input_error(argument, f"set {name!r} in line {lines[name]} and in {where}", "each set once")
        lists[name], lines[name] = list(dict.fromkeys(rest[1:])), number
    return lists


def match_genes(
    lists: Mapping[str, Sequence[str]], names: Sequence[str]
) -> tuple[dict[str, np.ndarray], int]:
    """Return where the genes of each list are among names, and how many of these only with another case.

    Parameters
    ----------
    lists
        Genes by the name of their list.
    names
        Of the genes at hand. A name that is there twice is found twice.

    Returns
    -------
    tuple
        Positions by the name of the list, in the list's order; and the number of different genes that were
        found by another case alone, as ``MBP`` and ``Mbp``.

    Examples
    --------
    >>> from spotscape.annotation.lists import match_genes
    >>> match_genes({"WM": ["MBP", "MOBP"], "L4": ["RORB"]}, ["MOBP", "Mbp"])
    ({'WM': array([1, 0]), 'L4': array([], dtype=int64)}, 1)
    """
    exact: dict[str, list[int]] = {}
    folded: dict[str, list[int]] = {}
    for position, name in enumerate(map(str, names)):
        exact.setdefault(name, []).append(position)
        folded.setdefault(name.casefold(), []).append(position)
    by_case: set[str] = set()
    found = {}
    for name, genes in lists.items():
        positions: list[int] = []
        for gene in genes:
            there = exact.get(gene)
            if there is None and (there := folded.get(gene.casefold())):
                by_case.add(gene)
            positions += there or []
        found[name] = np.asarray(list(dict.fromkeys(positions)), dtype=np.int64)
    return found, len(by_case)
