"""Checkpoints: a run that was broken off ends as one that was not."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from spotscape._validate import InputError
from spotscape.config import SpotscapeConfig
from spotscape.datasets import simulate_slice, simulate_slices
from spotscape.engine.checkpoint import Checkpoint
from spotscape.engine.trainer import fit
from spotscape.io import read, write
from spotscape.tl import integrate_slices, run_spotscape

from ..shell import told  # noqa: TID252 (no package to import by name)


class BrokenOff(Exception):
    """What a test stops a run with."""


def stop_at(last):
    def progress(epoch, epochs, loss):
        if epoch == last:
            raise BrokenOff

    return progress


@pytest.mark.filterwarnings("ignore:In one slice only")
@pytest.mark.parametrize("batch_spots", [0, 60])
@pytest.mark.parametrize("several", [False, True])
def test_a_resumed_run_is_that_without_a_break(tmp_path, several, batch_spots):
    path = tmp_path / "run.checkpoint"
    settings = {
        "n_domains": 3,
        "config": {"encoder": "gcn", "epochs": 12, "batch_spots": batch_spots, "matching_spots": 50},
        "seed": 4,
    }

    def run(**arguments):
        if several:
            slices = simulate_slices(n_slices=2, n_spots=100, n_genes=60, n_domains=3)
            return integrate_slices(slices, **settings, **arguments)
        adata = simulate_slice(n_spots=150, n_genes=60, n_domains=3)
        run_spotscape(adata, **settings, **arguments)
        return adata

    whole = run(progress=False)
    kept = {"checkpoint": path, "checkpoint_minutes": 0}
    with pytest.raises(BrokenOff):
        run(progress=stop_at(9), **kept)
    assert path.is_file()
    seen = []
    resumed = run(progress=lambda epoch, *_: seen.append(epoch), resume=True, **kept)
    assert seen[0] == 9  # the ninth was taken and not yet written when the run broke off
    for name in ("X_spotscape",):
        assert np.array_equal(resumed.obsm[name], whole.obsm[name])
    for name, column in whole.uns["spotscape"]["losses"].items():
        assert np.array_equal(resumed.uns["spotscape"]["losses"][name], column)
    # one that has ended is gone on from without a step
    again = run(progress=lambda *_: pytest.fail("a step was taken"), resume=True, **kept)
    assert np.array_equal(again.obsm["X_spotscape"], whole.obsm["X_spotscape"])


@pytest.fixture
def slice_path(tmp_path):
    path = tmp_path / "in.h5ad"
    write(simulate_slice(n_spots=200, n_genes=60, n_domains=3), path)
    return path


# The process ends itself, as `kill -9` would, with half of its fifth checkpoint written.
KILLED = """
import os
import signal
import sys
from spotscape.cli import main
from spotscape.engine import checkpoint

whole, written = checkpoint.save_file, []

def killed(tensors, path, metadata):
    whole(tensors, path, metadata=metadata)
    written.append(path)
    if len(written) == 5:
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.save_file = killed
main(sys.argv[1:])
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9 on Windows")
def test_a_killed_command_goes_on(slice_path, tmp_path, capsys):
    def command(out, *more):
        settings = ["-k", 3, "--set", "encoder=gcn", "--set", "epochs=12", "--checkpoint-minutes", 0, *more]
        return [str(word) for word in ("run", slice_path, "-o", tmp_path / out, *settings)]

    assert told(capsys, *command("whole.h5ad"), "-q")[0] == 0
    checkpoint = tmp_path / "killed.h5ad.checkpoint"
    killed = subprocess.run([sys.executable, "-c", KILLED, *command("killed.h5ad")], stderr=subprocess.PIPE)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert checkpoint.is_file()
    assert not (tmp_path / "killed.h5ad").exists()
    code, _, refused = told(capsys, *command("killed.h5ad"), "-q")
    assert code == 2
    assert "checkpoint: found" in refused
    assert refused.count("\n") == 1
    seen = told(capsys, *command("killed.h5ad", "--resume"))
    assert seen[0] == 0
    assert "epoch 5/12" in seen[2]
    assert "epoch 4/12" not in seen[2]
    whole, killed = (read(tmp_path / name) for name in ("whole.h5ad", "killed.h5ad"))
    size = np.abs(whole.obsm["X_spotscape"]).max()
    np.testing.assert_allclose(killed.obsm["X_spotscape"], whole.obsm["X_spotscape"], atol=1e-5 * size)
    assert (killed.obs["spotscape_domain"] == whole.obs["spotscape_domain"]).all()
    assert not checkpoint.exists()


@pytest.mark.parametrize("minutes", ["0", "60"])
def test_asked_to_end_it_says_what_is_there(slice_path, tmp_path, minutes):
    checkpoint = tmp_path / "out.h5ad.checkpoint"
    command = [sys.executable, "-m", "spotscape", "run", str(slice_path), "-o", str(tmp_path / "out.h5ad"),
               "-k", "3", "--set", "encoder=gcn", "--set", "epochs=1000000",
               "--checkpoint-minutes", minutes]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, bufsize=0) as process:
        seen = b""
        while b"epoch 1/" not in seen:
            seen += process.stderr.read(100) or pytest.fail(f"ended too early: {seen.decode()}")
        while minutes == "0" and not checkpoint.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.terminate()
        rest = process.stderr.read().decode()
    assert process.returncode == 143
    assert "asked by the system to end; nothing written" in rest
    assert (f"with --resume goes on from {checkpoint}" in " ".join(rest.split())) == (minutes == "0")
    assert "Traceback" not in rest


def short_run(path, *, resume=False, **changes):
    adata = simulate_slice(n_spots=100, n_genes=40, n_domains=3)
    settings = {"n_domains": 3, "config": {"encoder": "gcn", "epochs": 3}, "seed": 0} | changes
    run_spotscape(adata, progress=False, checkpoint=path, resume=resume, **settings)
    return adata


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 1}, "seed"),
        ({"config": {"encoder": "gcn", "epochs": 5}}, "epochs"),
        ({"layer": "half"}, None),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, changes, words):
    path = tmp_path / "run.checkpoint"
    short_run(path)
    before = path.read_bytes()
    if words is None:
        adata = simulate_slice(n_spots=100, n_genes=40, n_domains=3, seed=9)
        with pytest.raises(InputError, match="spots or counts"):
            run_spotscape(
                adata,
                n_domains=3,
                config={"encoder": "gcn", "epochs": 3},
                progress=False,
                checkpoint=path,
                resume=True,
            )
        assert "X_spotscape" not in adata.obsm
    else:
        with pytest.raises(InputError, match=f"^checkpoint: found .*another {words}"):
            short_run(path, resume=True, **changes)
    assert path.read_bytes() == before


def test_one_that_is_there_is_not_lost(tmp_path):
    path = tmp_path / "run.checkpoint"
    short_run(path)
    with pytest.raises(InputError, match=r"^checkpoint: found .*did not end.*resume, or delete"):
        short_run(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_or_other_file_is_named(tmp_path, content):
    path = tmp_path / "run.checkpoint"
    if content is None:
        from safetensors.torch import save_file

        save_file({"x": torch.ones(1)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"^checkpoint: found"):
        short_run(path, resume=True)


def test_arguments_are_checked_before_the_work(tmp_path):
    adata = simulate_slice(n_spots=60, n_genes=20)
    for arguments, words in (
        ({"resume": True}, "resume"),
        ({"checkpoint": tmp_path}, "folder"),
        ({"checkpoint": tmp_path / "no" / "folder"}, "no folder"),
        ({"checkpoint": 3}, "path"),
        ({"checkpoint": tmp_path / "x", "checkpoint_minutes": -1}, "checkpoint_minutes"),
    ):
        with pytest.raises(InputError, match=words):
            run_spotscape(adata, progress=lambda *_: pytest.fail("training began"), **arguments)


def test_it_is_written_when_it_is_due(tmp_path):
    checkpoint = Checkpoint(tmp_path / "x", minutes=60)
    assert not checkpoint.is_due()
    assert Checkpoint(tmp_path / "x", minutes=0).is_due()


def test_without_resume_nothing_is_read(tmp_path):
    assert Checkpoint(tmp_path / "x").read({}) is None
    assert Checkpoint(tmp_path / "x", resume=True).read({}) is None


def test_what_a_plan_says():
    from spotscape.engine.plan import make_plan

    config = SpotscapeConfig()
    small, large = (make_plan(n, 8 * n, config) for n in (4000, 10**6))
    assert not small.by_tiles
    assert small.batch_spots == 4000
    assert large.by_tiles
    assert large.step_gb <= config.batch_memory
    assert "1,000,000" in large.describe()
    assert callable(fit)
