"""``spotscape run``: one slice or several in, one object with spatial domains out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spotscape import _keys
from spotscape._progress import epoch_lines
from spotscape._validate import input_error
from spotscape.cli._cluster import workers_of
from spotscape.cli._estimate import describe_run
from spotscape.cli._output import check_output_file, check_output_folder
from spotscape.cli._results import summary_of, write_figures, write_report
from spotscape.cli._settings import settings_of
from spotscape.cli._sources import (
    JOINED,
    check_each,
    check_for_workers,
    file_to_join,
    files_to_back,
    find_slices,
    place_by_columns,
    read_slices,
    remove_backed,
    write_each,
    write_result,
)

if TYPE_CHECKING:
    from anndata import AnnData


def run(
    context: typer.Context,
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="IN...",
            help="An .h5ad file, a .zarr folder (AnnData, SpatialData), an .rds file (Seurat, "
            "SpatialExperiment, SingleCellExperiment), a .gef file of Stereo-seq, or the output folder "
            "of Space Ranger, Xenium, CosMx, MERSCOPE, Slide-seq or Curio, or of two tables, with raw counts "
            "and coordinates. Several, or a folder that holds several, are put into one space.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="OUT", help="Where the annotated object goes: .h5ad, or .rds for R."
        ),
    ],
    n_domains: Annotated[
        int | None,
        typer.Option("--n-domains", "-k", help="Number of domains; suggested from the data where left out."),
    ] = None,
    slice_key: Annotated[
        str | None,
        typer.Option(
            help="The column of obs with the slices, where one IN holds several; of several INs, the column "
            f"to write their names to ('{_keys.SLICE}' where left out)."
        ),
    ] = None,
    condition_key: Annotated[
        str | None,
        typer.Option(help="The column of obs with the slices' conditions; they are then compared."),
    ] = None,
    correction: Annotated[
        float,
        typer.Option(
            min=0,
            help="How much of what slices differ by is taken out: 1 is as the data say, 0 nothing.",
        ),
    ] = 1.0,
    each: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Of several INs: also write each, with its part of the results, into this folder.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="R.html", help="Also write a report, one HTML page with everything in it."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write the figures as PNG files into this folder.")
    ] = None,
    save_model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Also save the model of the run, for 'spotscape map' and other slices."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 0,
    device: Annotated[
        str,
        typer.Option(
            help="'auto' (an NVIDIA GPU if there is one), 'cpu', 'cuda' or 'cuda:1', ...: where large arrays "
            "are computed, and a training."
        ),
    ] = "auto",
    threads: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Threads to compute with; OMP_NUM_THREADS, or what the process may use, where left out.",
        ),
    ] = None,
    preset: Annotated[
        str, typer.Option(help="'default', or 'paper' for the published settings (slower).")
    ] = "default",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change one setting, e.g. --set n_components=30; repeatable."
        ),
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="The layer with the raw counts; looked for where left out.")
    ] = None,
    spatial_key: Annotated[
        str, typer.Option(help="The name of the coordinates in obsm, or two or three columns of obs: x,y.")
    ] = _keys.SPATIAL,
    backed: Annotated[
        bool,
        typer.Option(
            help="Leave the counts in the file (.h5ad, .zarr), and read them from there. Those of Xenium and "
            "Visium HD, and those of several INs, go to a file beside OUT, block by block, which is removed "
            "in the end."
        ),
    ] = False,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address of a scheduler of dask, such as tcp://10.0.0.1:8786: its workers read the counts "
            "of IN (one .h5ad or .zarr, which they have to see by the same name) and compute on them.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(help="Go on from the checkpoint that a run with the same IN, OUT and settings left."),
    ] = False,
    checkpoint_minutes: Annotated[
        float, typer.Option(min=0, help="Minutes between checkpoints (OUT with .checkpoint added).")
    ] = 3.0,
    dry_run: Annotated[
        bool, typer.Option(help="Say what memory and time the run would take, and stop. Nothing is written.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary; warnings and errors only.")
    ] = False,
) -> None:
    """Find the spatial domains of one slice, or of several in one space.

    OUT is IN with obs['spotscape_domain'] (domains "1".."K"), obsm['X_spotscape'] (the embedding),
    uns['spotscape'] (settings, losses, versions) and the spatial graph added; of several slices, all spots
    and the genes that all share, with the slice in obs['slice'], and with --condition-key what differs
    between conditions in uns['spotscape_comparison']. As .rds it is the R object that IN was, with the same
    in the places that R has for them. IN is never changed.

    A run that was killed goes on with --resume. Under torchrun several processes, on one machine or many,
    share one run: the training, and with --backed what is made of the counts.
    """
    config = settings_of(preset, changes or [])
    if _only_helps(dry_run):
        return
    paths = find_slices(sources, out)
    for path in paths.values():
        check_output_file("--out", out, ".h5ad", ".rds", source=path)
    if each is not None:
        check_each(each, paths)
    if report is not None:
        check_output_file("--report", report, ".html")
    if figures is not None:
        check_output_folder("--figures", figures)

    if save_model is not None:
        from spotscape.model.saved import check_model_folder

        check_model_folder(save_model)

    if scheduler is not None:
        check_for_workers(paths, backed)

    if dry_run:
        typer.echo(describe_run(paths, config, n_domains, backed=backed))
        return

    from spotscape.engine.checkpoint import Checkpoint

    checkpoint = out.with_name(f"{out.name}.checkpoint")
    Checkpoint(checkpoint, checkpoint_minutes, resume).check()
    context.obj.checkpoint = checkpoint
    shared = {
        "checkpoint": checkpoint,
        "checkpoint_minutes": checkpoint_minutes,
        "resume": resume,
        "n_domains": n_domains,
        "config": config,
        "seed": seed,
        "device": device,
        "threads": threads,
        "layer": layer,
        "spatial_key": spatial_key,
        "progress": _progress(quiet),
    }
    files = files_to_back(paths, out) if backed else {}
    if files and not quiet:
        typer.echo(describe_run(paths, config, n_domains, backed=True), err=True)
    opened: dict[str, AnnData] = {}
    context.call_on_close(lambda: remove_backed(opened, files))
    joined = file_to_join(paths, out) if backed else None
    slices = read_slices(
        paths,
        backed=backed,
        by_dask=scheduler is not None,
        verbose=not quiet,
        files=files,
        only_tissue=joined is None,
        opened=opened,
    )
    spatial_key = shared["spatial_key"] = place_by_columns(slices, spatial_key)
    from spotscape.io.writable import check_columns, check_writable

    check_columns("obs", [one.obs for one in slices.values()])
    if len(slices) == 1 and out.suffix.lower() == ".h5ad":
        check_writable(next(iter(slices.values())))
    with workers_of(scheduler):
        if len(slices) > 1 or slice_key is not None:
            adata = _integrate(slices, slice_key or _keys.SLICE, condition_key, correction, joined, shared)
        else:
            adata = _run_one(slices, condition_key, shared)
    if joined is not None:
        opened[JOINED], files[JOINED] = adata, joined
    written: list[Path] = context.obj.files
    write = partial(write_result, out=out, slices=slices, paths=list(paths.values()))
    write(adata)
    written.append(out)
    checkpoint.unlink(missing_ok=True)
    if condition_key is not None:
        _compare(adata, layer)
        write(adata)
    if each is not None:
        written.extend(write_each(adata, each, slices, slice_key))
    if save_model is not None:
        _save_model(adata, save_model)
        written.append(save_model)
    # What the run itself found is safe from here on: a picture that fails does not lose it.
    if report is not None:
        write_report(adata, report, spatial_key, seed)
        written.append(report)
    if figures is not None:
        written.extend(write_figures(adata, figures, spatial_key, seed))
    if not quiet:
        typer.echo(summary_of(adata, chosen=n_domains is not None))
        typer.echo("\n  ".join(["Written:", *map(str, written)]))


def _only_helps(dry_run: bool) -> bool:
    """Help another process with its run, where torchrun started this one for that."""
    if "WORLD_SIZE" not in os.environ:  # so that --help and one process never wait for the import
        return False

    from spotscape.engine.distributed import is_helper
    from spotscape.engine.helpers import help_run

    if is_helper() and not dry_run:
        help_run()
    return is_helper()


def _run_one(slices: dict[str, AnnData], condition_key: str | None, shared: dict[str, Any]) -> AnnData:
    """Return the one slice with its domains."""
    if condition_key is not None:
        todo = "Name the slices in it with --slice-key."
        raise input_error("--condition-key", "one slice", "several", todo)

    from spotscape.tl import run_spotscape

    (adata,) = slices.values()
    run_spotscape(adata, **shared)
    return adata


def _integrate(
    slices: dict[str, AnnData],
    slice_key: str,
    condition_key: str | None,
    correction: float,
    joined: Path | None,
    shared: dict[str, Any],
) -> AnnData:
    """Return one object of all slices, with domains that are the same in all of them."""
    from spotscape.tl import integrate_slices

    one = next(iter(slices.values())) if len(slices) == 1 else None
    whole = integrate_slices(
        slices if one is None else one,
        slice_key=slice_key,
        condition_key=condition_key,
        correction=correction,
        backed=joined,
        **shared,
    )
    return whole if one is None else one


def _compare(adata: AnnData, layer: str | None) -> None:
    """Compare the conditions in each domain; the layer of a list of slices is its ``X`` by now."""
    from spotscape.tl import compare_domains

    compare_domains(adata, layer=layer if layer in adata.layers else None)


def _save_model(adata: AnnData, folder: Path) -> None:
    from spotscape.model import Spotscape

    Spotscape.from_adata(adata).save(folder)


def _progress(quiet: bool) -> bool | Callable[[int, int, float], None]:
    """Return a bar for a person at a terminal, and about ten lines for a log file."""
    if quiet or sys.stderr.isatty():
        return not quiet

    return epoch_lines(partial(typer.echo, err=True))
