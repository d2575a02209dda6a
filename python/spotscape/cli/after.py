"""What follows ``spotscape run``: pseudotime, imputation, alignment, slices in a model, a report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.cli._options import CountsLayer, Out, Quiet, SliceKey, Source, SpatialKey
from spotscape.cli._output import check_output_file
from spotscape.cli._sources import read_one, write_result
from spotscape.cli._tables import read_table
from spotscape.cli.run import write_report

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

Seed = Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")]


def pseudotime(
    context: typer.Context,
    source: Source,
    out: Out,
    root: Annotated[
        str | None,
        typer.Option(
            help="Where time starts: the name of a spot, a domain or a gene, one of them as 'domain=3', "
            "'gene=MBP', 'spot=AAAC-1', or a place as 'position=10,20'."
        ),
    ] = None,
    n_neighbors: Annotated[int, typer.Option(min=2, help="Neighbours in the embedding.")] = 100,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Order the spots along the change of the tissue.

    OUT is IN with obs['spotscape_pseudotime'], 0 at the root to 1.
    """
    from spotscape import tl

    def act(adata: AnnData) -> str:
        tl.pseudotime(adata, root=_root(root), n_neighbors=n_neighbors, seed=seed)
        record = adata.uns[_keys.pseudotime()]
        return f"time starts at {record['root']}, {record['why']}"

    _change(context, source, out, act, quiet)


def impute(
    context: typer.Context,
    source: Source,
    out: Out,
    genes: Annotated[
        list[str] | None, typer.Option("--gene", help="A gene to impute; repeatable. All where left out.")
    ] = None,
    scale: Annotated[str, typer.Option(help="'log' (of normalised counts), or 'counts'.")] = "log",
    n_neighbors: Annotated[int, typer.Option(min=1, help="Spots that a value is made of.")] = 100,
    quiet: Quiet = False,
) -> None:
    """Denoise expression by the model of a run, for maps and markers, not for tests.

    OUT is IN with layers['spotscape_imputed'], or of some genes obsm['spotscape_imputed'].
    """
    from spotscape import tl

    if out.suffix.lower() == ".rds":
        todo = "In R, ImputeExpression() puts it into an assay."
        raise input_error("--out", repr(str(out)), "a file name ending in .h5ad", todo)

    def act(adata: AnnData) -> str:
        tl.impute(adata, genes=genes or None, scale=scale, n_neighbors=n_neighbors)
        return f"{len(genes) if genes else adata.n_vars:,} genes imputed"

    _change(context, source, out, act, quiet)


def align(
    context: typer.Context,
    source: Source,
    out: Out,
    reference: Annotated[
        str | None, typer.Option(help="The slice whose frame is taken; the first where left out.")
    ] = None,
    transform: Annotated[
        str,
        typer.Option(
            help="'rigid', 'similarity' (also scaled), 'affine', 'nonrigid' (bent), or 'none': not moved."
        ),
    ] = "rigid",
    matching: Annotated[
        str, typer.Option(help="'nearest', or 'transport' so that few spots share a partner.")
    ] = "nearest",
    landmarks: Annotated[
        Path | None,
        typer.Option(
            help="A .csv file with the columns slice, x, y, reference_x, reference_y: points known in both."
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option("--transfer", help="A column of obs to give from the reference to the others."),
    ] = None,
    slice_key: SliceKey = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Bring the slices of one tissue into one frame, and match their spots.

    OUT is IN with obsm['spatial_aligned'] and uns['spotscape_alignment'] (transforms and matches).
    """
    from spotscape import tl

    points = None if landmarks is None else read_table("--landmarks", landmarks, {_keys.SLICE: str})

    def act(adata: AnnData) -> str:
        tl.align_slices(
            adata,
            slice_key=slice_key,
            reference=reference,
            transform=transform,
            matching=matching,
            landmarks=points,
            seed=seed,
        )
        record = adata.uns[_keys.alignment()]
        if labels is not None:
            tl.transfer_labels(
                adata, label_key=labels, reference=record["reference"], by="matches", slice_key=slice_key
            )
        others = record["slices"].iloc[1:]
        if transform == "none":
            return f"{len(record['matches']):,} spots matched to {record['reference']}"
        return "\n".join(_said_of(row) for _, row in others[others["aligned"]].iterrows())

    _change(context, source, out, act, quiet)


def _said_of(row: pd.Series) -> str:
    """Return what happened to an aligned slice, of its row in the table."""
    over = ", turned over" if row["turned_over"] else ""
    bent = "" if row.isna()["bent_by"] else f", bent by {row['bent_by']:.1f} spot distances"
    return (
        f"{row[_keys.SLICE]}: turned by {row['rotation']:.0f} degrees{over}{bent}, "
        f"agreement {row['agreement']:.2f}, overlap {row['overlap']:.0%}"
    )


def map_slice(
    context: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Folder of 'spotscape run --save-model'.")],
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A new slice, of any kind that 'spotscape run' takes.")
    ],
    out: Out,
    min_genes: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the model's genes that IN has to have.")
    ] = 0.25,
    slice_key: Annotated[
        str | None, typer.Option(help="The column of obs with the slices, where IN holds several.")
    ] = None,
    layer: CountsLayer = None,
    quiet: Quiet = False,
) -> None:
    """Put a new slice into the space of a saved model, and name its domains as the model does."""
    from spotscape.model import Spotscape

    trained = Spotscape.load(model)

    def act(adata: AnnData) -> str:
        trained.transform(adata, slice_key=slice_key, min_genes=min_genes, layer=layer)
        mapped = adata.uns[_keys.parameters()]["mapped"]
        return f"{mapped['n_genes_present']:,} of the model's {mapped['n_genes']:,} genes are in the slice"

    _change(context, source, out, act, quiet)


def report(
    context: typer.Context,
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="R.html", help="Where the page goes.")],
    cell_types: Annotated[
        str | None,
        typer.Option(help="A column of obs with cell types, or a table of them in obsm, for a section."),
    ] = None,
    spatial_key: SpatialKey = _keys.SPATIAL,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Write a page about a run and what followed it: levels, neighbours, pseudotime, alignment, ..."""
    from spotscape import tl

    check_output_file("--out", out, ".html", source=source)

    (adata,) = read_one(source)[0].values()
    found = None if cell_types is None else tl.domain_composition(adata, cell_types, spatial_key=spatial_key)
    write_report(adata, out, spatial_key, seed, found)
    context.obj.files.append(out)
    if not quiet:
        typer.echo(f"Written: {out}")


def suggest_n_domains(
    context: typer.Context,
    source: Source,
    lowest: Annotated[int, typer.Option(min=2, help="The smallest number of domains looked at.")] = 2,
    highest: Annotated[int, typer.Option(min=2, help="The largest.")] = 15,
    stability: Annotated[
        bool, typer.Option("--stability", help="Also compare runs on two halves of the molecules.")
    ] = False,
    figure: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw the weights into this file.")
    ] = None,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Say how much each number of domains weighs, by the data alone and with what annotators usually do.

    Several numbers of about one weight are no clear choice: look at their maps. IN is not changed.
    """
    from spotscape import pl, tl

    if figure is not None:
        check_output_file("--figure", figure, ".png", source=source)
    if highest < lowest:
        raise input_error("--highest", str(highest), f"a number from --lowest, {lowest}, on")
    (adata,) = read_one(source)[0].values()
    numbers = range(lowest, min(highest, adata.n_obs) + 1)
    found = tl.suggest_n_domains(adata, candidates=numbers, stability=stability, seed=seed)
    curve = adata.uns[_keys.parameters()]["n_domains"]
    alike = [f" {value:>10.2f}" for value in curve["stability"]] if stability else [""] * len(numbers)
    typer.echo(f"domains   weight   by the data alone{'  stability' if stability else ''}")
    for number, weight, alone, same in zip(
        curve["candidates"], curve["weights"], curve["by_data"], alike, strict=True
    ):
        mark = "   suggested" if number == found else ""
        typer.echo(f"{number:>7} {weight:>8.1%} {alone:>19.1%}{same}{mark}")
    if figure is not None:
        pl.n_domains(adata, save=figure)
        context.obj.files.append(figure)
        if not quiet:
            typer.echo(f"Written: {figure}")


def _change(
    context: typer.Context, source: Path, out: Path, act: Callable[[AnnData], str], quiet: bool
) -> None:
    """Read one object, let a verb write into it, and write it."""
    check_output_file("--out", out, ".h5ad", ".rds", source=source)
    slices, paths = read_one(source)
    (adata,) = slices.values()
    said = act(adata)
    write_result(adata, out=out, slices=slices, paths=paths)
    context.obj.files.append(out)
    if not quiet:
        typer.echo("\n".join(filter(None, [said, f"Written: {out}"])))


def _root(text: str | None) -> str | dict[str, object] | None:
    """Return what a root on the command line stands for."""
    kind, equals, value = (text or "").partition("=")
    if not equals:
        return text
    if kind != "position":
        return {kind: value}
    try:
        return {kind: [float(number) for number in value.split(",")]}
    except ValueError:
        raise input_error("--root", repr(text), "position=X,Y") from None
