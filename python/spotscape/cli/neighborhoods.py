"""``spotscape neighborhoods``: which domains or cell types lie beside which, against chance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.cli._options import DonorKey, Quiet, SliceKey, Source, SpatialKey
from spotscape.cli._output import as_text, check_output_file, write_table
from spotscape.cli._sources import read_one

_SHOWN = 10
"""Differences between conditions that are printed."""


def neighborhoods(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="CSV",
            help="Where the table of pairs goes: over all, and of several slices also of each.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="The column of obs: domains or cell types; the run's domains where left out."),
    ] = None,
    slice_key: SliceKey = None,
    condition_key: Annotated[
        str | None, typer.Option(help="The column of obs with the conditions to compare, one to a slice.")
    ] = None,
    donor_key: DonorKey = None,
    reference: Annotated[
        str | None, typer.Option(help="The condition to compare with; the first where left out.")
    ] = None,
    differences: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Where the table of the conditions' differences goes.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw the z-scores into this file.")
    ] = None,
    n_permutations: Annotated[int, typer.Option(min=10, help="How often names are dealt anew.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all draws.")] = 0,
    spatial_key: SpatialKey = _keys.SPATIAL,
    quiet: Quiet = False,
) -> None:
    """Count which domains or cell types lie beside which, against names dealt anew.

    Domains are smooth, so each lies beside itself far more than by chance, on any tissue. The question is one
    for cell types, or for conditions. IN is not changed.
    """
    import pandas as pd

    from spotscape import pl, tl

    for option, path, ending in (
        ("--out", out, ".csv"),
        ("--differences", differences, ".csv"),
        ("--figure", figure, ".png"),
    ):
        if path is not None:
            check_output_file(option, path, ending, source=source)
    if differences is not None and condition_key is None:
        raise input_error("--differences", repr(str(differences)), "--condition-key beside it")
    (adata,) = read_one(source)[0].values()
    found = tl.domain_neighborhoods(
        adata,
        key=key,
        slice_key=slice_key,
        condition_key=condition_key,
        donor_key=donor_key,
        reference=reference,
        n_permutations=n_permutations,
        seed=seed,
        spatial_key=spatial_key,
    )
    if not quiet:
        typer.echo("Contacts against chance (z-scores)")
        typer.echo(as_text(found.zscore, index=True))
        if found.differences is not None:
            typer.echo("\nDifferences between conditions (log2 odds), the smallest p first")
            first = found.differences.sort_values("p_value", kind="stable").head(_SHOWN)
            columns = ["first", "second", _keys.CONDITION, "reference", "difference", "p_value", "smallest_p"]
            typer.echo(as_text(first[columns], index=False))
    if out is not None:
        whole = [found.pairs] if found.slices is None else [found.pairs, found.slices]
        write_table(out, pd.concat(whole, ignore_index=True), context.obj)
    if differences is not None and found.differences is not None:
        write_table(differences, found.differences, context.obj)
    if figure is not None:
        pl.domain_neighborhoods(found, save=figure)
        context.obj.files.append(figure)
    if not quiet and context.obj.files:
        typer.echo(f"Written: {', '.join(map(str, context.obj.files))}")
