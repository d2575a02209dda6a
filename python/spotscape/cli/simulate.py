"""``spotscape simulate``: a slice with a known answer, to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spotscape import _keys
from spotscape.cli._options import Quiet
from spotscape.cli._output import check_output_file


def simulate(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT.h5ad", help="Where the slice goes.")],
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
    check_output_file("--out", out, ".h5ad")

    from spotscape.datasets import simulate_slice
    from spotscape.io import write

    adata = simulate_slice(
        n_spots=spots,
        n_genes=genes,
        tissue=tissue,
        layout=layout,
        n_domains=n_domains,
        noise=noise,
        marker_gradients=marker_gradients,
        border_width=border_width,
        hole_share=hole_share,
        seed=seed,
    )
    write(adata, out)
    context.obj.files.append(out)
    if not quiet:
        n_true = adata.obs[_keys.GROUND_TRUTH].nunique()
        typer.echo(f"{out}: {adata.n_obs:,} spots x {adata.n_vars:,} genes, {n_true} true domains ({tissue})")
