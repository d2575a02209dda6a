"""``spotscape export``: the domains of a run for a viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape.cli._options import Quiet, Source, SpatialKey
from spotscape.cli._sources import read_one


def export(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            help="Where it goes: .csv (xenium, loupe), .geojson, a new folder (vitessce, mesh), or the "
            "store that the slice was read from (spatialdata).",
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(
            help="'xenium' (Xenium Explorer), 'loupe' (Loupe Browser), 'geojson' (polygons, for QuPath and "
            "QGIS), 'vitessce', 'spatialdata' (napari), or 'mesh' (of a stack, .ply for Blender and others)."
        ),
    ],
    slice_name: Annotated[
        str | None, typer.Option("--slice", help="The slice to write, where IN holds several.")
    ] = None,
    spatial_key: SpatialKey = _keys.SPATIAL,
    scale: Annotated[
        float,
        typer.Option(help="What polygons' coordinates are multiplied by, to be in pixels of an image."),
    ] = 1.0,
    quiet: Quiet = False,
) -> None:
    """Write domains for a viewer (Xenium Explorer, Loupe, QuPath, QGIS, Vitessce, napari), or as meshes."""
    from spotscape.io import write_viewer

    (adata,) = read_one(source)[0].values()
    write_viewer(adata, out, kind=kind, slice_name=slice_name, spatial_key=spatial_key, scale=scale)
    context.obj.files.append(out)
    if not quiet:
        typer.echo(f"Written: {out}")
