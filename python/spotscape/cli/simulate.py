"""``spotscape simulate``: a slice with a known answer, to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape._validate import input_error
from spotscape.cli._options import Quiet
from spotscape.cli._output import check_output_file


def simulate(
    context: typer.Context,
    out: Annotated[
        list[Path],
        typer.Option(
            "--out",
            "-o",
            metavar="OUT.h5ad",
            help="Where the slice goes; again for more slices of one tissue.",
        ),
    ],
    spots: Annotated[
        int, typer.Option(min=10, help="Number of spots or cells, before --hole-share takes some out.")
    ] = 3000,
    genes: Annotated[int, typer.Option(min=10, help="Number of genes.")] = 2000,
    tissue: Annotated[
        str,
        typer.Option(help="'cortex' (layers), 'tumour' (islands) or 'rare' (some domains of 1 to 3 % only)."),
    ] = "cortex",
    layout: Annotated[
        str, typer.Option(help="'hexagonal' or 'square' (spots on a grid), or 'cells' (free).")
    ] = "hexagonal",
    n_domains: Annotated[int, typer.Option("--n-domains", "-k", help="Number of true domains.")] = 7,
    marker_strength: Annotated[
        float, typer.Option(min=0, help="Mean log fold change of a domain's markers; 0.7 is realistic.")
    ] = 0.7,
    noise: Annotated[float, typer.Option(min=0, help="Noise of the expression; 1 is realistic.")] = 1.0,
    marker_gradients: Annotated[
        float,
        typer.Option(help="How much markers vary smoothly within domains too; 1 is as much as between them."),
    ] = 0.0,
    border_width: Annotated[
        float,
        typer.Option(help="Width of the zone in which domains pass into each other; 1 is the tissue's side."),
    ] = 0.0,
    hole_share: Annotated[
        float, typer.Option(help="Share of the spots that a hole and a tear in the tissue take, up to 0.3.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random numbers.")] = 0,
    quiet: Quiet = False,
) -> None:
    """Simulate a slice whose true domains are known.

    The file holds counts in X, coordinates in obsm['spatial'], and the true domains in obs['ground_truth'].
    """
    for path in out:
        check_output_file("--out", path, ".h5ad")
    if len(set(out)) < len(out):
        raise input_error("--out", f"{len(out)} times, not all different", "a file of its own for each slice")

    from spotscape.datasets import simulate_slices
    from spotscape.io import write

    made = simulate_slices(
        n_slices=len(out),
        n_spots=spots,
        n_genes=genes,
        tissue=tissue,
        layout=layout,
        n_domains=n_domains,
        marker_strength=marker_strength,
        noise=noise,
        marker_gradients=marker_gradients,
        border_width=border_width,
        hole_share=hole_share,
        seed=seed,
    )
    for path, adata in zip(out, made, strict=True):
        write(adata, path)
        context.obj.files.append(path)
        if not quiet:
            n_true = adata.obs[_keys.GROUND_TRUTH].nunique()
            size = f"{adata.n_obs:,} spots x {adata.n_vars:,} genes"
            typer.echo(f"{path}: {size}, {n_true} true domains ({tissue})")
