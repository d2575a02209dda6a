"""What is expressed: a log-linear model of domains, gradients and programs, and counts drawn from it.

For spot i in domain k the share of gene g among its molecules is proportional to
``exp(base_g + domain_kg + gradients_i . slopes_g + programs_i . loadings_g + batch_kg)``; its counts are
negative binomial around that share of the spot's depth. Where domains pass into each other, what belongs to k
is a mean over the spot's mixture of domains. Gradients are smooth over the tissue, and where markers vary
within domains, each domain's changes are the slopes of one more; programs stand for the mix
of cell types and states in a spot and have no spatial structure, which is what makes a spot's own counts a
poor guide to its domain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from spotscape.datasets._tissue import Field, smooth_field

_N_GRADIENTS = 3
_GRADIENT_SCALE = 0.3
_N_PROGRAMS = 20
_PROGRAM_SHAPE = 2.0
_BLOCK_VALUES = 4_000_000
"""Values drawn at once; part of the simulation, since each block has its own random stream."""


@dataclass(frozen=True)
class Expression:
    """Everything about genes and depth that the slices of one tissue share."""

    base: NDArray[np.float64]
    domain_effect: NDArray[np.float64]
    slopes: NDArray[np.float64]
    loadings: NDArray[np.float64]
    gradients: tuple[Field, ...]
    domain_depth: NDArray[np.float64]
    depth_field: Field
    marker_domain: NDArray[np.int64]
    """Per gene the domain it marks, -1 for none."""


@dataclass(frozen=True)
class Spots:
    """Latent variables of one slice, float32: what its counts are drawn from."""

    mixture: NDArray[np.float32]
    gradients: NDArray[np.float32]
    programs: NDArray[np.float32]
    depth: NDArray[np.float32]


def make_expression(
    n_genes: int,
    n_domains: int,
    n_rare: int,
    n_markers: int,
    marker_strength: float,
    noise: float,
    marker_gradients: float,
    rng: np.random.Generator,
) -> Expression:
    """Draw the genes of a tissue, of which the first ``n_rare`` domains are rare."""
    marker_domain, domain_effect = _markers(n_genes, n_domains, n_rare, n_markers, marker_strength, rng)
    expression = Expression(
        base=rng.normal(scale=1.7, size=n_genes),
        domain_effect=domain_effect,
        slopes=_sparse_loadings(_N_GRADIENTS, n_genes, 0.3, 0.25 * noise, rng),
        loadings=_sparse_loadings(_N_PROGRAMS, n_genes, 0.15, 0.25 * noise, rng),
        gradients=tuple(smooth_field(rng, _GRADIENT_SCALE) for _ in range(_N_GRADIENTS)),
        domain_depth=rng.normal(scale=0.25, size=n_domains),
        depth_field=smooth_field(rng, 0.2),
        marker_domain=marker_domain,
    )
    return _with_marker_gradients(expression, marker_gradients, rng) if marker_gradients else expression


def _with_marker_gradients(expression: Expression, amount: float, rng: np.random.Generator) -> Expression:
    """Add a gradient for each domain, along which its markers change as they do in it."""
    added = tuple(smooth_field(rng, _GRADIENT_SCALE) for _ in expression.domain_effect)
    return replace(
        expression,
        gradients=(*expression.gradients, *added),
        slopes=np.concatenate([expression.slopes, amount * expression.domain_effect]),
    )


def _markers(
    n_genes: int, n_domains: int, n_rare: int, n_markers: int, strength: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Markers per gene, and log fold changes (n_domains x n_genes); half are shared with a neighbour."""
    genes = rng.permutation(n_genes)[: n_domains * n_markers].reshape(n_domains, n_markers)
    marker_domain = np.full(n_genes, -1)
    effect = np.zeros((n_domains, n_genes))
    # Outer domains (L1 and white matter; tumour core and stroma) stand out, and rare ones, which nobody would
    # find otherwise; those in between are subtle.
    contrast = rng.uniform(0.6, 1.0, size=n_domains)
    contrast[[0, -1]] = 1.5
    contrast[:n_rare] = 1.5
    for domain, own in enumerate(genes):
        change = strength * contrast[domain] * rng.uniform(0.4, 1.6, size=n_markers)
        marker_domain[own] = domain
        effect[domain, own] = change
        neighbour = domain + rng.choice([-1, 1], size=n_markers)
        shared = (rng.random(n_markers) < 0.5) & (neighbour >= 0) & (neighbour < n_domains)
        effect[neighbour[shared], own[shared]] = change[shared] * rng.uniform(0.3, 0.9, size=shared.sum())
    return marker_domain, effect


def _sparse_loadings(
    n_programs: int, n_genes: int, share: float, scale: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw loadings (n_programs x n_genes) that are zero for all but ``share`` of the genes."""
    used = rng.random((n_programs, n_genes)) < share
    return np.where(used, rng.normal(scale=scale, size=(n_programs, n_genes)), 0.0)


def draw_spots(
    expression: Expression,
    mixture: NDArray[np.float32],
    position: NDArray[np.float64],
    depth: float,
    depth_sd: float,
    rng: np.random.Generator,
) -> Spots:
    """Draw the latent variables of a slice; ``depth`` is the median over its spots.

    ``mixture`` (n_spots x n_domains) says which parts the domains have in each spot.
    """
    log_depth = mixture @ expression.domain_depth + depth_sd * (
        0.9 * rng.normal(size=len(mixture)) + 0.4 * expression.depth_field(position)
    )
    log_depth += np.log(depth) - np.median(log_depth)
    return Spots(
        mixture=mixture,
        gradients=np.stack([field(position) for field in expression.gradients], axis=1).astype(np.float32),
        programs=_standard_gamma((len(mixture), _N_PROGRAMS), rng),
        depth=np.exp(log_depth).astype(np.float32),
    )


def _standard_gamma(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Skewed variables of mean 0 and variance 1: most spots have a little of a cell type, some have much."""
    draws = rng.standard_gamma(_PROGRAM_SHAPE, size=shape, dtype=np.float32)
    return (draws - np.float32(_PROGRAM_SHAPE)) / np.float32(np.sqrt(_PROGRAM_SHAPE))


def draw_counts(
    expression: Expression,
    spots: Spots,
    batch: NDArray[np.float64],
    dispersion: float,
    dropout: float,
    stream: list[int],
) -> csr_matrix:
    """Draw counts (n_spots x n_genes, float32 CSR) in blocks of rows; block b has stream ``[*stream, b]``."""
    n_spots, n_genes = len(spots.mixture), len(expression.base)
    rows = max(1, _BLOCK_VALUES // n_genes)
    by_domain = (expression.domain_effect + expression.base + batch).astype(np.float32)
    loadings = np.concatenate([expression.slopes, expression.loadings]).astype(np.float32)
    data, indices, lengths = [], [], []
    for block, start in enumerate(range(0, n_spots, rows)):
        part = slice(start, start + rows)
        rng = np.random.default_rng([*stream, block])
        share = spots.mixture[part] @ by_domain
        share += np.concatenate([spots.gradients[part], spots.programs[part]], axis=1) @ loadings
        np.exp(share, out=share)
        mean = share * (spots.depth[part] / share.sum(axis=1))[:, None]
        counts = csr_matrix(_negative_binomial(mean, dispersion, dropout, rng), dtype=np.float32)
        data.append(counts.data)
        indices.append(counts.indices)
        lengths.append(np.diff(counts.indptr))
    indptr = np.concatenate([[0], np.cumsum(np.concatenate(lengths), dtype=np.int64)])
    counts_data = np.concatenate(data)
    data.clear()
    return csr_matrix((counts_data, np.concatenate(indices), indptr), shape=(n_spots, n_genes))


def _negative_binomial(
    mean: NDArray[np.float32], dispersion: float, dropout: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw with variance ``mean + dispersion * mean^2``; lose counts with chance ``dropout / (1 + mean)``."""
    rate = mean
    if dispersion > 0:
        rate = mean * (dispersion * rng.standard_gamma(1 / dispersion, size=mean.shape, dtype=np.float32))
    counts = rng.poisson(rate)
    if dropout > 0:
        counts[rng.random(mean.shape, dtype=np.float32) * (1 + mean) < dropout] = 0
    return counts
