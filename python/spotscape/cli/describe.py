"""``spotscape describe``: how large each domain is, where it lies, its shape, and what it borders on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape.cli._options import DomainKey, Quiet, SliceKey, Source, SpatialKey
from spotscape.cli._output import as_text, check_output_file, write_table
from spotscape.cli._sources import read_one


def describe(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="CSV", help="Also write the table here, borders as columns."),
    ] = None,
    domain_key: DomainKey = None,
    slice_key: SliceKey = None,
    by_slice: Annotated[bool, typer.Option("--by-slice", help="A row for each slice and domain.")] = False,
    spatial_key: SpatialKey = _keys.SPATIAL,
    quiet: Quiet = False,
) -> None:
    """Describe the domains: size, confidence, depth, area, perimeter, shape, pieces, borders.

    Lengths are in micrometres where IN knows them, else in distances of neighbouring spots.
    IN is not changed.
    """
    from spotscape import tl

    if out is not None:
        check_output_file("--out", out, ".csv", source=source)
    (adata,) = read_one(source)[0].values()
    found = tl.describe_domains(
        adata, domain_key=domain_key, slice_key=slice_key, by_slice=by_slice, spatial_key=spatial_key
    )
    if not quiet:
        unit = {"um": "micrometres"}.get(found.unit, f"{found.unit}s")
        typer.echo(f"Lengths in {unit}, areas in their square")
        typer.echo(as_text(found.domains.drop(columns="unit"), index=False))
        typer.echo("\nLength of the border between two domains")
        typer.echo(as_text(found.borders, index=True))
    if out is not None:
        borders = found.borders.add_prefix("border_").reset_index(drop=True)
        write_table(out, found.domains.join(borders), context.obj)
        if not quiet:
            typer.echo(f"Written: {out}")
