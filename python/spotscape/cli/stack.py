"""``spotscape align-stack``: many sections in order, in one volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.cli._options import Out, Quiet, SliceKey, Source, SpatialKey
from spotscape.cli.after import Seed, _change

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def align_stack(
    context: typer.Context,
    source: Source,
    out: Out,
    thickness: Annotated[
        float | None,
        typer.Option(help="Distance from a section to the next, in the unit of the coordinates."),
    ] = None,
    positions: Annotated[
        str | None,
        typer.Option(metavar="0,10,30", help="Or where each section lies along z, in their order."),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,,D",
            help="All sections from one end to the other; nothing between two commas where one is missing.",
        ),
    ] = None,
    transform: Annotated[
        str, typer.Option(help="'rigid', or 'nonrigid': bent towards its neighbours.")
    ] = "rigid",
    skips: Annotated[
        int, typer.Option(min=1, help="How many of those that follow a section it is aligned to.")
    ] = 2,
    slice_key: SliceKey = None,
    spatial_key: SpatialKey = _keys.SPATIAL,
    seed: Seed = 0,
    quiet: Quiet = False,
) -> None:
    """Bring many sections in order into one volume; a torn or missing one is bridged.

    OUT is IN with obsm['spatial_3d'] and uns['spotscape_stack'] (sections and their alignments).
    """
    from spotscape import tl

    def act(adata: AnnData) -> str:
        tl.align_stack(
            adata,
            slice_key=slice_key,
            order=None if order is None else [name.strip() or None for name in order.split(",")],
            thickness=thickness,
            positions=None if positions is None else _numbers(positions),
            transform=transform,
            skips=skips,
            seed=seed,
            spatial_key=spatial_key,
        )
        table = adata.uns[_keys.stack()]["sections"]
        return "\n".join(_said_of(row) for _, row in table.iterrows())

    _change(context, source, out, act, quiet)


def _numbers(text: str) -> list[float]:
    """Return the numbers of a list on the command line."""
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise input_error("--positions", repr(text), "numbers with commas between them, as 0,10,30") from None


def _said_of(row: pd.Series) -> str:
    """Return what happened to a section, of its row in the table."""
    if not row["placed"]:
        return f"{row[_keys.SLICE]}: not placed"
    over = ", turned over" if row["turned_over"] else ""
    bent = f", bent by {row['bent_by']:.1f} spot distances" if row["bent_by"] else ""
    return (
        f"{row[_keys.SLICE]}: z {row['z']:g}, turned by {row['rotation']:.0f} degrees{over}{bent}, "
        f"held by {row['n_edges']} alignments"
    )
