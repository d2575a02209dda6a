"""Mixtures, sharpening and domains of tensors: those of arrays. CPU tensors stand in for a GPU's."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from spotscape._arrays import on_host
from spotscape.domains import clustering, find_domains, mixture
from spotscape.domains.clustering import kmeans_labels, kmeans_starts
from spotscape.domains.mixture import fit_mixture
from spotscape.domains.number import suggest
from spotscape.domains.sharpening import find_sharpening
from spotscape.domains.split_merge import split_and_merge


@pytest.fixture(scope="module")
def groups():
    rng = np.random.default_rng(0)
    truth = rng.integers(5, size=1200)
    return rng.normal(size=(5, 8))[truth] * 3 + rng.normal(size=(1200, 8)) * np.linspace(1, 3, 8)


def test_a_mixture_and_its_moves(groups):
    starts = [np.where(labels > 2, 2, labels) for labels in kmeans_starts(groups, 5, 2, seed=0)]
    found = []
    for values in (groups, torch.from_numpy(groups)):
        fitted = fit_mixture(values, starts, 5)
        moved = split_and_merge(fitted, values)
        posterior = moved.posterior(values)
        assert type(posterior) is type(values)
        assert all(isinstance(part, np.ndarray) for part in moved[:3]), "what is small stays numpy's"
        found.append((fitted.score, moved.score, on_host(posterior)))
    (fitted, moved, posterior), of_tensors = found
    assert moved > fitted + 0.01, "a move was made, or the test says nothing"
    np.testing.assert_allclose(of_tensors[:2], [fitted, moved], atol=1e-8)
    np.testing.assert_allclose(of_tensors[2], posterior, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sharpening(groups, dtype):
    here = groups.astype(dtype)
    expected = find_sharpening(here, seed=1)
    found = find_sharpening(torch.from_numpy(here), seed=1)
    np.testing.assert_allclose(found.directions, expected.directions, atol=1e-5)
    sharpened = found.apply(torch.from_numpy(here))
    assert sharpened.dtype == torch.float32
    np.testing.assert_allclose(sharpened.numpy(), expected.apply(here), atol=1e-5)
    assert find_sharpening(torch.ones(60, 3), seed=0) is None


@pytest.mark.parametrize("method", ["gmm", "kmeans", "leiden"])
@pytest.mark.parametrize("n_domains", [5, None])
def test_domains(groups, method, n_domains):
    asked = {"method": method, "n_starts": 3, "seed": 2}
    expected = find_domains(groups, n_domains, **asked)
    found = find_domains(torch.from_numpy(groups), n_domains, **asked)
    np.testing.assert_array_equal(found.labels, expected.labels)
    assert found.details == expected.details
    if method == "gmm":
        np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-5)


def test_domains_of_a_sample(groups, monkeypatch):
    monkeypatch.setattr(clustering, "MOST_SPOTS", 400)
    monkeypatch.setattr(clustering, "_AT_ONCE", 256)
    expected, found = (find_domains(each, 5, seed=1) for each in (groups, torch.from_numpy(groups)))
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-5)


def test_the_number_of_domains_and_its_curve(groups):
    expected, found = (
        suggest(each, candidates=(2, 5, 8), seed=0) for each in (groups, torch.from_numpy(groups))
    )
    np.testing.assert_allclose(found.log_likelihood, expected.log_likelihood, atol=1e-6)
    assert found.digest == expected.digest
    assert found.n_domains == expected.n_domains


def test_arrays_of_numpy_are_computed_as_by_numpy_alone(groups):
    """To the bit: results of the CPU are the same as before tensors came in."""
    found = fit_mixture(groups, kmeans_starts(groups, 5, 2, seed=0), 5)
    origin = found.shares @ found.means
    spots, means = (groups - origin) @ found.whiten, (found.means - origin) @ found.whiten
    log = spots @ means.T
    log -= 0.5 * np.square(means).sum(axis=1) - np.log(found.shares)
    largest = log.max(axis=1, keepdims=True)
    members = np.exp(log - largest)
    total = members.sum(axis=1, keepdims=True)
    members /= total
    constant = np.log(np.diag(found.whiten)).sum() - 0.5 * groups.shape[1] * np.log(2 * np.pi)
    score = (largest + np.log(total)).mean() - 0.5 * np.square(spots).sum(axis=1).mean() + constant
    np.testing.assert_array_equal(found.posterior(groups), members)
    assert mixture._expectation(found, groups)[1] == score

    sharpening = find_sharpening(groups, seed=0)
    by_numpy = ((groups - sharpening.center) @ sharpening.directions).astype(np.float32)
    np.testing.assert_array_equal(sharpening.apply(groups), by_numpy)
    np.testing.assert_array_equal(sharpening.center, groups.mean(axis=0))


def test_cuml_is_asked_on_a_gpu_where_it_is_installed(groups, monkeypatch):
    asked = []

    class OnGPU:
        """What cuML's K-means looks like: all arguments by name."""

        def __init__(self, *, n_clusters, init, n_init, random_state, output_type):
            self.means = KMeans(n_clusters, init=init, n_init=n_init, random_state=random_state)
            asked.append((n_clusters, output_type))

        def fit(self, values):
            assert isinstance(values, torch.Tensor), "no way by the host"
            self.labels_ = self.means.fit(values.numpy()).labels_
            return self

        def predict(self, values):
            return self.means.predict(values.numpy())

    values = torch.from_numpy(groups)
    expected = kmeans_labels(groups, 5, n_starts=2, seed=0)
    cuml, cluster = ModuleType("cuml"), ModuleType("cuml.cluster")
    cluster.KMeans = OnGPU
    monkeypatch.setitem(sys.modules, "cuml", cuml)
    monkeypatch.setitem(sys.modules, "cuml.cluster", cluster)
    np.testing.assert_array_equal(kmeans_labels(values, 5, n_starts=2, seed=0), expected)
    assert not asked, "CPU"
    monkeypatch.setattr(clustering, "on_nvidia_gpu", lambda values: isinstance(values, torch.Tensor))
    np.testing.assert_array_equal(kmeans_labels(values, 5, n_starts=2, seed=0), expected)
    assert asked == [(5, "numpy")]
    monkeypatch.setitem(sys.modules, "cuml.cluster", None)  # as where it is not installed
    np.testing.assert_array_equal(kmeans_labels(values, 5, n_starts=2, seed=0), expected)
    assert len(asked) == 1
