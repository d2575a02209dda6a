"""``spotscape compare``: what differs between conditions, in the size of domains and in their genes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape.cli._options import DonorKey, Quiet, SliceKey, Source
from spotscape.cli._output import as_text, check_output_file, write_table
from spotscape.cli._results import compared
from spotscape.cli._sources import read_one, write_result

_SHOWN = ["domain", _keys.CONDITION, "reference", "share", "share_reference", "p_value", "p_adjusted"]


def compare(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="H5AD", help="Where IN goes, with the comparison in it."),
    ] = None,
    composition: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Where the table of shares of domains goes.")
    ] = None,
    genes: Annotated[Path | None, typer.Option(metavar="CSV", help="Where the table of genes goes.")] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw the first comparison into this file.")
    ] = None,
    condition_key: Annotated[
        str | None,
        typer.Option(help="The column of obs with the conditions, one to a slice; the run's where left out."),
    ] = None,
    slice_key: SliceKey = None,
    donor_key: DonorKey = None,
    reference: Annotated[
        str | None, typer.Option(help="The condition to compare with; the first where left out.")
    ] = None,
    domain_key: Annotated[
        str | None, typer.Option(help="The column of obs with the domains; the run's where left out.")
    ] = None,
    test: Annotated[
        str, typer.Option(help="How shares are tested: 'moderated t', or 'permutation'.")
    ] = "moderated t",
    min_spots: Annotated[
        int, typer.Option(min=2, help="Spots of a domain that a slice or donor needs to be compared.")
    ] = 10,
    quiet: Quiet = False,
) -> None:
    """Compare conditions: how large each domain is, and which genes differ within it.

    Slices are the replicates, or donors with --donor-key. IN is not changed.
    """
    from spotscape import pl, tl

    for option, path, ending in (
        ("--out", out, ".h5ad"),
        ("--composition", composition, ".csv"),
        ("--genes", genes, ".csv"),
        ("--figure", figure, ".png"),
    ):
        if path is not None:
            check_output_file(option, path, ending, source=source)
    slices, paths = read_one(source)
    (adata,) = slices.values()
    tl.compare_domains(
        adata,
        condition_key=condition_key,
        slice_key=slice_key,
        donor_key=donor_key,
        reference=reference,
        domain_key=domain_key,
        test=test,
        min_spots=min_spots,
    )
    tables = adata.uns[_keys.comparison()]
    if not quiet:
        typer.echo(as_text(tables["composition"][_SHOWN], index=False))
        typer.echo("\n".join(compared(adata)))
    for path, table in ((composition, tables["composition"]), (genes, tables["genes"])):
        if path is not None:
            write_table(path, table, context.obj)
    if figure is not None:
        pl.domain_comparison(adata, save=figure)
        context.obj.files.append(figure)
    if out is not None:
        write_result(adata, out=out, slices=slices, paths=paths)
        context.obj.files.append(out)
    if not quiet and context.obj.files:
        typer.echo(f"Written: {', '.join(map(str, context.obj.files))}")
