"""Arguments and options that several commands share, with one text each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    Path, typer.Argument(metavar="IN", help="What 'spotscape run' wrote: an .h5ad or .rds file.")
]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="OUT", help="Where the object goes: .h5ad, or .rds for R.")
]
DomainKey = Annotated[
    str | None, typer.Option(help="The column of obs with the domains; the run's where left out.")
]
SliceKey = Annotated[
    str | None, typer.Option(help="The column of obs with the slices; the run's where left out.")
]
DonorKey = Annotated[
    str | None,
    typer.Option(help="The column of obs with the donors. Left out, each slice is its own replicate."),
]
SpatialKey = Annotated[str, typer.Option(help="The name of the coordinates in obsm.")]
GeneKey = Annotated[
    str | None, typer.Option(help="The column of var with gene symbols; looked for where left out.")
]
CountsLayer = Annotated[str | None, typer.Option(help="The layer with the raw counts.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but warnings and errors.")]
