"""R objects in files and in memory -> AnnData, and back: Seurat, SpatialExperiment, SingleCellExperiment.

Needs R, rpy2 and anndata2ri: ``pip install 'spotscape[r]'``. What crosses is in `spotscape.interop.pieces`;
what does not is in the R package's ``known_issues.yaml``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from anndata import AnnData

from spotscape._paths import as_path, atomic_path, named_path
from spotscape._validate import describe, input_error
from spotscape.interop import _session
from spotscape.interop.pieces import from_anndata, to_anndata

_MAGIC = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"X\n", b"A\n", b"B\n")
"""How a file begins that ``saveRDS`` wrote: gzip, bzip2, xz, or as it is."""
_READABLE = "an R object in a file by saveRDS (.rds)"


def read_rds(path: str | os.PathLike[str], *, assay: str | None = None) -> AnnData | dict[str, AnnData]:
    """Read a Seurat, SpatialExperiment or SingleCellExperiment object, or a list of them, from ``.rds``.

    Parameters
    ----------
    path
        File that R's ``saveRDS`` wrote. Objects of Seurat v3 and v4 are read as the installed version has
        them.
    assay
        Name of the assay that becomes ``X``; None: the default assay, or of an experiment ``counts``, else
        its first.

    Returns
    -------
    AnnData or dict of AnnData
        As `from_r`; of a list a dict, by the list's names, or "1", "2", ... where it has none.

    Raises
    ------
    InputError
        If there is no such file, it is no ``.rds`` or cut short, it holds something else (which is not
        evaluated), rpy2, R or an R package is missing, or the object cannot be read, such as an assay that is
        not there.

    Warns
    -----
    SpotscapeWarning
        Of what is left behind.

    Examples
    --------
    >>> import spotscape, tempfile
    >>> adata = spotscape.datasets.simulate_slice(n_spots=30, n_genes=40)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     spotscape.interop.write_rds(adata, f"{folder}/slice.rds", kind="sce")
    ...     spotscape.interop.read_rds(f"{folder}/slice.rds").shape
    (30, 40)
    """
    return _from_r(_read(path), assay, writable=True)


def write_rds(
    obj: AnnData,
    path: str | os.PathLike[str],
    *,
    kind: str | None = None,
    update: str | os.PathLike[str] | Mapping[str, str | os.PathLike[str]] | None = None,
) -> None:
    """Write an AnnData as an R object to ``.rds``.

    Parameters
    ----------
    obj
        What to write.
    path
        File to write, whole or not at all.
    kind
        ``"seurat"``, ``"spe"`` or ``"sce"``; None: what ``obj`` was made of, else ``"spe"`` where it has
        coordinates and ``"sce"`` where it has none.
    update
        File with the R object that ``obj`` was read from. The R object is written again, and what ``obj`` has
        beyond it is added (columns of ``obs``, reductions, ``uns``). So it keeps even what an AnnData cannot
        hold. A list of objects in the file, or a dict of files by the names of slices, becomes one object, as
        R's ``IntegrateSlices()`` makes it: each image with its own cells, every gene, domains as identities.

    Raises
    ------
    InputError
        As `to_r` and `read_rds`; if ``path`` cannot be written; or if ``update`` lacks a cell of ``obj``
        or has them in another order (an experiment has to have the very same; in a Seurat object what ``obj``
        lacks gets NA).

    Warns
    -----
    SpotscapeWarning
        Of what is left behind.

    Examples
    --------
    >>> import os, spotscape, tempfile
    >>> adata = spotscape.datasets.simulate_slice(n_spots=30, n_genes=40)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     spotscape.interop.write_rds(adata, f"{folder}/slice.rds", kind="sce")
    ...     os.listdir(folder)
    ['slice.rds']
    """
    path = as_path(path)
    if update is None:
        value = to_r(obj, kind)
    else:
        if isinstance(update, Mapping):
            original = _session.value({str(name): _read(one) for name, one in update.items()})
        else:
            original = _session.call("one_object", _read(update))
        pieces = from_anndata(obj, _kind_of(original, kind))
        value = _session.call("update_object", original, _session.value(pieces))
    with atomic_path(path) as temporary:
        _session.call("write_object", value, _session.value(str(temporary)))


def from_r(sexp: Any, *, assay: str | None = None) -> AnnData | dict[str, AnnData]:
    """Make an AnnData of an R object that rpy2 holds.

    Parameters
    ----------
    sexp
        A Seurat, SpatialExperiment or SingleCellExperiment object, or a list of them.
    assay
        As in `read_rds`.

    Returns
    -------
    AnnData or dict of AnnData
        Cells x genes; see `spotscape.interop.pieces` for what is where. Matrices share R's memory and can
        only be read, because the R object would change with them. To change one, take ``adata.copy()``.

    Raises
    ------
    InputError
        If it is an object of another class, or a package of R is missing.

    Examples
    --------
    >>> import spotscape
    >>> obj = spotscape.interop.to_r(spotscape.datasets.simulate_slice(n_spots=30, n_genes=40), "sce")
    >>> spotscape.interop.from_r(obj).shape
    (30, 40)
    """
    _session.start()
    from rpy2 import rinterface

    if isinstance(sexp, rinterface.LangSexpVector | rinterface.SexpSymbol | rinterface.SexpPromise):
        raise input_error("sexp", "code of R, which is not evaluated here", "an R object")
    return _from_r(sexp, assay, writable=False)


def to_r(adata: AnnData, kind: str | None = None) -> Any:
    """Make an R object of an AnnData.

    Parameters
    ----------
    adata
        Cells x genes.
    kind
        As in `write_rds`.

    Returns
    -------
    rpy2.rinterface.Sexp
        The R object.

    Raises
    ------
    InputError
        If ``kind`` is unknown, a package of R is missing, or R cannot have such an object, such as two cells
        of one name for Seurat.

    Examples
    --------
    >>> import spotscape
    >>> obj = spotscape.interop.to_r(spotscape.datasets.simulate_slice(n_spots=30, n_genes=40), "sce")
    >>> tuple(obj.rclass)
    ('SingleCellExperiment',)
    """
    pieces = from_anndata(adata, kind)
    return _session.call("put_together", _session.value(pieces))


def _from_r(sexp: Any, assay: str | None, *, writable: bool) -> AnnData | dict[str, AnnData]:
    parts = _session.call("take_all_apart", sexp, _session.value(assay))
    pairs = zip(parts.names, parts, strict=True)
    named = {str(name): to_anndata(_session.piece(one, writable=writable)) for name, one in pairs}
    return named[""] if list(named) == [""] else named


def _read(path: str | os.PathLike[str]) -> Any:
    """Return what a file holds, as R has it, without evaluating any of it."""
    path = as_path(path)
    if not path.is_file():
        raise input_error(named_path(path), "nothing there" if not path.exists() else "a folder", _READABLE)
    _check_magic(path)
    _session.start()
    return _session.call("read_object", _session.value(str(path)))


def _check_magic(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(6)
    if not start.startswith(_MAGIC):
        raise input_error(named_path(path), "a file that saveRDS did not write", _READABLE)


def _kind_of(original: Any, kind: str | None) -> str:
    found = str(_session.call("kind_of_all", original)[0])
    if kind not in (None, found):
        raise input_error("kind", describe(kind), f"{found!r}, the kind of the object to update")
    return found
