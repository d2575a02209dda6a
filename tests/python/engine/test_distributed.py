"""Two processes as one, by gloo on this machine."""

import itertools
import os
import runpy
import subprocess
import sys

import numpy as np
import pytest
import torch

from spotscape._validate import ProcessLostError
from spotscape.config import SpotscapeConfig
from spotscape.engine import distributed
from spotscape.engine.distributed import World
from spotscape.engine.plan import make_plan

PROGRAM = """
import sys
from contextlib import nullcontext
import anndata, numpy as np
import spotscape
from spotscape.config import SpotscapeConfig
from spotscape.engine.distributed import is_helper
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.helpers import help_run, helped
from spotscape.engine.trainer import fit

CASES = [(several, spots) for several in (False, True) for spots in (0, 150)]
if is_helper():
    help_run()
    sys.exit()
both = anndata.concat(spotscape.datasets.simulate_slices(n_slices=2, n_spots=200, n_genes=60, n_domains=3))
spotscape.gr.spatial_neighbors(both, slice_key="slice")
codes = both.obs["slice"].astype("category").cat.codes.to_numpy()
found = {}
for several, batch_spots in CASES:
    graph = SliceGraph.from_scipy(
        spotscape.pp.normalized_expression(both),
        both.obsp["spatial_connectivities"],
        rank=20,
        seed=0,
        coordinates=both.obsm["spatial"],
        slices=codes if several else None,
        centering=1.0,
    )
    config = SpotscapeConfig(
        epochs=6,
        batch_spots=batch_spots,
        learning_rate=1e-4,
        matching_spots=100,
        prototype_weight=0.0 if several and batch_spots else 0.01,
    )
    with helped() if (several, batch_spots) == CASES[-1] else nullcontext():  # they end after the last one
        result = fit(graph, config, n_domains=(lambda z: 3) if several else None)
    name = f"{several}_{batch_spots}"
    found[name] = result.embedding
    found[name + "_losses"] = np.stack(list(result.losses.values()))
np.savez(sys.argv[1], **found)
"""


def torchrun(*arguments, environment=None):
    """Run a command in two processes, which meet at a free port: tests run side by side."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*launch, *map(str, arguments)]
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
    )


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this PyTorch has no gloo")
def test_two_processes_are_one(tmp_path, monkeypatch):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    monkeypatch.setattr(sys, "argv", [str(program), str(one)])
    runpy.run_path(str(program))
    ended = torchrun(program, two)
    assert ended.returncode == 0, ended.stderr
    first, second = np.load(one), np.load(two)
    for name in first.files:
        size = np.abs(first[name]).max()
        # float32 sums in another order, by which slices of genes pick their best matches
        within = 5e-3 if name.startswith("True") else 1e-4
        np.testing.assert_allclose(second[name], first[name], rtol=0, atol=within * size, err_msg=name)


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this PyTorch has no gloo")
def test_the_command_in_two_processes_writes_once(tmp_path):
    from spotscape.cli import main
    from spotscape.io import read

    with pytest.raises(SystemExit):
        main(["simulate", "-o", str(tmp_path / "in.h5ad"), "--spots", "200", "--genes", "60", "-q"])
    arguments = ["run", tmp_path / "in.h5ad", "-k", "3", "--preset", "paper", "--set", "epochs=5"]
    ended = torchrun("-m", "spotscape", *arguments, "-o", tmp_path / "two.h5ad")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("Written:") == 1
    with pytest.raises(SystemExit):
        main([*map(str, arguments), "-q", "-o", str(tmp_path / "one.h5ad")])
    one, two = (read(tmp_path / f"{name}.h5ad").obsm["X_spotscape"] for name in ("one", "two"))
    np.testing.assert_allclose(two, one, atol=1e-4 * np.abs(one).max())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.h5ad", "one.h5ad", "two.h5ad"]


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this PyTorch has no gloo")
def test_a_lost_process_ends_the_run_and_the_checkpoint_stays(tmp_path):
    from spotscape.cli import main

    program = tmp_path / "dying.py"
    program.write_text(
        "import os, sys\n"
        "from spotscape.engine.training import Training\n"
        "from spotscape.cli import main\n"
        "step = Training.step\n"
        "def dying(training):\n"
        "    if training.world.rank == 1 and len(training.history) == 4:\n"
        "        os.kill(os.getpid(), 9)\n"
        "    return step(training)\n"
        "Training.step = dying\n"
        "main(sys.argv[1:])\n"
    )
    with pytest.raises(SystemExit):
        main(["simulate", "-o", str(tmp_path / "in.h5ad"), "--spots", "200", "--genes", "60", "-q"])
    arguments = [
        "run",
        tmp_path / "in.h5ad",
        "-k",
        "3",
        "--preset",
        "paper",
        "--set",
        "epochs=100",
        "--checkpoint-minutes",
        "0",
    ]
    ended = torchrun(program, *arguments, "-o", tmp_path / "out.h5ad")
    assert ended.returncode != 0
    assert "--resume" in ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dying.py", "in.h5ad", "out.h5ad.checkpoint"]


def test_shares_of_a_list_make_it_again():
    numbers = list(range(11))
    parts = [World(rank, 4).part(numbers) for rank in range(4)]
    assert list(itertools.chain(*parts)) == numbers
    assert {len(part) for part in parts} == {2, 3}


def test_one_process_is_a_world_of_one(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    world = distributed.join_world()
    assert world == World(0, 1)
    assert world.reduce is None
    assert world.gather is None
    assert world.share("x") == "x"
    assert not distributed.is_helper()


def test_several_processes_always_have_tiles_to_share():
    config = SpotscapeConfig()
    plan = make_plan(1000, 6000, config, n_processes=2)
    assert plan.by_tiles
    assert plan.batch_spots == 1000
    assert plan.tile_size <= 500


def test_what_is_not_the_other_processes_fault_stays_as_it_is():
    for world in (World(), World(0, 2)):
        with pytest.raises(RuntimeError, match=r"^ours$"), distributed.losing_processes(world):
            raise RuntimeError("ours")
    with pytest.raises(ProcessLostError, match="process 0 of 2 lost"):
        with distributed.losing_processes(World(0, 2)):
            raise RuntimeError("Connection closed by peer")


BACKED = """
import json, os, sys
import numpy as np
import spotscape
from spotscape import _row_blocks, io, tl
from spotscape.engine import helpers
from spotscape.engine.distributed import is_helper

rank, folder = os.environ.get("RANK", "0"), sys.argv[1]
for place in ("pp.expression", "run.steps", "components.low_rank"):
    name = "_MANY_SPOTS" if place == "components.low_rank" else "MANY_SPOTS"
    setattr(__import__(f"spotscape.{place}", fromlist=[name]), name, 200)
_row_blocks.BLOCK = 1000
done, n_blocks = helpers._done, 0


def counted(do, tasks):
    global n_blocks
    n_blocks += len(tasks)
    if len(sys.argv) > 3 and is_helper():
        return [helpers._Failed(OSError("no such file")) for _ in tasks]
    return done(do, tasks)


helpers._done = counted
if is_helper():
    helpers.help_run()
else:
    adata = io.read(f"{folder}/in.h5ad", backed=True)
    tl.run_spotscape(adata, n_domains=3, progress=False, config={"n_top_genes": 50})
    np.savez(sys.argv[2], z=adata.obsm["X_spotscape"], domain=adata.obs["spotscape_domain"].astype(int))
with open(f"{sys.argv[2]}.{rank}.json", "w") as file:
    json.dump(n_blocks, file)
"""


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this PyTorch has no gloo")
@pytest.mark.parametrize("fails", [False, True])
def test_two_processes_share_the_blocks_of_a_file(tmp_path, fails):
    from spotscape import datasets, io

    io.write(datasets.simulate_slice(n_spots=600, n_genes=80, n_domains=3, seed=1), tmp_path / "in.h5ad")
    program = tmp_path / "program.py"
    program.write_text(BACKED)
    command = [sys.executable, program, tmp_path, tmp_path / "one.npz"]
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=600)
    ended = torchrun(program, tmp_path, tmp_path / "two.npz", *(["fails"] if fails else []))
    assert ended.returncode == 0, ended.stderr
    assert ("could not do its part, which is done here (OSError: no such file)" in ended.stderr) == fails
    one, two = np.load(tmp_path / "one.npz"), np.load(tmp_path / "two.npz")
    np.testing.assert_array_equal(two["z"], one["z"])
    np.testing.assert_array_equal(two["domain"], one["domain"])
    shares = [int((tmp_path / f"two.npz.{rank}.json").read_text()) for rank in (0, 1)]
    assert min(shares) > 0.4 * sum(shares) > 10
