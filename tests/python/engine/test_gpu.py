"""One of NVIDIA's GPUs against the CPU: the same training, where there is such a GPU."""

from importlib.util import find_spec

import anndata
import numpy as np
import pytest
import torch

import spotscape
from spotscape.config import SpotscapeConfig
from spotscape.engine.checkpoint import Checkpoint
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trainer import fit

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no NVIDIA GPU here")

CASES = {
    "low rank": {},
    "genes": {"expression_rank": 0},
    "genes by tiles": {"expression_rank": 0, "batch_spots": 200},
    "several slices": {},
    "several slices by tiles": {"batch_spots": 200},
}


def settings(name, **changes):
    values = {"epochs": 12, "expression_rank": 20, "learning_rate": 1e-3}
    return SpotscapeConfig(**{**values, "matching_spots": 100, **CASES[name], **changes})


def tissue(name, config):
    """Return simulated slices, or the first of them."""
    slices = spotscape.datasets.simulate_slices(n_slices=2, n_spots=300, n_genes=80, n_domains=3)
    both = anndata.concat(slices) if name.startswith("several") else slices[0]
    spotscape.gr.spatial_neighbors(both, slice_key="slice")
    codes = both.obs["slice"].astype("category").cat.codes.to_numpy()
    return SliceGraph.from_scipy(
        spotscape.pp.normalized_expression(both),
        both.obsp["spatial_connectivities"],
        rank=config.expression_rank,
        seed=0,
        coordinates=both.obsm["spatial"],
        slices=codes if name.startswith("several") else None,
        centering=1.0,
    )


def train(name, device, **changes):
    config = settings(name, **changes)
    n_domains = 3 if name.startswith("several") else None
    return fit(tissue(name, config), config, n_domains=n_domains, device=device)


def far(found, wanted):
    """Return the largest difference as a share of the largest value."""
    return np.abs(found - wanted).max() / np.abs(wanted).max()


@pytest.mark.parametrize("name", CASES)
def test_a_gpu_trains_as_the_cpu_does(name):
    there, here = train(name, "cuda"), train(name, "cpu")
    for loss, values in here.losses.items():
        # several slices choose their best matches and prototypes, which rounding can change
        within = 1e-2 if name.startswith("several") else 1e-3
        np.testing.assert_allclose(there.losses[loss], values, rtol=within, atol=1e-7, err_msg=loss)
    assert far(there.embedding, here.embedding) < (2e-2 if name.startswith("several") else 2e-3)
    assert next(there.model.parameters()).device.type == "cpu"


@pytest.mark.parametrize("name", CASES)
def test_the_first_step_is_the_same_up_to_rounding(name):
    there, here = train(name, "cuda", epochs=1), train(name, "cpu", epochs=1)
    for loss, values in here.losses.items():
        np.testing.assert_allclose(there.losses[loss], values, rtol=1e-4, atol=1e-9, err_msg=loss)


@pytest.mark.parametrize("name", CASES)
def test_same_seed_same_bits_on_one_gpu(name):
    first, second = (train(name, "cuda") for _ in range(2))
    assert np.array_equal(first.embedding, second.embedding)


@pytest.mark.parametrize("name", ["low rank", "genes", "several slices"])
def test_mixed_precision_stays_near(name):
    mixed, single = train(name, "cuda", mixed_precision=True), train(name, "cuda")
    assert mixed.embedding.dtype == np.float32
    assert far(mixed.losses["total"], single.losses["total"]) < 0.05
    assert far(mixed.embedding, single.embedding) < 0.1


@pytest.mark.parametrize("name", ["low rank", "several slices by tiles"])
def test_a_training_killed_on_a_gpu_goes_on(name, tmp_path):
    def killed(epoch, epochs, loss):
        if epoch == 7:
            raise KeyboardInterrupt

    config = settings(name)
    graph, n_domains = tissue(name, config), 3 if name.startswith("several") else None
    checkpoint = Checkpoint(tmp_path / "state.safetensors", minutes=0, resume=True)
    with pytest.raises(KeyboardInterrupt):
        fit(graph, config, n_domains=n_domains, device="cuda", progress=killed, checkpoint=checkpoint)
    resumed = fit(graph, config, n_domains=n_domains, device="cuda", checkpoint=checkpoint)
    whole = fit(graph, config, n_domains=n_domains, device="cuda")
    assert len(resumed.losses["total"]) == config.epochs
    assert far(resumed.losses["total"], whole.losses["total"]) < 1e-3
    assert far(resumed.embedding, whole.embedding) < 1e-2
    elsewhere = fit(graph, config, n_domains=n_domains, device="cpu", checkpoint=checkpoint)
    assert len(elsewhere.losses["total"]) == config.epochs, "a checkpoint of a GPU is one of the CPU too"


def whole_run(n_slices, device):
    slices = spotscape.datasets.simulate_slices(n_slices=n_slices, n_spots=400, n_genes=100, n_domains=3)
    if n_slices > 1:
        both = spotscape.tl.integrate_slices(slices, n_domains=3, device=device, progress=False)
    else:
        both = spotscape.tl.run_spotscape(slices[0], n_domains=3, device=device, progress=False, copy=True)
    assert both.uns["spotscape"]["params"]["device"] == device
    return both


@pytest.mark.filterwarnings("ignore:.*(hardly mix|In one slice only)")
@pytest.mark.parametrize("n_slices", [1, 3])
def test_a_run_on_a_gpu_finds_the_cpus_domains(n_slices):
    there, here = (whole_run(n_slices, device) for device in ("cuda", "cpu"))
    domains = [each.obs["spotscape_domain"] for each in (there, here)]
    assert spotscape.metrics.adjusted_rand_index(*domains) > 0.98
    if n_slices == 1 and not find_spec("cuml"):  # cuML draws starts of its own
        assert far(there.obsm["X_spotscape"], here.obsm["X_spotscape"]) < 1e-3
    again = whole_run(n_slices, "cuda")
    assert np.array_equal(again.obsm["X_spotscape"], there.obsm["X_spotscape"]), "same seed, same bits"
