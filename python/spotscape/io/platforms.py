"""`read` and `is_slice`: which reader a path is for, and what was read in one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anndata import AnnData

from spotscape._paths import READABLE, as_path, named_path
from spotscape._validate import InputError, check_flag, input_error
from spotscape.io._anndata_files import read_h5ad, read_zarr
from spotscape.io._backed import Size
from spotscape.io._tables import has_tables, read_table_folder, table_problem
from spotscape.io.common import took
from spotscape.io.cosmx import is_cosmx, read_cosmx
from spotscape.io.merscope import is_merscope, read_merscope
from spotscape.io.slide_seq import is_curio, is_slide_seq, read_curio, read_slide_seq
from spotscape.io.space_ranger import is_space_ranger, read_space_ranger, size_of_space_ranger
from spotscape.io.spatial_data import is_spatialdata, read_spatialdata
from spotscape.io.stereo_seq import read_stereo_seq
from spotscape.io.xenium import is_xenium, read_xenium, size_of_xenium

_BACKED = (".h5ad", ".zarr")
_FILES = (".h5ad", ".rds", ".gef")


@dataclass(frozen=True)
class Platform:
    """A kind of folder: how it is known, and who reads it."""

    name: str
    is_there: Callable[[Path], bool]
    read: Callable[..., AnnData]
    size: Callable[[Path], Size | None] | None = None
    """What is to be read, of readers that can leave counts in an ``.h5ad`` that they write."""

    @property
    def backed(self) -> bool:
        """Whether counts can be left on disk."""
        return self.size is not None


PLATFORMS = (
    Platform("SpatialData", is_spatialdata, read_spatialdata),
    Platform("Space Ranger", is_space_ranger, read_space_ranger, size_of_space_ranger),
    Platform("Xenium", is_xenium, read_xenium, size_of_xenium),
    Platform("CosMx", is_cosmx, read_cosmx),
    Platform("MERSCOPE", is_merscope, read_merscope),
    Platform("Curio Seeker", is_curio, read_curio),
    Platform("Slide-seq", is_slide_seq, read_slide_seq),
    Platform("tables", has_tables, read_table_folder),
)
"""Asked in this order; tables last, because only there a file is opened to know it."""
_WAYS_ON = {
    ".h5": "Give the folder that holds it.",
    ".csv": "Give the folder of both tables, or name both: spotscape.io.read_tables(counts, coordinates).",
    ".loom": "In Python: adata = anndata.io.read_loom(path); adata.write_h5ad('slice.h5ad'). "
    "Then --spatial-key x,y names the columns with the places.",
    ".h5mu": "In Python: adata = mudata.read_h5mu(path)['rna']; adata.write_h5ad('slice.h5ad').",
    ".gem": "Make it a .gef file with STOmics' geftools (geftools bgef), or a table of bins.",
    ".qs": "In R: saveRDS(qs::qread(path), 'slice.rds').",
    ".rda": "In R: load(path), and saveRDS(object, 'slice.rds').",
}
"""What to type for files that are not read, by their endings."""


def read(
    path: str | os.PathLike[str], *, backed: bool | str | os.PathLike[str] = False, verbose: bool = True
) -> AnnData | dict[str, AnnData]:
    """Read a slice that a platform, AnnData, SpatialData or R wrote; the files say which of these it is.

    Read are ``.h5ad`` files, ``.zarr`` folders of AnnData and stores of SpatialData, ``.rds`` files of R,
    ``.gef`` files of Stereo-seq, and the folders of Space Ranger (Visium, Visium HD), Xenium, CosMx,
    MERSCOPE, Slide-seq and Curio Seeker, and of a table of counts beside one of places. Each has a function
    of its own, `read_xenium` and so on, which says what it reads, in which unit, and what it leaves out.

    Parameters
    ----------
    path
        File or folder. ``.rds`` may hold a Seurat, SpatialExperiment or SingleCellExperiment object, or a
        list of them; it needs R and ``pip install 'spotscape[r]'``.
    backed
        True: leave ``X`` and ``raw.X`` of an ``.h5ad`` or ``.zarr`` on disk, to be read where they are used,
        and read everything else. The file must stay where it is. Or a name that ends in ``.h5ad``, for a
        folder of Xenium or Space Ranger (Visium HD) with its counts in an ``.h5`` file: that file is written,
        a block of counts at a time, whole or not at all, and opened in this way.
    verbose
        Say on standard error what a platform's files were taken for: "Xenium, 3,200 cells, micrometres". The
        same is in ``uns["spotscape_source"]``.

    Returns
    -------
    AnnData
        From ``.h5ad`` and ``.zarr``: what is in there. From ``.rds``: as `spotscape.interop.read_rds`; of a
        list a dict of AnnData by name. From a platform's files: counts of genes in ``X`` (CSR), rows in the
        order of the file of counts, and ``obsm["spatial"]``, float64, x and y.

    Raises
    ------
    InputError
        If there is nothing at ``path``, it is of another kind or not what its ending says, a part of a folder
        is missing, a file cannot be read, or R is missing where it is needed; with ``backed`` if it is
        none of what is said there.

    Examples
    --------
    >>> import anndata, numpy as np, tempfile
    >>> from spotscape import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     io.write(anndata.AnnData(np.ones((3, 2), dtype="float32")), f"{folder}/slice.h5ad")
    ...     adata = io.read(f"{folder}/slice.h5ad", backed=True)
    ...     adata.shape, adata.isbacked
    ...     adata.file.close()
    ((3, 2), True)
    """
    path = as_path(path)
    target = _check_backed(path, backed)
    if target is not None:
        adata = _need_platform(path).read(path, backed=target)
    else:
        adata = _read_folder(path, bool(backed)) if path.is_dir() else _read_file(path, bool(backed))
    line = took(adata) if isinstance(adata, AnnData) and path.suffix != ".h5ad" else None
    if verbose and line is not None:
        sys.stderr.write(f"{path}: {line}\n")
    return adata


def _check_backed(path: Path, backed: bool | str | os.PathLike[str]) -> Path | None:
    """Return the file that counts of a folder are to go to, if any; raise where they cannot stay on disk."""
    target = Path(backed) if isinstance(backed, str | os.PathLike) else None
    if target is None or target.suffix != ".h5ad":
        check_flag("backed", backed)
    if not backed or not path.exists():
        return None
    platform = _platform(path)
    is_on_disk = path.suffix in _BACKED and not is_spatialdata(path)
    found = "a folder" if path.is_dir() else f"a file that ends in {path.suffix!r}"
    expected = "an .h5ad file or a .zarr folder of AnnData, which can be left on disk"
    if target is None:
        if platform is not None and platform.backed:
            todo = f"Name the file that its counts go to: backed='{path.resolve().name}.h5ad'."
            raise input_error("backed", f"True for a folder of {platform.name}", "a name", todo)
        if not is_on_disk:
            raise input_error(named_path(path), found, expected, "Read it without backed.")
    elif is_on_disk or platform is None or not platform.backed:
        known = " or ".join(one.name for one in PLATFORMS if one.backed)
        todo = "Read it with backed=True." if is_on_disk else "Read it without backed."
        raise input_error(named_path(path), found, f"a folder of {known}, to be written to a file", todo)
    return target


def is_written_to_stay(path: Path) -> bool:
    """Say whether counts at a path stay on disk only in a file that `read` writes: those of platforms."""
    platform = _platform(path)
    return platform is not None and platform.backed


def size_to_back(path: Path) -> Size | None:
    """Return the size of counts that `read` has to write to a file to leave them on disk; None for others."""
    platform = _platform(path)
    return None if platform is None or platform.size is None else platform.size(path)


def _need_platform(path: Path) -> Platform:
    platform = _platform(path)
    if platform is None:
        raise _unknown_folder(path)
    return platform


def _read_folder(path: Path, backed: bool) -> AnnData:
    """Read a folder of AnnData, or of the first platform that knows it."""
    if path.suffix == ".zarr" and not is_spatialdata(path):
        return read_zarr(path, backed)
    return _need_platform(path).read(path)


def _unknown_folder(path: Path) -> InputError:
    names = sorted(one.name for one in path.iterdir() if not one.name.startswith("."))
    inside = f"{', '.join(names[:6])}{', ...' if len(names) > 6 else ''}" if names else "nothing"
    known = ", ".join(one.name for one in PLATFORMS)
    found = f"a folder that no reader knows, with {inside} in it ({table_problem(path)})"
    todo = f"{_WAYS_ON['.csv']} Space Ranger calls its folder 'outs'."
    return input_error(named_path(path), found, f"{READABLE} (platforms: {known})", todo)


def _read_file(path: Path, backed: bool) -> AnnData | dict[str, AnnData]:
    suffix = path.suffix.lower()
    if not path.exists():
        raise input_error(named_path(path), "nothing there", READABLE)
    if suffix == ".rds":
        from spotscape.interop import read_rds

        return read_rds(path)
    if suffix == ".gef":
        return read_stereo_seq(path)
    if path.suffix == ".h5ad":
        return read_h5ad(path, backed)
    unpacked = Path(path.stem).suffix.lower() if suffix == ".gz" else suffix
    todo = _WAYS_ON.get(".csv" if unpacked in (".tsv", ".txt") else unpacked, "")
    raise input_error(named_path(path), f"a file that ends in {path.suffix!r}", READABLE, todo)


def _platform(path: Path) -> Platform | None:
    """Return the platform whose folder this is, None for none; two samples in it are nobody's folder."""
    return next((one for one in PLATFORMS if one.is_there(path)), None) if path.is_dir() else None


def is_slice(path: str | os.PathLike[str]) -> bool:
    """Say whether `read` would take this for a slice, by its name and, of a folder, by what is in it.

    Parameters
    ----------
    path
        File or folder.

    Returns
    -------
    bool
        True for a name that ends in ``.h5ad``, ``.rds`` or ``.gef``, for a folder whose name ends in
        ``.zarr``, and for the output folder of a platform. Files are opened only to recognise two tables.

    Examples
    --------
    >>> from spotscape.io import is_slice
    >>> is_slice("slice.h5ad"), is_slice("notes.txt")
    (True, False)
    """
    path = as_path(path)
    if not path.is_dir():
        return path.suffix.lower() in _FILES
    try:
        return path.suffix == ".zarr" or _platform(path) is not None
    except InputError:  # several samples in one folder: `read` says so
        return True
