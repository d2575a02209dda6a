"""Which slices the arguments of ``spotscape run`` stand for, and by what names."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from spotscape import _keys
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.cli._output import check_output_folder

if TYPE_CHECKING:
    from anndata import AnnData


def find_slices(sources: Sequence[Path], out: Path | None = None) -> dict[str, Path]:
    """Return the path of each slice by its name, in the order given.

    A folder that is no platform's output stands for the slices in it: its files and platforms' folders, by
    name, but for ``out``, the result of an earlier run. A slice is named after its file or folder; where two
    would have one name, the folders above them go before it until they differ.
    """
    paths = [path for source in sources for path in _slices_in(source, out)]
    seen: dict[Path, Path] = {}
    for path in paths:
        real = path.resolve()
        if real in seen:
            raise input_error("IN", f"{str(path)!r} twice", "each slice once")
        seen[real] = path
    depths = [1] * len(paths)
    while True:
        names = [_name(path, depth) for path, depth in zip(paths, depths, strict=True)]
        if len(set(names)) == len(names):
            return dict(zip(names, paths, strict=True))
        depths = [depth + (names.count(name) > 1) for name, depth in zip(names, depths, strict=True)]


def read_slices(
    paths: dict[str, Path],
    *,
    backed: bool = False,
    by_dask: bool = False,
    verbose: bool = False,
    files: Mapping[str, Path] | None = None,
    only_tissue: bool = True,
    opened: dict[str, AnnData] | None = None,
) -> dict[str, AnnData]:
    """Read every slice; a file that cannot be read ends the command before anything is computed.

    An ``.rds`` file with a list of objects gives a slice for each, by the names in the list. ``verbose`` says
    of a platform's files what they were taken for. ``files`` has the names of files that ``backed`` writes,
    of the slices that need one (see `files_to_back`). ``by_dask`` reads counts as arrays of dask.
    ``only_tissue`` leaves spots out that are off tissue, which takes a slice into memory. Slices are put into
    ``opened`` as they are read, if it is given.
    """
    from spotscape.io import read, read_dask

    slices: dict[str, AnnData] = {} if opened is None else opened
    for name, path in paths.items():
        if by_dask:
            found = read_dask(path)
        else:
            found = read(path, backed=(files or {}).get(name, backed), verbose=verbose)
        parts = found if isinstance(found, dict) else {name: found}
        twice = sorted(set(parts) & set(slices))
        if twice:
            raise input_error("IN", f"two slices named {twice[0]!r}", "a name for each", f"See {path.name}.")
        slices |= {part: _on_tissue(part, one) if only_tissue else one for part, one in parts.items()}
    return dict(slices)


def check_for_workers(paths: dict[str, Path], backed: bool) -> None:
    """Raise where the counts are none that the workers of a cluster could read."""
    if len(paths) > 1:
        todo = "Join them first: integrate them with --backed, or write one .zarr of all."
        raise input_error("--scheduler", f"{len(paths)} slices as files of their own", "one IN", todo)
    if backed:
        raise input_error("--scheduler", "--backed as well", "one of them", "Workers never read all of IN.")


def files_to_back(paths: dict[str, Path], out: Path) -> dict[str, Path]:
    """Return, for slices whose counts are on disk in a platform's own way, a file beside OUT for them."""
    from spotscape.io.platforms import is_written_to_stay

    names = [name for name, path in paths.items() if is_written_to_stay(path)]
    return {name: out.with_name(f"{out.name}.counts{i}.h5ad") for i, name in enumerate(names, start=1)}


JOINED = ""
"""The name of no slice: that of all of them together."""


def file_to_join(paths: dict[str, Path], out: Path) -> Path | None:
    """Return the file beside OUT for the counts of several slices together; None for one, or for R."""
    if len(paths) < 2 or out.suffix.lower() != ".h5ad":
        return None
    return out.with_name(f"{out.name}.counts.h5ad")


def remove_backed(slices: Mapping[str, AnnData], files: Mapping[str, Path]) -> None:
    """Remove the files that were written for counts; OUT has them."""
    for name, path in files.items():
        if name in slices and slices[name].isbacked:
            slices[name].file.close()
        path.unlink(missing_ok=True)


def read_one(source: Path) -> tuple[dict[str, AnnData], list[Path]]:
    """Return the one object of a file, by its name, and the file's path."""
    paths = find_slices([source])
    slices = read_slices(paths)
    if len(slices) != 1:
        raise input_error("IN", f"{len(slices)} objects", "one", "Run the command on each.")
    return slices, list(paths.values())


def place_by_columns(slices: Mapping[str, AnnData], spatial_key: str) -> str:
    """Make coordinates of the columns of ``obs`` that a key such as "x,y" names; return the key of them."""
    columns = [name.strip() for name in spatial_key.split(",")]
    if len(columns) == 1:
        return spatial_key
    for name, adata in slices.items():
        missing = [column for column in columns if column not in adata.obs]
        if missing or len(columns) > 3:
            known = ", ".join(map(repr, adata.obs.columns[:12])) or "nothing"
            found = f"{spatial_key!r} for {name}, whose obs has {known}"
            raise input_error("--spatial-key", found, "two or three columns of obs")
        try:
            coordinates = adata.obs[columns].to_numpy("float64")
        except (TypeError, ValueError):
            found = f"columns {', '.join(columns)} of {name} that hold something else"
            raise input_error("--spatial-key", found, "columns of numbers") from None
        if _keys.SPATIAL in adata.obsm:
            text = (
                f"{name}: obsm[{_keys.SPATIAL!r}] of OUT holds {', '.join(columns)}, not what IN had there."
            )
            warnings.warn(text, SpotscapeWarning, stacklevel=2)
        adata.obsm[_keys.SPATIAL] = coordinates
    return _keys.SPATIAL


def _on_tissue(name: str, adata: AnnData) -> AnnData:
    """Leave out the spots that are off tissue, as the reader of Space Ranger's folders does, and say so."""
    from spotscape._adata import in_memory_part, off_tissue

    off = off_tissue(adata)
    if off is None:
        return adata
    text = f"{name}: {int(off.sum())} of {adata.n_obs} spots are not on tissue (in_tissue is 0): left out."
    warnings.warn(text, SpotscapeWarning, stacklevel=3)
    part = in_memory_part(adata, ~off)
    part.uns[_keys.LEFT_OUT] = int(off.sum())
    return part


def write_result(adata: AnnData, *, out: Path, slices: Mapping[str, AnnData], paths: Sequence[Path]) -> None:
    """Write the object; as ``.rds`` the R object that was read with the results in it, or one of its kind."""
    from spotscape.io import write

    if out.suffix.lower() != ".rds":
        return write(adata, out)

    from spotscape.interop import write_rds

    # An R object can only be completed by as many spots as it has.
    whole = not any(_keys.LEFT_OUT in one.uns for one in (adata, *slices.values()))
    if whole and all(path.suffix.lower() == ".rds" for path in paths):
        if len(paths) == 1:
            return write_rds(adata, out, update=paths[0])
        if len(paths) == len(slices):
            return write_rds(adata, out, update=dict(zip(slices, paths, strict=True)))
    kinds = {str(one.uns[_keys.R_RECORD]["kind"]) for one in slices.values() if _keys.R_RECORD in one.uns}
    write_rds(adata, out, kind=kinds.pop() if len(kinds) == 1 else None)


def check_each(folder: Path, paths: Mapping[str, Path]) -> None:
    """Raise where the slices cannot be written into a folder, each under its name."""
    check_output_folder("--each", folder)
    if len(paths) < 2:
        raise input_error("--each", "one slice", "several INs", "OUT is this slice with its results.")
    own = {path.resolve() for path in paths.values()}
    for name in paths:
        if (target := folder / f"{name}.h5ad").resolve() in own:
            raise input_error("--each", f"{str(target)!r}, which is IN", "another folder")


def write_each(
    adata: AnnData, folder: Path, slices: Mapping[str, AnnData], slice_key: str | None
) -> list[Path]:
    """Write every slice with its part of the results; return the files."""
    from spotscape.io import write
    from spotscape.tl import results_to_slices

    results_to_slices(adata, slices, slice_key=slice_key)
    folder.mkdir(exist_ok=True)
    written = []
    for name, one in slices.items():
        write(one, folder / f"{name}.h5ad")
        written.append(folder / f"{name}.h5ad")
    return written


def _slices_in(source: Path, out: Path | None) -> list[Path]:
    """Return the slices that one argument stands for."""
    from spotscape.io import is_slice

    if not source.is_dir() or is_slice(source):
        return [source]
    inside = [path for path in sorted(source.iterdir()) if is_slice(path)]
    inside = [path for path in inside if out is None or path.resolve() != out.resolve()]
    if not inside:
        from spotscape.io import read

        if all(path.is_file() for path in source.iterdir()) and any(source.iterdir()):
            read(source)  # which says what is missing in a folder of files
        found = f"no .h5ad, .rds or .gef file and no output of a platform in {str(source)!r}"
        raise input_error("IN", found, "slices, or a folder that holds some")
    return inside


def _name(path: Path, depth: int) -> str:
    """Return the last ``depth`` parts of a path as one name, without the 'outs' of every Space Ranger run."""
    path = path.resolve()
    parts = [
        *path.parent.parts[1:],
        path.stem if path.suffix.lower() in (".h5ad", ".rds", ".gef") else path.name,
    ]
    if parts[-1] == "outs" and len(parts) > 1:
        parts.pop()
    return "_".join(parts[-depth:])
