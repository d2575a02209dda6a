"""``spotscape names`` and ``spotscape rename``: what each domain may be called, and new names for domains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.cli._options import CountsLayer, DomainKey, GeneKey, Out, Quiet, Source
from spotscape.cli._output import check_output_file, write_table
from spotscape.cli._sources import read_one, write_result
from spotscape.cli._tables import read_table

if TYPE_CHECKING:
    import pandas as pd


def names(
    context: typer.Context,
    source: Source,
    markers: Annotated[
        str,
        typer.Option(
            "--markers",
            "-m",
            help="Marker lists: a .csv or .tsv file with columns name and gene, a .gmt file, or one of "
            "'cortex layers', 'mouse brain', 'tumour', 'immune', which ship.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="CSV", help="Also write the table here.")
    ] = None,
    margin: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="Lead over the second list that makes a name sure.")
    ] = 0.1,
    gene_key: GeneKey = None,
    domain_key: DomainKey = None,
    layer: CountsLayer = None,
    quiet: Quiet = False,
) -> None:
    """Suggest a name for each domain by lists of markers.

    A score is how often a spot of the domain has a higher level of the list's genes than another spot: 0.5 by
    chance, 1 at best. 'spotscape rename' takes the table. IN is not changed.
    """
    from spotscape import tl

    if out is not None:
        check_output_file("--out", out, ".csv", source=source)
    (adata,) = read_one(source)[0].values()
    table = tl.suggest_domain_names(
        adata, markers=markers, margin=margin, gene_key=gene_key, domain_key=domain_key, layer=layer
    )
    if not quiet:
        for row in table.itertuples():
            typer.echo(_line(row))
    if out is not None:
        write_table(out, table, context.obj)
        if not quiet:
            typer.echo(f"Written: {out}")


def rename(
    context: typer.Context,
    source: Source,
    out: Out,
    new: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="OLD=NEW", help="A domain and its new name; repeatable."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--names", metavar="CSV", help="A table with columns domain and name; of 'sure' only the True."
        ),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Make one domain of those that get the same name.")
    ] = False,
    domain_key: DomainKey = None,
    quiet: Quiet = False,
) -> None:
    """Give domains new names. Order, colours and confidence stay.

    Of what 'spotscape names' wrote, sure names are taken. Edit the table to take others.
    """
    from spotscape import tl

    check_output_file("--out", out, ".h5ad", ".rds", source=source)
    if bool(new) == (table is not None):
        found = "both --name and --names" if new else "neither --name nor --names"
        raise input_error("--names", found, "one of them")
    wanted = _pairs(new or []) if table is None else _read_names(table)
    slices, paths = read_one(source)
    (adata,) = slices.values()
    tl.rename_domains(adata, wanted, merge=merge, domain_key=domain_key)
    write_result(adata, out=out, slices=slices, paths=paths)
    context.obj.files.append(out)
    if not quiet:
        column = adata.obs[domain_key or _keys.domain()]
        sizes = column.value_counts().reindex(column.cat.categories)
        typer.echo(", ".join(f"{name} ({size:,})" for name, size in sizes.items()))
        typer.echo(f"Written: {out}")


def _line(row: object) -> str:
    """Say what a domain may be called."""
    name = f"{row.name} ({row.score:.2f})" if row.name else "no name"
    second = f", second {row.second} ({row.second_score:.2f})" if row.second else ""
    return f"{row.domain}: {'' if row.sure else 'unsure, perhaps '}{name}{second}"


def _pairs(names: list[str]) -> dict[str, str]:
    """Return new names by the old; the first = parts them."""
    pairs = {}
    for text in names:
        old, equals, new = text.partition("=")
        if not (equals and old and new):
            raise input_error("--name", repr(text), "OLD=NEW, as in 3=L1")
        if old in pairs:
            raise input_error("--name", f"two names for domain {old!r}", "one")
        pairs[old] = new
    return pairs


def _read_names(path: Path) -> pd.DataFrame:
    """Return the table of names in a file, as `spotscape names` writes it."""
    table = read_table("--names", path, {"domain": str, "name": str, "sure": str})
    if "sure" in table:
        said = table["sure"].fillna("").str.strip().str.lower()
        if not said.isin(["true", "false"]).all():
            raise input_error("--names", "something else in column 'sure'", "True or False")
        table["sure"] = said == "true"
    return table
