"""Prototypes against a literal loop, and K-means against clear groups."""

import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from spotscape.core.prototypes import GRANULARITIES, find_prototypes, kmeans, prototype_loss


def groups(dtype=torch.float64, sizes=(9, 14, 6, 11)):
    """Groups far apart."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    centres = 30 * torch.eye(len(sizes), 6, dtype=dtype)
    return centres[labels] + torch.randn(len(labels), 6, generator=generator, dtype=dtype), labels


def literal(z, prototypes, temperature):
    """The formula, spot by spot."""
    terms = []
    for centroids, assignments in prototypes:
        for i in range(len(z)):
            similarities = [cosine_similarity(z[i], c, dim=0) / temperature for c in centroids]
            own = similarities[int(assignments[i])]
            terms.append(-(own - torch.log(sum(torch.exp(s) for s in similarities))))
    return torch.stack(terms).mean()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
def test_agrees_with_the_literal_formula(dtype):
    z, _ = groups(dtype)
    z = torch.relu(z).requires_grad_()
    prototypes = find_prototypes(z, 3, generator=torch.Generator().manual_seed(0))
    loss, expected = prototype_loss(z, prototypes, temperature=0.75), literal(z, prototypes, 0.75)
    torch.testing.assert_close(loss, expected)
    (gradient,), (reference,) = torch.autograd.grad(loss, z), torch.autograd.grad(expected, z)
    torch.testing.assert_close(gradient, reference, rtol=1e-4, atol=1e-6)


def test_kmeans_finds_clear_groups():
    z, labels = groups()
    centroids, assignments = kmeans(z, 4, generator=torch.Generator().manual_seed(5))
    assert len({(int(a), int(b)) for a, b in zip(assignments, labels, strict=True)}) == 4
    for cluster in range(4):
        torch.testing.assert_close(centroids[cluster], z[assignments == cluster].mean(0))


def test_neither_centroids_nor_assignments_have_a_gradient():
    z, _ = groups()
    prototypes = find_prototypes(z.requires_grad_(), 4, generator=torch.Generator().manual_seed(0))
    assert not any(p.centroids.requires_grad for p in prototypes)


def test_granularities():
    z, _ = groups()
    prototypes = find_prototypes(z, 4, generator=torch.Generator().manual_seed(0))
    assert [len(p.centroids) for p in prototypes] == [math.floor(4 * share) for share in GRANULARITIES]
    few = find_prototypes(z[:3], 4, generator=torch.Generator().manual_seed(0))
    assert [len(p.centroids) for p in few] == [3, 3, 3]


def test_same_seed_same_bits_and_points_that_coincide():
    z, _ = groups()
    first, second = (kmeans(z, 7, generator=torch.Generator().manual_seed(2)) for _ in range(2))
    assert torch.equal(first.centroids, second.centroids)
    same = kmeans(torch.ones(5, 2), 3, generator=torch.Generator().manual_seed(2))
    assert torch.isfinite(same.centroids).all()
