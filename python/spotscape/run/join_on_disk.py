"""Joined slices in a file: counts are written some rows at a time, and stay there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
from anndata import AnnData
from anndata.io import write_elem
from scipy import sparse

from spotscape._counts_file import CountsFile
from spotscape._paths import atomic_path

_PARTS = ("obs", "var", "obsm", "uns")


def write_joined(rest: AnnData, counts: Iterable[sparse.csr_matrix], kind: np.dtype, path: Path) -> AnnData:
    """Write an object whole or not at all, and return it with its counts on disk.

    Parameters
    ----------
    rest
        All but the counts.
    counts
        Some rows after the other, N x genes together.
    kind
        Of the counts that are written.
    path
        Name of the ``.h5ad``.
    """
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        out = CountsFile(file, rest.n_vars, kind)
        for block in counts:
            out.append(block)
        out.finish()
        for part in _PARTS:
            stored = getattr(rest, part)
            write_elem(file, part, stored if part in ("obs", "var") else dict(stored))
        for part in ("varm", "obsp", "varp", "layers"):
            write_elem(file, part, {})
    return ad.read_h5ad(path, backed="r")


@contextmanager
def removed_if_it_fails(path: Path | None) -> Iterator[None]:
    """Remove the file, where one was written, if what is done with it ends in an error."""
    try:
        yield
    except BaseException:
        if path is not None:
            path.unlink(missing_ok=True)
        raise
