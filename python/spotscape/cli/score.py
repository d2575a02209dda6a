"""``spotscape score``: the measures of benchmarks for the domains of an object."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape.cli._options import DomainKey, Quiet, SliceKey, Source, SpatialKey
from spotscape.cli._output import as_text, check_output_file, write_table
from spotscape.cli._sources import read_one


def score(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="CSV", help="Also write the table here, with all digits."),
    ] = None,
    truth_key: Annotated[
        str | None, typer.Option(help="The column of obs with known labels, to compare the domains with.")
    ] = None,
    domain_key: DomainKey = None,
    slice_key: SliceKey = None,
    max_spots: Annotated[
        int, typer.Option(min=1, help="Spots, drawn at random, that silhouettes and LISI are taken over.")
    ] = 5000,
    n_permutations: Annotated[
        int, typer.Option(min=2, help="How often labels are dealt anew for the spatial coherence.")
    ] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draws.")] = 0,
    spatial_key: SpatialKey = _keys.SPATIAL,
    quiet: Quiet = False,
) -> None:
    """Score the domains: how smooth they are, how slices mix, and how well known labels are met.

    CHAOS, PAS, silhouettes, spatial coherence, LISI, kBET; with --truth-key ARI, NMI and accuracies.
    IN is not changed.
    """
    from spotscape import tl

    if out is not None:
        check_output_file("--out", out, ".csv", source=source)
    (adata,) = read_one(source)[0].values()
    table = tl.score_domains(
        adata,
        truth_key=truth_key,
        domain_key=domain_key,
        slice_key=slice_key,
        max_spots=max_spots,
        n_permutations=n_permutations,
        seed=seed,
        spatial_key=spatial_key,
    )
    if not quiet:
        shown = table.assign(value=[f"{value:.4g}" for value in table["value"]])
        typer.echo(as_text(shown, index=False))
    if out is not None:
        write_table(out, table, context.obj)
        if not quiet:
            typer.echo(f"Written: {out}")
