"""A run with its large arrays on a device: that of the CPU. torch's CPU stands in for a GPU."""

import json
import subprocess
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import torch
from torch.utils import backend_registration

from spotscape import datasets, metrics, tl
from spotscape._validate import SpotscapeWarning
from spotscape.components import counterparts
from spotscape.engine import device

GPU = torch.device("cpu")


def tissue(n_slices):
    slices = datasets.simulate_slices(n_slices=n_slices, n_spots=500, n_genes=120, n_domains=4, seed=n_slices)
    for number, one in enumerate(slices if n_slices > 2 else []):
        one.obsm["spatial"] *= 1 + number  # so that rings differ
        one.uns["micrometres_per_unit"] = 1.0
    return (
        slices[0] if n_slices == 1 else ad.concat(slices, label="slice", index_unique="_", uns_merge="first")
    )


def run(adata, **options):
    verb = (
        tl.integrate_slices if "slice" in adata.obs and adata.obs["slice"].nunique() > 1 else tl.run_spotscape
    )
    return verb(adata, seed=1, progress=False, copy=True, **options)


@pytest.fixture
def gpu(monkeypatch):
    """Send large arrays of a run to the stand-in; return what was sent."""
    sent = []
    put = device.put
    for name in ("encoders", "analyse"):
        module = sys.modules[f"spotscape.run.{name}"]
        monkeypatch.setattr(module, "put", lambda values, where: sent.append(where) or put(values, where))
    monkeypatch.setattr(device, "of_arrays", lambda chosen: GPU)
    monkeypatch.setattr(counterparts, "_SEARCHED_BY_SKLEARN", ())
    return sent


@pytest.mark.filterwarnings("ignore:.*(hardly mix|In one slice only)")
@pytest.mark.parametrize("n_slices", [1, 2, 4])
def test_a_run_finds_the_cpus_domains(n_slices, monkeypatch, request):
    settings = {"config": {"scale": "40 um"}} if n_slices == 4 else {}
    adata = tissue(n_slices)
    here = run(adata, n_domains=4, **settings)
    sent = request.getfixturevalue("gpu")
    there = run(adata, n_domains=4, **settings)
    assert sent == [GPU] * 3, "scores, the mean over rings, and the embedding"
    assert n_slices < 4 or len(set(here.uns["spotscape"]["integration"]["rings"])) > 1
    np.testing.assert_allclose(there.obsm["X_spotscape"], here.obsm["X_spotscape"], atol=1e-4, rtol=1e-4)
    domains = [each.obs["spotscape_domain"] for each in (here, there)]
    assert metrics.adjusted_rand_index(*domains) >= 0.99
    np.testing.assert_allclose(there.obs["spotscape_confidence"], here.obs["spotscape_confidence"], atol=1e-3)


@pytest.mark.skipif(
    not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"),
    reason="this PyTorch knows no devices that are written in Python",
)
def test_nothing_of_the_cpu_is_mixed_with_what_is_on_a_device():
    """The CPU as a stand-in would let it pass, and a GPU would not."""
    program = Path(__file__).with_name("refusing_device.py")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(runs) == 2
    for said in runs:
        assert said["device"] == "gpu"
        assert said["products"] > 500
        assert said["apart"] < 1e-4
        assert said["ari"] >= 0.99


def test_the_number_of_domains_is_the_same(gpu, monkeypatch):
    there = run(tissue(1))
    monkeypatch.undo()
    here = run(tissue(1))
    assert there.uns["spotscape"]["params"]["n_domains"] == here.uns["spotscape"]["params"]["n_domains"]


@pytest.mark.parametrize(
    ("module", "step", "said", "ran_on"),
    [
        ("encoders", "find_sharpening", "the components", "cpu and cuda"),
        ("analyse", "find_domains", "the domains", "cuda and cpu"),
    ],
)
def test_too_little_memory_on_a_device_is_said_and_the_cpu_goes_on(monkeypatch, module, step, said, ran_on):
    """A device whose name is a GPU's, and whose memory is full in one step."""
    adata = tissue(1)
    here = run(adata, n_domains=4)
    place = sys.modules[f"spotscape.run.{module}"]
    original = getattr(place, step)

    def full(values, *arguments, **options):
        if isinstance(values, torch.Tensor):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return original(values, *arguments, **options)

    class Named:
        def __str__(self):
            return "cuda"

    put = device.put
    for name in ("encoders", "analyse"):
        there = sys.modules[f"spotscape.run.{name}"]
        monkeypatch.setattr(there, "put", lambda values, where: put(values, where and GPU))
    original_find = sys.modules["spotscape.run.encoders"].find_components
    monkeypatch.setattr(
        sys.modules["spotscape.run.encoders"],
        "find_components",
        lambda *arguments, device, **options: original_find(*arguments, **options),
    )
    monkeypatch.setattr(device, "of_arrays", lambda chosen: Named())
    monkeypatch.setattr(place, step, full)
    with pytest.warns(SpotscapeWarning, match=f"cuda has too little memory for {said}. The CPU does it"):
        found = run(adata, n_domains=4)
    record = found.uns["spotscape"]
    assert record["params"]["device"] == ran_on
    assert any("too little memory" in text for text in record["warnings"])
    if step == "find_sharpening":
        np.testing.assert_array_equal(found.obsm["X_spotscape"], here.obsm["X_spotscape"])
    assert metrics.adjusted_rand_index(found.obs["spotscape_domain"], here.obs["spotscape_domain"]) >= 0.99


def test_the_cpu_is_given_no_tensor(monkeypatch):
    place = sys.modules["spotscape.run.analyse"]
    original, seen = place.find_domains, []
    monkeypatch.setattr(
        place, "find_domains", lambda values, *a, **b: seen.append(type(values)) or original(values, *a, **b)
    )
    assert run(tissue(1), n_domains=4, device="cpu").uns["spotscape"]["params"]["device"] == "cpu"
    assert seen == [np.ndarray]
