"""``spotscape gene-sets``: which gene sets the markers of each domain are in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape.cli._options import CountsLayer, DomainKey, GeneKey, Quiet, Source
from spotscape.cli._output import check_output_file, write_table
from spotscape.cli._sources import read_one
from spotscape.cli._tables import read_table

_SHOWN, _SMALL = 3, 0.05
"""How many sets of each domain are printed, and up to which adjusted p-value."""


def gene_sets(
    context: typer.Context,
    source: Source,
    sets: Annotated[
        str,
        typer.Option(
            "--sets", "-s", help="Gene sets: a .gmt file, or a .csv or .tsv file with columns name and gene."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="CSV", help="Also write the table of all sets here.")
    ] = None,
    markers: Annotated[
        Path | None,
        typer.Option(
            "--markers", metavar="CSV", help="What 'spotscape markers' wrote; found anew where left out."
        ),
    ] = None,
    max_p_adjusted: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Largest adjusted p-value of a marker.")
    ] = 0.05,
    min_log2_fold_change: Annotated[
        float, typer.Option(min=0.0, help="Smallest log2 fold change of a marker.")
    ] = 0.5,
    min_size: Annotated[
        int, typer.Option(min=1, help="Sets with fewer of the tested genes are left out.")
    ] = 5,
    max_size: Annotated[
        int, typer.Option(min=1, help="Sets with more of the tested genes are left out.")
    ] = 500,
    gene_key: GeneKey = None,
    domain_key: DomainKey = None,
    layer: CountsLayer = None,
    quiet: Quiet = False,
) -> None:
    """Test which gene sets are over-represented among the markers of each domain.

    Fisher's exact test, one-sided, with the tested genes as background. IN is not changed.
    """
    from spotscape import tl

    if out is not None:
        check_output_file("--out", out, ".csv", source=source)
    found = None if markers is None else read_table("--markers", markers, {"domain": str, "gene": str})
    (adata,) = read_one(source)[0].values()
    table = tl.domain_gene_sets(
        adata,
        gene_sets=sets,
        markers=found,
        max_p_adjusted=max_p_adjusted,
        min_log2_fold_change=min_log2_fold_change,
        min_size=min_size,
        max_size=max_size,
        gene_key=gene_key,
        domain_key=domain_key,
        layer=layer,
    )
    if not quiet:
        for name, rows in table.groupby("domain", sort=False):
            leading = rows[rows["p_adjusted"] <= _SMALL].head(_SHOWN)
            shown = [f"{row.gene_set} (p {row.p_adjusted:.1g})" for row in leading.itertuples()]
            typer.echo(f"{name}: {', '.join(shown) or 'none'}")
    if out is not None:
        write_table(out, table, context.obj)
        if not quiet:
            typer.echo(f"Written: {out}")
