"""``spotscape composition``: which cell types each domain is made of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.cli._options import CountsLayer, DomainKey, DonorKey, Quiet, SliceKey, Source, SpatialKey
from spotscape.cli._output import check_output_file, write_table
from spotscape.cli._sources import read_one
from spotscape.cli._tables import read_named_rows

if TYPE_CHECKING:
    import pandas as pd


def composition(
    context: typer.Context,
    source: Source,
    cell_types: Annotated[
        list[str] | None,
        typer.Option(
            "--cell-types",
            help="A column of obs with a type for each spot, or a table of proportions in obsm; "
            "repeated: columns of obs with proportions.",
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="In its place: proportions, spots x types, names of spots first."),
    ] = None,
    signatures: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="In its place: mean counts, genes x types, names of genes first."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="CSV", help="Where the table of enrichment goes.")
    ] = None,
    shares: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Where the shares go, of each slice and domain.")
    ] = None,
    comparison: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Where the comparison of conditions goes.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where a figure goes (.png, .pdf, .svg).")
    ] = None,
    normalize: Annotated[
        bool, typer.Option("--normalize", help="Divide the proportions of each spot by their sum.")
    ] = False,
    domain_key: DomainKey = None,
    slice_key: SliceKey = None,
    condition_key: Annotated[
        str | None, typer.Option(help="The column of obs with conditions; the run's where left out.")
    ] = None,
    donor_key: DonorKey = None,
    reference: Annotated[
        str | None, typer.Option(help="The condition that the others are compared with.")
    ] = None,
    min_spots: Annotated[
        int, typer.Option(min=1, help="Of several slices: spots of a domain that a slice needs.")
    ] = 10,
    n_permutations: Annotated[
        int, typer.Option(min=0, help="Of one slice: moves of the map; 0 for no test.")
    ] = 999,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the moves.")] = 0,
    spatial_key: SpatialKey = _keys.SPATIAL,
    layer: CountsLayer = None,
    quiet: Quiet = False,
) -> None:
    """Say which cell types each domain is made of, and which are more or less than chance.

    In one slice, chance is maps moved as a whole within the tissue. Of several slices, the slices are the
    replicates, or donors with --donor-key. IN is not changed.
    """
    from spotscape import pl, tl

    files = {"--out": out, "--shares": shares, "--comparison": comparison}
    for option, path in files.items():
        if path is not None:
            check_output_file(option, path, ".csv", source=source)
    if figure is not None:
        check_output_file("--figure", figure, ".png", ".pdf", ".svg", source=source)
    given: pd.DataFrame | list[str] | str | None = cell_types or None
    if table is not None:
        if cell_types:
            raise input_error("--table", "also --cell-types", "one of the two")
        given = read_named_rows("--table", table)
    elif cell_types and len(cell_types) == 1:
        given = cell_types[0]
    profiles = None if signatures is None else read_named_rows("--signatures", signatures)
    (adata,) = read_one(source)[0].values()
    found = tl.domain_composition(
        adata,
        given,
        signatures=profiles,
        normalize=normalize,
        domain_key=domain_key,
        slice_key=slice_key,
        condition_key=condition_key,
        donor_key=donor_key,
        reference=reference,
        min_spots=min_spots,
        n_permutations=n_permutations,
        seed=seed,
        spatial_key=spatial_key,
        layer=layer,
    )
    if comparison is not None and found.comparison is None:
        raise input_error(
            "--comparison", "a file, and no conditions", "conditions of slices", "Give --condition-key."
        )
    if not quiet:
        typer.echo(_text(found.enrichment))
    tables = dict(zip(files, (found.enrichment, found.composition, found.comparison), strict=True))
    for option, path in files.items():
        if path is not None:
            write_table(path, tables[option], context.obj)
    if figure is not None:
        pl.domain_composition(found, save=figure)
        context.obj.files.append(figure)
    if not quiet:
        for path in (*files.values(), figure):
            if path is not None:
                typer.echo(f"Written: {path}")


def _text(enrichment: pd.DataFrame) -> str:
    """Return the shares of each domain, with a sign where they are not by chance."""
    import numpy as np

    sure = enrichment["p_adjusted"] < 0.05
    sign = np.select([sure & (enrichment["z"] > 0), sure], ["+", "-"], "")
    shown = enrichment.assign(
        share=[f"{share:.0%}{one}" for share, one in zip(enrichment["share"], sign, strict=True)]
    )
    wide = shown.pivot(index="domain", columns="cell_type", values="share")
    wide = wide.reindex(index=enrichment["domain"].unique(), columns=enrichment["cell_type"].unique())
    return f"{wide.to_string()}\n+ or -: more or less than expected (adjusted p below 0.05)"
