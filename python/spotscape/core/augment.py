"""Two random views of a slice: directed edges dropped, and whole genes, or components, zeroed.

Both are masks, drawn on the CPU from one generator whatever the device, so that a seed means the same
everywhere; the graph and the expression are never copied.

Source: arXiv 2506.15698, section 4.1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class View(NamedTuple):
    """What is kept, 0 or 1 in the data's dtype.

    ``edges`` (E,) per directed edge, ``genes`` per input of the encoder: G genes, or q components.
    """

    edges: Tensor
    genes: Tensor


def random_view(
    n_edges: int,
    n_genes: int,
    *,
    edge_drop: float,
    gene_mask: float,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> View:
    """Draw one view.

    Parameters
    ----------
    n_edges, n_genes
        Lengths of the masks.
    edge_drop, gene_mask
        Probabilities that an edge, and a gene, is left out.
    generator
        The run's only source of randomness; on the CPU.
    device, dtype
        Where and as what the masks are wanted.

    Returns
    -------
    View

    Examples
    --------
    >>> import torch
    >>> from spotscape.core.augment import random_view
    >>> g = torch.Generator().manual_seed(0)
    >>> random_view(4, 2, edge_drop=0.0, gene_mask=0.0, generator=g).edges.tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    edges = torch.rand(n_edges, generator=generator) >= edge_drop
    genes = torch.rand(n_genes, generator=generator) >= gene_mask
    return View(edges.to(device, dtype), genes.to(device, dtype))


def full_view(
    n_edges: int, n_genes: int, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> View:
    """Return the view that leaves nothing out, used for the final embedding."""
    return View(
        torch.ones(n_edges, device=device, dtype=dtype), torch.ones(n_genes, device=device, dtype=dtype)
    )
