"""``spotscape tree``: domains at every number, nested, and levels of them as columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.cli._options import DomainKey, Out, Quiet, Source, SpatialKey
from spotscape.cli._output import check_output_file
from spotscape.cli._sources import read_one, write_result


def tree(
    context: typer.Context,
    source: Source,
    out: Out,
    lowest: Annotated[int, typer.Option(min=2, help="The number of domains of the first level.")] = 2,
    highest: Annotated[int, typer.Option(min=2, help="That of the last one.")] = 15,
    cut: Annotated[
        list[int] | None,
        typer.Option(min=2, help="A level to write as the column spotscape_domain_<number>; repeatable."),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Also draw the tree, and maps of the cuts.")
    ] = None,
    domain_key: DomainKey = None,
    spatial_key: SpatialKey = _keys.SPATIAL,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the halvings.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Grow a tree of domains: below the domains of the run they merge, above they are halved.

    OUT is IN with obs['spotscape_leaf'] and uns['spotscape_tree'], and a column for each --cut.
    """
    from spotscape import pl, tl

    check_output_file("--out", out, ".h5ad", ".rds", source=source)
    if figure is not None:
        check_output_file("--figure", figure, ".png", source=source)
    if highest < lowest:
        raise input_error("--highest", str(highest), f"a number from --lowest, {lowest}, on")
    slices, paths = read_one(source)
    (adata,) = slices.values()
    tl.domain_tree(adata, n_domains=(lowest, min(highest, adata.n_obs)), domain_key=domain_key, seed=seed)
    if cut:
        tl.cut_domain_tree(adata, n_domains=cut)
    if figure is not None:
        pl.domain_tree(adata, maps=cut, spatial_key=spatial_key, save=figure)
        context.obj.files.append(figure)
    write_result(adata, out=out, slices=slices, paths=paths)
    context.obj.files.append(out)
    if not quiet:
        record = adata.uns[_keys.tree()]
        numbers = record["n_domains"]
        typer.echo(f"levels of {numbers[0]} to {numbers[-1]} domains, grown from {record['grown_from']}")
        columns = ", ".join(_keys.level(number) for number in cut or [])
        typer.echo("\n".join(filter(None, [columns and f"columns: {columns}", f"Written: {out}"])))
