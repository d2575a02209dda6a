"""``spotscape markers``: the genes of each domain, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape.cli._options import CountsLayer, DomainKey, Quiet, SliceKey, Source
from spotscape.cli._output import check_output_file, write_table
from spotscape.cli._sources import read_one

_SHOWN = 5
"""Genes of each domain that are printed."""


def markers(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="CSV", help="Where the table of all genes goes; not written if left out."
        ),
    ] = None,
    against: Annotated[
        str, typer.Option(help="'rest' (all other domains), or 'neighbors' (those that border the domain).")
    ] = "rest",
    method: Annotated[
        str, typer.Option(help="'wilcoxon' (of spots), or 'pseudobulk' (of slices, where there are several).")
    ] = "wilcoxon",
    split: Annotated[
        bool,
        typer.Option(
            "--split", help="Also find domains on half of the molecules, and test on the other half."
        ),
    ] = False,
    domains: Annotated[
        list[str] | None, typer.Option("--domain", help="A domain to test; repeatable. All where left out.")
    ] = None,
    genes: Annotated[
        list[str] | None, typer.Option("--gene", help="A gene to test; repeatable. All where left out.")
    ] = None,
    domain_key: DomainKey = None,
    slice_key: SliceKey = None,
    min_spots: Annotated[
        int, typer.Option(min=2, help="Spots that a slice needs on either side, for pseudobulk.")
    ] = 10,
    layer: CountsLayer = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Rank the genes of each domain against the others.

    Domains were found on the same counts, so p-values are too small: take them as an order of genes. --split
    adds p-values that hold.
    """
    from spotscape import tl

    if out is not None:
        check_output_file("--out", out, ".csv", source=source)
    (adata,) = read_one(source)[0].values()
    table = tl.domain_markers(
        adata,
        against=against,
        method=method,
        split=split,
        domains=domains or None,
        genes=genes or None,
        domain_key=domain_key,
        slice_key=slice_key,
        min_spots=min_spots,
        seed=seed,
        layer=layer,
    )
    if not quiet:
        for name, rows in table.groupby("domain", sort=False):
            typer.echo(f"{name}: {', '.join(rows['gene'].head(_SHOWN))}")
    if out is not None:
        write_table(out, table, context.obj)
        if not quiet:
            typer.echo(f"Written: {out}")
