"""One number of threads for a whole run, whatever libraries do, and none of it left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module

import pytest
import torch
from threadpoolctl import threadpool_info

from spotscape import _threads
from spotscape._validate import InputError
from spotscape.datasets import simulate_slice, simulate_slices
from spotscape.tl import integrate_slices, run_spotscape

AFTER = """
import numpy as np, anndata, torch
from spotscape import pp
from spotscape._threads import set_threads, thread_number
adata = anndata.AnnData(np.random.default_rng(0).poisson(1.0, (300, 400)).astype("float32"))
torch.set_num_threads(1)
pp.select_genes(adata, n_top_genes=50, ranking="variable")
print("after", torch.get_num_threads())
with thread_number(1):
    pp.select_genes(adata, n_top_genes=50, ranking="variable")
    print("within", torch.get_num_threads())
"""


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")
def test_choosing_genes_leaves_the_number_alone():
    own = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    own["OMP_NUM_THREADS"] = "1"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", AFTER], env=own, capture_output=True, text=True
    )
    assert done.stdout.split() == ["after", "1", "within", "1"], done.stderr


def pools():
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}


def test_the_number_is_set_kept_and_restored():
    before, of_all = torch.get_num_threads(), pools()
    with _threads.thread_number(before + 1) as number:
        assert number == before + 1 == torch.get_num_threads()
        torch.set_num_threads(before)
        _threads.set_threads(number)
        assert torch.get_num_threads() == number
    assert torch.get_num_threads() == before
    after = pools()  # a library may have come
    assert {path: after[path] for path in of_all} == of_all


@pytest.mark.parametrize("config", [{"n_starts": 1}, {"preset": "paper", "epochs": 2}])
def test_a_run_keeps_and_records_the_number(config):
    before, seen = torch.get_num_threads(), []
    asked = before + 1
    one = simulate_slice(n_spots=150, n_genes=60, n_domains=3)

    def progress(*_):
        seen.append(torch.get_num_threads())

    with pytest.MonkeyPatch.context() as patch:
        steps = import_module("spotscape.run.steps")
        analysis = import_module("spotscape.run.analyse")  # the function of that name hides it
        select = steps.choose_genes  # a library that sets all threads back

        def selecting(*arguments, **settings):
            torch.set_num_threads(before)
            return select(*arguments, **settings)

        patch.setattr(steps, "choose_genes", selecting)
        find = analysis.find_domains
        patch.setattr(analysis, "find_domains", lambda *a, **k: (progress(), find(*a, **k))[1])
        run_spotscape(one, n_domains=3, config=config, threads=asked, progress=progress)
        several = simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
        both = integrate_slices(several, n_domains=3, config=config, threads=asked, progress=progress)
    assert set(seen) == {asked}
    assert torch.get_num_threads() == before
    assert one.uns["spotscape"]["threads"] == both.uns["spotscape"]["threads"] == asked
    run_spotscape(one, n_domains=3, config=config, progress=False)
    assert one.uns["spotscape"]["threads"] == _threads.wanted_threads()


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "two", True])
def test_numbers_that_are_none_are_refused_before_work(wrong):
    one = simulate_slice(n_spots=150, n_genes=60, n_domains=3)
    for verb, tissue in ((run_spotscape, one), (integrate_slices, [one, one])):
        with pytest.raises(InputError, match="threads: found"):
            verb(tissue, threads=wrong)
    assert not one.uns.get("spotscape")


def test_whose_number_it_is(monkeypatch, tmp_path):
    monkeypatch.setenv("OMP_NUM_THREADS", "3,2")
    assert _threads.wanted_threads() == 3
    assert _threads.wanted_threads(5) == 5
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    monkeypatch.setattr(_threads, "_CGROUP", tmp_path)
    assert _threads.wanted_threads() == 16
    (tmp_path / "cpu.max").write_text("650000 100000\n")
    assert _threads.wanted_threads() == 7
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "4")
    assert _threads.wanted_threads() == 4
    (tmp_path / "cpu.max").write_text("max 100000\n")
    monkeypatch.delenv("SLURM_CPUS_PER_TASK")
    assert _threads.wanted_threads() == 16
    with pytest.raises(InputError, match="threads"):
        _threads.wanted_threads(0)


@pytest.mark.parametrize(("set_to", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_the_command_has_waiting_threads_sleep(set_to, expected):
    own = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    own |= {} if set_to is None else {"OMP_WAIT_POLICY": set_to}
    code = (
        "import os, sys\nfrom spotscape.cli import main\n"
        "try:\n    main(['--version'])\n"
        "except SystemExit:\n    print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=own, capture_output=True, text=True)
    assert done.stdout.split()[-2:] == [expected, "False"], done.stderr
