"""A tissue at two times, of which is known what grew, appeared and vanished."""

import numpy as np
import pytest

from spotscape._validate import InputError
from spotscape.datasets import simulate_development


@pytest.mark.parametrize(("tissue", "n_domains"), [("cortex", 7), ("cortex", 4), ("tumour", 5)])
@pytest.mark.parametrize("seed", [0, 1])
def test_domains_grow_appear_and_vanish(tissue, n_domains, seed):
    early, late = simulate_development(
        n_spots=900, n_genes=100, tissue=tissue, n_domains=n_domains, growth=1.5, seed=seed
    )
    assert (early.n_obs, late.n_obs) == (900, 1350)
    said = early.uns["simulation"]["development"]
    shares = [one.obs["ground_truth"].value_counts(normalize=True) for one in (early, late)]
    assert shares[0][said["appeared"]] == 0 < shares[1][said["appeared"]]
    assert shares[1][said["vanished"]] == 0 < shares[0][said["vanished"]]
    assert shares[1][said["grew"]] > 1.2 * shares[0][said["grew"]]
    assert list(early.obs["ground_truth"].cat.categories) == list(late.obs["ground_truth"].cat.categories)
    assert early.obs["stage"].unique().tolist() == ["early"]


def test_the_same_seed_gives_the_same_slices():
    one, other = (simulate_development(n_spots=100, n_genes=60, seed=3)[1] for _ in range(2))
    assert (one.X != other.X).nnz == 0
    np.testing.assert_array_equal(one.obsm["spatial"], other.obsm["spatial"])


@pytest.mark.parametrize(
    ("arguments", "word"), [({"n_domains": 3}, "n_domains"), ({"growth": 0.5}, "growth")]
)
def test_bad_arguments_are_refused(arguments, word):
    with pytest.raises(InputError, match=word):
        simulate_development(n_spots=100, n_genes=60, **arguments)
