"""Time and memory of one slice, from file to domains, and of a step against the literal N x N method.

    python -m benchmarks.speed [--slice dlpfc_151673]

The whole run is a process of its own, as a user would start it: imports, reading, graph, genes, components,
domains. A step is of the published encoder's training. The literal reference is the method as its formulas
stand: dense X, dense X̂, all N x N similarities.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch.nn.functional import normalize

from benchmarks import _machine, _process, _slices
from spotscape import gr, pp
from spotscape.config import SpotscapeConfig
from spotscape.core.augment import random_view
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.expression import DenseExpression
from spotscape.core.objective import objective
from spotscape.engine.slice_graph import SliceGraph

WHOLE_RUN = """
import sys, spotscape
adata = spotscape.io.read(sys.argv[1])
spotscape.tl.run_spotscape(adata, n_domains=int(sys.argv[2]), progress=False)
"""


def whole_run(name: str) -> tuple[float, float]:
    """Return seconds and peak memory (GB) of a process that goes from the file to domains."""
    _, n_domains = _slices.read(name)
    return _process.measure(WHOLE_RUN, [str(_slices.path_of(name)), str(n_domains)])


def step_seconds(name: str, *, rank: int, literal: bool = False, steps: int = 5) -> float:
    """Return the median time of a training step, exact in O(N d²) or literal in O(N²)."""
    config = SpotscapeConfig.paper()
    adata, _ = _slices.read(name)
    gr.spatial_neighbors(adata)
    pp.select_genes(adata, n_top_genes=config.n_top_genes, ranking="variable")
    x = pp.normalized_expression(adata, genes=adata.var["spotscape_genes"])
    graph = SliceGraph.from_scipy(x, adata.obsp["spatial_connectivities"], rank=rank, seed=0)
    if literal:
        graph = SliceGraph(DenseExpression(torch.from_numpy(x.toarray())), graph.edge_index)
    generator = torch.Generator().manual_seed(0)
    n_inputs = graph.n_genes
    model = GraphAutoencoder(
        n_inputs,
        graph.n_genes,
        256,
        64,
        batch_norm_momentum=0.99,
        generator=generator,
    )
    neighborhood = Neighborhood(graph.edge_index, graph.n_spots)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    times = []
    for _ in range(steps + 1):
        started = time.perf_counter()
        rates = {"edge_drop": 0.2, "gene_mask": 0.2, "generator": generator}
        views = tuple(random_view(graph.edge_index.shape[1], n_inputs, **rates) for _ in range(2))
        optimizer.zero_grad()
        if literal:
            loss = literal_loss(model, graph.expression.x, neighborhood, views)
        else:
            loss = objective(
                model,
                graph.expression,
                graph.expression,
                neighborhood,
                views,
                telescope_weight=1.0,
                reconstruction_weight=0.1,
            ).total
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter() - started)
    return sorted(times[1:])[steps // 2]


def literal_loss(
    model: GraphAutoencoder, x: torch.Tensor, neighborhood: Neighborhood, views: tuple
) -> torch.Tensor:
    """Return the objective as its formulas stand: X̂ of N x G, and similarities of N x N."""
    z1, z2 = (
        model.encode(DenseExpression(x), neighborhood.propagation(view.edges), view.genes) for view in views
    )
    u, v = normalize(z1, dim=1), normalize(z2, dim=1)
    telescope = (u @ v.T - v @ u.T).square().mean()
    rebuilt = (model.decoder_output(model.decode_hidden(z)) for z in (z1, z2))
    reconstruction = sum((x - x_hat).square().mean() for x_hat in rebuilt) / 2
    return telescope + 0.1 * reconstruction


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slice", default="dlpfc_151673")
    name = parser.parse_args().slice
    seconds, memory = whole_run(name)
    print(f"{name}, file to domains, default settings: {seconds:.1f} s, peak {memory:.2f} GB\n")
    literal = step_seconds(name, rank=0, literal=True)
    print("| a training step | seconds | literal / this |\n| --- | --- | --- |")
    print(f"| literal: dense X, X̂ and N x N similarities | {literal:.3f} | 1.0 |")
    for label, rank in (
        ("exact, X as it is", 0),
        ("exact, X by its truncated SVD", SpotscapeConfig().expression_rank),
    ):
        taken = step_seconds(name, rank=rank)
        print(f"| {label} | {taken:.3f} | {literal / taken:.1f} |")
    print(f"\n{_machine.describe()}")


if __name__ == "__main__":
    main()
