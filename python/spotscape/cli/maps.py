"""``spotscape tissue-maps`` and ``spotscape interactive-map``: to look at the tissue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape.cli._options import Quiet, SliceKey, Source, SpatialKey
from spotscape.cli._output import check_output_file
from spotscape.cli._sources import read_one

Panels = Annotated[
    list[str] | None,
    typer.Option(
        "--panel",
        help="What to show: 'domain', 'confidence', a column of obs, a gene, a key of obsm with the parts of "
        "each spot, or 'key:column'; repeatable. Domain and confidence where left out.",
    ),
]
Slices = Annotated[
    list[str] | None, typer.Option("--slice", help="A slice to show; repeatable. All where left out.")
]
Layer = Annotated[
    str | None,
    typer.Option(help="The layer with the expression, shown as it is; log counts where left out."),
]
Image = Annotated[bool, typer.Option("--image/--no-image", help="The tissue image under the spots.")]
Title = Annotated[str | None, typer.Option(help="The heading.")]


def tissue_maps(
    context: typer.Context,
    source: Source,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="OUT", help="Where the figure goes: .png, .pdf or .svg."),
    ],
    panels: Panels = None,
    slice_key: SliceKey = None,
    slices: Slices = None,
    layer: Layer = None,
    img: Image = True,
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Opacity of the spots.")] = 1.0,
    cmap: Annotated[str, typer.Option(help="A colormap of matplotlib, for numbers.")] = "viridis",
    title: Title = None,
    spatial_key: SpatialKey = _keys.SPATIAL,
    quiet: Quiet = False,
) -> None:
    """Draw maps of the tissue side by side: domains, confidence, genes, cell types.

    One row a slice. IN is not changed.
    """
    from spotscape import pl

    check_output_file("--out", out, ".png", ".pdf", ".svg", source=source)
    (adata,) = read_one(source)[0].values()
    pl.tissue_maps(
        adata,
        panels=panels or None,
        slice_key=slice_key,
        slices=slices or None,
        spatial_key=spatial_key,
        layer=layer,
        img=img,
        alpha=alpha,
        cmap=cmap,
        title=title,
        save=out,
    )
    _say(context, out, quiet)


def interactive_map(
    context: typer.Context,
    source: Source,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="MAP.html", help="Where the page goes.")],
    panels: Panels = None,
    slice_key: SliceKey = None,
    slices: Slices = None,
    layer: Layer = None,
    img: Image = True,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="How many spots to show, at random; needed above 100,000 spots."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 0,
    cmap: Annotated[str, typer.Option(help="A colormap of matplotlib, for numbers.")] = "viridis",
    title: Title = None,
    spatial_key: SpatialKey = _keys.SPATIAL,
    quiet: Quiet = False,
) -> None:
    """Write a map to explore in a browser: one HTML file that needs neither server nor network.

    Zoom, see the spot under the pointer, click on a domain to see it alone. IN is not changed.
    """
    from spotscape import pl

    check_output_file("--out", out, ".html", ".htm", source=source)
    (adata,) = read_one(source)[0].values()
    pl.interactive_map(
        adata,
        out,
        panels=panels or None,
        slice_key=slice_key,
        slices=slices or None,
        spatial_key=spatial_key,
        layer=layer,
        img=img,
        cmap=cmap,
        sample=sample,
        seed=seed,
        title=title,
    )
    _say(context, out, quiet)


def _say(context: typer.Context, out: Path, quiet: bool) -> None:
    context.obj.files.append(out)
    if not quiet:
        typer.echo(f"Written: {out}")
