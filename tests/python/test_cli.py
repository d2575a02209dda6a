"""The `spotscape` command: what it writes, what it says, and how it ends."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spotscape import datasets, io, tl
from spotscape.cli import main
from spotscape.cli._sources import find_slices
from spotscape.cli.simulate import simulate

SMALL = {"n_starts": 1}
QUICK = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]


class Ended:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*argv: str | Path) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in argv])
        printed = capsys.readouterr()
        return Ended(stop.value.code or 0, printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def slice_path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("slice") / "slice.h5ad"
    io.write(datasets.simulate_slice(n_spots=200, n_genes=60, n_domains=3, seed=1), path)
    return path


def one_line(ended: Ended) -> str:
    assert ended.code == 2
    assert ended.out == ""
    assert ended.err.count("\n") == 1, ended.err
    assert ended.err.startswith("spotscape: ")
    return ended.err


def test_run_writes_what_it_says(command, slice_path, tmp_path):
    before = slice_path.read_bytes()
    ended = command(
        *("run", slice_path, "-o", "out.h5ad", "--n-domains", 3, "--seed", 7),
        *("--report", "report.html", "--figures", "figures", *QUICK),
    )
    assert ended.code == 0, ended.err
    assert slice_path.read_bytes() == before
    figures = {"domains.png", "embedding.png", "ground_truth.png"}
    assert {p.name for p in (tmp_path / "figures").iterdir()} == figures
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in (tmp_path / "figures").iterdir())
    assert "<html" in (tmp_path / "report.html").read_text()[:200]
    assert {p.name for p in tmp_path.iterdir()} == {"out.h5ad", "report.html", "figures"}

    result = io.read(tmp_path / "out.h5ad")
    sizes = result.obs["spotscape_domain"].value_counts()
    assert sorted(sizes.index) == ["1", "2", "3"]
    # nothing is trained, so there is no progress to show
    assert ended.err.startswith("counts from X: ")
    assert ended.err.count("\n") == 1
    assert "3 spatial domains (as asked)" in ended.out
    assert [int(line.split()[1]) for line in ended.out.splitlines() if "%" in line] == list(sizes)
    assert "ARI" in ended.out
    for path in ("out.h5ad", "report.html", "figures/domains.png"):
        assert path in ended.out


def test_run_is_the_python_call(command, slice_path):
    assert command("run", slice_path, "-o", "out.h5ad", "-k", 3, "--seed", 7, "-q", *QUICK).code == 0
    adata = io.read(slice_path)
    tl.run_spotscape(adata, n_domains=3, config=SMALL, seed=7, progress=False)
    result = io.read("out.h5ad")
    np.testing.assert_array_equal(result.obsm["X_spotscape"], adata.obsm["X_spotscape"])
    assert list(result.obs_names) == list(adata.obs_names)


def test_counts_may_stay_in_the_file(command, slice_path):
    for out, more in (("out.h5ad", []), ("backed.h5ad", ["--backed"])):
        assert command("run", slice_path, "-o", out, "-k", 3, "-q", *QUICK, *more).code == 0
    result, backed = io.read("out.h5ad"), io.read("backed.h5ad")
    np.testing.assert_array_equal(result.obsm["X_spotscape"], backed.obsm["X_spotscape"])
    assert (result.obs["spotscape_domain"] == backed.obs["spotscape_domain"]).all()
    assert (result.X != backed.X).nnz == 0


def test_counts_of_several_files_may_stay_on_disk(command, slice_path, tmp_path):
    other = io.read(slice_path)[:, ::-1].copy()
    other.obs["in_tissue"] = (np.arange(other.n_obs) > 9).astype(int)
    io.write(other, tmp_path / "other.h5ad")
    before = sorted(tmp_path.iterdir())
    for out, more in (("out.h5ad", []), ("backed.h5ad", ["--backed"])):
        options = ("-o", out, "-k", 3, "-q", *QUICK, *more)
        assert command("run", slice_path, "other.h5ad", *options).code == 0
    result, backed = io.read("out.h5ad"), io.read("backed.h5ad")
    np.testing.assert_array_equal(result.obsm["X_spotscape"], backed.obsm["X_spotscape"])
    assert result.obs.equals(backed.obs)
    assert (result.X != backed.X).nnz == 0
    made = {path.name for path in tmp_path.iterdir()} - {path.name for path in before}
    assert made == {"out.h5ad", "backed.h5ad"}  # and no file of joined counts


def test_a_dry_run_says_what_it_takes_and_writes_nothing(command, slice_path, tmp_path):
    said = command("run", slice_path, "-o", "out.h5ad", "-k", 3, "--dry-run")
    assert said.code == 0, said.err
    adata = io.read(slice_path)
    assert f"200 spots x 60 genes, {adata.X.nnz:,} counts in 1 slice(s)" in said.out
    assert "nothing is trained" in said.out
    assert list(tmp_path.iterdir()) == []
    tiled = command("run", slice_path, slice_path.parent, "-o", "out.h5ad", "--dry-run")
    assert "twice" in one_line(tiled)
    whole = command("run", slice_path, "-o", "out.h5ad", "--dry-run", "--preset", "paper")
    assert "all 200 spots at once" in whole.out
    tiles = ("--preset", "paper", "--set", "batch_spots=100")
    tiled = command("run", slice_path, "-o", "out.h5ad", "--dry-run", *tiles)
    assert "by tiles, 100 of 200 spots a step" in tiled.out


def test_an_estimate_grows_with_the_data():
    from spotscape.config import SpotscapeConfig
    from spotscape.engine.estimate import estimate_run

    small, large = (
        estimate_run(n, 500, 90 * n, SpotscapeConfig(), n_domains=7) for n in (100_000, 1_000_000)
    )
    assert 1.5 * small.memory_gb < large.memory_gb < 10 * small.memory_gb
    assert small.seconds < large.seconds < 10 * small.seconds
    assert large.plan is None
    assert estimate_run(1_000_000, 500, 90_000_000, SpotscapeConfig(encoder="gcn")).plan.by_tiles
    backed = estimate_run(1_000_000, 500, 90_000_000, SpotscapeConfig(), n_domains=7, backed=True)
    assert backed.memory_gb <= large.memory_gb


def test_training_by_tiles_is_recorded(command, slice_path):
    trained = ("--set", "encoder=gcn", "--set", "epochs=3", "--set", "batch_spots=80")
    said = command("run", slice_path, "-o", "out.h5ad", "-k", 3, *QUICK, *trained)
    assert said.code == 0
    assert said.err.startswith("counts from X: ")
    assert [line.split(",")[0] for line in said.err.splitlines()[2:]] == [f"epoch {n}/3" for n in (1, 2, 3)]
    training = io.read("out.h5ad").uns["spotscape"]["training"]
    assert training["by_tiles"]
    assert (training["n_spots"], training["batch_spots"]) == (200, 80)


@pytest.fixture(scope="module")
def two_slices(tmp_path_factory) -> Path:
    """A folder with two slices, and something else in it."""
    folder = tmp_path_factory.mktemp("slices")
    slices = datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=60, n_domains=3, seed=1)
    for name, one in zip(("left", "right"), slices, strict=True):
        io.write(one, folder / f"{name}.h5ad")
    (folder / "notes.txt").write_text("the second was cut a day later")
    return folder


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_several_slices_are_the_python_call(command, two_slices, tmp_path):
    paths = [two_slices / "left.h5ad", two_slices / "right.h5ad"]
    options = ("-k", 3, "--seed", 7, "--correction", 0.5, *QUICK)
    ended = command("run", *paths, "-o", "out.h5ad", "--report", "report.html", *options)
    assert ended.code == 0, ended.err
    assert "2 slices in one space" in ended.out
    result = io.read("out.h5ad")
    slices = {path.stem: io.read(path) for path in paths}
    same = tl.integrate_slices(slices, n_domains=3, correction=0.5, config=SMALL, seed=7, progress=False)
    np.testing.assert_array_equal(result.obsm["X_spotscape"], same.obsm["X_spotscape"])
    assert list(result.obs["slice"].cat.categories) == ["left", "right"]
    assert "<html" in (tmp_path / "report.html").read_text()[:200]

    folder = command("run", two_slices, "-o", "folder.h5ad", "-q", *options)
    assert folder.code == 0, folder.err
    np.testing.assert_array_equal(io.read("folder.h5ad").obsm["X_spotscape"], same.obsm["X_spotscape"])

    both = io.read("out.h5ad")
    for name in [name for name in both.uns if "spotscape" in name]:
        del both.uns[name]
    io.write(both, "both.h5ad")
    one_file = command("run", "both.h5ad", "-o", "one.h5ad", "--slice-key", "slice", "-q", *options)
    assert one_file.code == 0, one_file.err
    np.testing.assert_array_equal(io.read("one.h5ad").obsm["X_spotscape"], same.obsm["X_spotscape"])


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_conditions_are_compared(command, tmp_path):
    slices = datasets.simulate_slices(n_slices=4, n_spots=150, n_genes=60, n_domains=3, seed=1)
    for number, one in enumerate(slices):
        one.obs["condition"] = "case" if number < 2 else "control"
        io.write(one, tmp_path / f"s{number}.h5ad")
    paths = sorted(tmp_path.glob("s*.h5ad"))
    pictures = ("--figures", "figures", "--report", "report.html")
    options = ("--condition-key", "condition", *pictures, "-k", 3, *QUICK)
    ended = command("run", *paths, "-o", "out.h5ad", *options)
    assert ended.code == 0, ended.err
    assert "control against case: " in ended.out
    result = io.read("out.h5ad")
    again = tl.compare_domains(result, copy=True)
    for table in ("composition", "genes", "shares"):
        expected = again.uns["spotscape_comparison"][table]
        found = result.uns["spotscape_comparison"][table]
        pd.testing.assert_frame_equal(found, expected, check_dtype=False, check_categorical=False)
    assert (tmp_path / "figures" / "conditions.png").stat().st_size > 1000
    page = (tmp_path / "report.html").read_text()
    assert (
        "control against case: shares of the domains, and genes that differ. Compared: 2 and 2 slices."
        in page
    )


def test_conditions_that_tore_a_domain_are_said_once_and_in_the_report(command, tmp_path):
    """The run and the comparison after it find the same."""
    slices = datasets.simulate_slices(
        n_slices=4, n_spots=300, n_genes=200, n_domains=3, batch_strength=0.0, marker_strength=1.0, seed=2
    )
    for number, one in enumerate(slices):
        one.obs["condition"] = "case" if number < 2 else "control"
        if number < 2:
            one.X = one.X.multiply(np.where(np.arange(200) % 2, 4, 1)).astype("float32").tocsr()
        io.write(one, tmp_path / f"s{number}.h5ad")
    paths = sorted(tmp_path.glob("s*.h5ad"))
    options = ("--condition-key", "condition", "--correction", 0, "--report", "report.html", "-k", 6)
    ended = command("run", *paths, "-o", "out.h5ad", *options)
    assert ended.code == 0, ended.err
    said = [line for line in ended.err.splitlines() if "Of one condition only" in line]
    assert len(said) == 1
    assert "Raise --correction" in said[0]
    assert "Of one condition only" in (tmp_path / "report.html").read_text().split('id="conditions"')[1]


def test_slices_are_named_apart(tmp_path):
    paths = [tmp_path / name for name in ("a/x/slice.h5ad", "b/x/slice.h5ad", "b/outs", "c.h5ad")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "b/outs/filtered_feature_bc_matrix").mkdir(parents=True)
    assert list(find_slices(paths)) == ["a_x_slice", "b_x_slice", "b", "c"]


def test_quiet_says_nothing(command, slice_path):
    ended = command("run", slice_path, "-o", "out.h5ad", "-k", 3, "--quiet", *QUICK)
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_preset_and_set_reach_the_run(command, slice_path):
    changes = [
        "--set",
        "encoder=gcn",
        "--set",
        "epochs=3",
        "--set",
        "learning_rate=2e-4",
        "--set",
        "schedule=cosine",
    ]
    ended = command("run", slice_path, "-o", "out.h5ad", "-k", 3, "-q", "--preset", "paper", *changes)
    assert ended.code == 0, ended.err
    params = io.read("out.h5ad").uns["spotscape"]["params"]
    assert (params["epochs"], params["learning_rate"], params["schedule"]) == (3, 2e-4, "cosine")
    assert params["cluster_method"] == "kmeans"


def test_layer_and_spatial_key(command, slice_path):
    adata = io.read(slice_path)
    adata.layers["umi"], adata.obsm["where"] = adata.X.copy(), adata.obsm.pop("spatial")
    adata.X.data[:] = np.log1p(adata.X.data)
    io.write(adata, "moved.h5ad")
    places = ["--layer", "umi", "--spatial-key", "where"]
    ended = command("run", "moved.h5ad", "-o", "out.h5ad", "-k", 3, "-q", "--figures", "png", *places, *QUICK)
    assert ended.code == 0, ended.err
    assert io.read("out.h5ad").uns["spotscape"]["params"]["expression_source"] == "layers['umi']"
    assert "where" in command("info", "moved.h5ad", *places).out


def test_output_may_be_replaced(command, slice_path, tmp_path):
    (tmp_path / "out.h5ad").write_text("an older result")
    assert command("run", slice_path, "-o", "out.h5ad", "-k", 3, "-q", *QUICK).code == 0
    assert io.read("out.h5ad").n_obs


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("run", ["IN"]),
        ("run SLICE", ["--out"]),
        ("run nothing.h5ad -o out.h5ad", ["nothing.h5ad"]),
        ("run nothing -o out.h5ad", ["nothing"]),
        ("run text.h5ad -o out.h5ad", ["text.h5ad"]),
        ("run text.txt -o out.h5ad", ["text.txt"]),
        ("run folder -o out.h5ad", ["no .h5ad, .rds or .gef file", "folder"]),
        ("run SLICE SLICE -o out.h5ad", ["IN", "twice"]),
        ("run SLICE link.h5ad -o out.h5ad", ["IN", "twice"]),
        ("run SLICE -o out.h5ad --condition-key condition", ["--condition-key", "--slice-key"]),
        ("run SLICE -o out.h5ad --slice-key donor", ["slice_key", "'donor'"]),
        ("run SLICE -o out.h5ad --correction -1", ["--correction"]),
        ("run SLICE -o out.h5", ["--out", ".h5ad"]),
        ("run SLICE -o folder.h5ad", ["folder.h5ad", "a folder"]),
        ("run SLICE -o no/such/out.h5ad", ["no/such/out.h5ad", "no folder"]),
        ("run SLICE -o SLICE", ["--out", "input"]),
        ("run SLICE -o link.h5ad", ["--out", "input"]),
        ("run SLICE -o out.h5ad --report report.pdf", ["--report", "report.pdf", ".html"]),
        ("run SLICE -o out.h5ad --report no/report.html", ["no/report.html", "no folder"]),
        ("run SLICE -o out.h5ad --figures text.txt", ["--figures", "text.txt"]),
        ("run SLICE -o out.h5ad --figures no/such", ["no/such", "no folder"]),
        ("run SLICE -o out.h5ad -k three", ["--n-domains"]),
        ("run SLICE -o out.h5ad -k 1", ["n_domains", "1"]),
        ("run SLICE -o out.h5ad -k 201", ["n_domains", "201"]),
        ("run SLICE -o out.h5ad --seed -1", ["--seed"]),
        ("run SLICE -o out.h5ad --device toaster", ["device", "toaster"]),
        ("run SLICE -o out.h5ad --preset best", ["best", "'paper'"]),
        ("run SLICE -o out.h5ad --set epochz=3", ["epochz", "epochs"]),
        ("run SLICE -o out.h5ad --set epochs", ["--set", "KEY=VALUE"]),
        ("run SLICE -o out.h5ad --set epochs=", ["--set", "KEY=VALUE"]),
        ("run SLICE -o out.h5ad --set epochs=many", ["epochs", "many"]),
        ("run SLICE -o out.h5ad --set learning_rate=nan", ["learning_rate", "nan"]),
        ("run SLICE -o out.h5ad --layer umi", ["layer", "umi"]),
        ("run SLICE -o out.h5ad --spatial-key where", ["where"]),
        ("run SLICE -o out.h5ad --verbosity 3", ["--verbosity"]),
        ("info nothing.h5ad", ["nothing.h5ad"]),
        ("simulate -o out.csv", ["--out", ".h5ad"]),
        ("simulate -o out.h5ad --tissue stone", ["tissue", "stone"]),
        ("simulate -o out.h5ad --spots 1", ["--spots"]),
        ("simulate -o out.h5ad -k 1", ["n_domains"]),
        ("simulate -o out.h5ad --noise loud", ["--noise"]),
        ("simulate -o out.h5ad --border-width 2", ["border_width"]),
        ("simulate -o out.h5ad --marker-gradients 3", ["marker_gradients"]),
        ("simulate -o out.h5ad --hole-share 0.9", ["hole_share"]),
        ("domains SLICE", ["domains"]),
    ],
)
def test_bad_input_is_one_line(command, slice_path, tmp_path, arguments, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.h5ad").mkdir()
    (tmp_path / "link.h5ad").symlink_to(slice_path)
    for name in ("text.h5ad", "text.txt"):
        (tmp_path / name).write_text("no HDF5")
    before = {p: p.stat().st_mtime_ns for p in [*tmp_path.iterdir(), slice_path]}
    message = one_line(command(*arguments.replace("SLICE", str(slice_path)).split()))
    for word in words:
        assert word in message
    assert {p: p.stat().st_mtime_ns for p in [*tmp_path.iterdir(), slice_path]} == before


def test_output_is_checked_before_the_work(command, monkeypatch, slice_path):
    monkeypatch.setattr(io, "read", lambda path: pytest.fail("read before the output was checked"))
    one_line(command("run", slice_path, "-o", "no/such/out.h5ad"))


def test_folder_without_the_right_to_write(command, monkeypatch, slice_path):
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # root may write anywhere
    assert "no right to write" in one_line(command("run", slice_path, "-o", "out.h5ad"))


def test_full_disk_is_one_line(command, monkeypatch, slice_path, tmp_path):
    def write(adata, path):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(io, "write", write)
    trained = ("--set", "encoder=gcn", "--set", "epochs=3")
    ended = command("run", slice_path, "-o", "out.h5ad", "-k", 3, "-q", *QUICK, *trained)
    assert "No space left on device" in one_line(ended)
    # what was trained is not lost: with --resume it need not be trained again
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5ad.checkpoint"]


def test_bugs_keep_their_traceback(monkeypatch, slice_path, tmp_path):
    def broken(path, **_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(io, "read", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["run", str(slice_path), "-o", str(tmp_path / "out.h5ad")])


def test_warnings_are_one_line(command, slice_path):
    adata = io.read(slice_path)
    adata.X = adata.X.multiply(np.arange(adata.n_obs)[:, None] >= 2).tocsr()
    io.write(adata, "gaps.h5ad")
    ended = command("run", "gaps.h5ad", "-o", "out.h5ad", "-k", 3, "-q", *QUICK)
    assert ended.code == 0
    assert ended.err.startswith("spotscape: warning: 2 of 200 spots have no counts")
    assert ended.err.count("\n") == 1


def test_interrupt_says_what_was_written(command, monkeypatch, slice_path, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tl, "run_spotscape", interrupted)
        ended = command("run", slice_path, "-o", "out.h5ad", "-q")
    assert (ended.code, ended.err) == (130, "spotscape: interrupted; nothing written\n")
    assert list(tmp_path.iterdir()) == []

    from spotscape import pl

    monkeypatch.setattr(pl, "report", interrupted)
    ended = command("run", slice_path, "-o", "out.h5ad", "-q", "-k", 3, "--report", "report.html", *QUICK)
    assert (ended.code, ended.err) == (130, "spotscape: interrupted; written before: out.h5ad\n")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent otherwise on Windows")
def test_ctrl_c_stops_a_real_run(slice_path, tmp_path):
    arguments = [
        "run",
        slice_path,
        "-o",
        tmp_path / "out.h5ad",
        "-k",
        "3",
        "--set",
        "encoder=gcn",
        "--set",
        "epochs=1000000",
    ]
    with subprocess.Popen(
        [sys.executable, "-m", "spotscape", *map(str, arguments)],
        stderr=subprocess.PIPE,
        bufsize=0,
        # Where the tests run in the background, Ctrl-C is ignored and so it would be here.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        seen = b""
        while b"epoch 1/" not in seen:
            seen += process.stderr.read(100) or pytest.fail(f"ended too early: {seen.decode()}")
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().decode()
    assert process.returncode == 130
    assert rest.endswith("spotscape: interrupted; nothing written\n")
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


def test_info(command, slice_path):
    ended = command("info", slice_path)
    assert (ended.code, ended.err) == (0, "")
    for text in ("200", "60", "X (", "obsm['spatial'], 2D", "grid", "ground_truth (3)"):
        assert text in ended.out
    assert "problem" not in ended.out


def test_info_says_that_there_are_two_slices(command, slice_path):
    adata = io.read(slice_path)
    assert json.loads(command("info", "--json", slice_path).out)["slices"] is None
    n = adata.n_obs
    adata.obs["seurat_image"] = np.where(np.arange(n) < 50, "left", "right")
    adata.obsm["spatial"][50:, 0] += 1e4
    io.write(adata, "two.h5ad")
    facts = json.loads(command("info", "--json", "two.h5ad").out)
    assert facts["slices"] == {"column": "seurat_image", "spots": {"left": 50, "right": n - 50}}
    said = f"2 by obs['seurat_image']: left (50 spots), right ({n - 50} spots); --slice-key seurat_image"
    assert said in command("info", "two.h5ad").out


def test_info_as_json_matches_the_file(command, slice_path):
    facts = json.loads(command("info", "--json", slice_path).out)
    adata = io.read(slice_path)
    totals = np.asarray(adata.X.sum(axis=1)).ravel()
    assert (facts["spots"], facts["genes"], facts["problems"], facts["runs"]) == (*adata.shape, [], {})
    assert facts["counts"]["total_per_spot"] == {
        "min": totals.min(),
        "median": np.median(totals),
        "max": totals.max(),
    }
    coordinates = adata.obsm["spatial"]
    assert facts["coordinates"]["range"] == np.stack([coordinates.min(0), coordinates.max(0)], 1).tolist()
    assert facts["graph"]["neighbors_per_spot"]["max"] == 6


def test_info_lists_problems_and_earlier_runs(command, slice_path):
    adata = io.read(slice_path)
    del adata.obsm["spatial"]
    adata.X.data[:] += 0.5
    io.write(adata, "bad.h5ad")
    ended = command("info", "bad.h5ad")
    assert ended.code == 0
    assert ended.out.count("problem") == 2
    assert "obsm['spatial']" in ended.out

    assert command("run", slice_path, "-o", "out.h5ad", "-k", 3, "--seed", 7, "-q", *QUICK).code == 0
    facts = json.loads(command("info", "--json", "out.h5ad").out)
    assert facts["runs"] == {"spotscape": {"n_domains": 3, "seed": 7}}
    assert facts["graph"]["origin"] == "in the file"
    assert "earlier run" in command("info", "out.h5ad").out


def test_simulate(command):
    size = ["--spots", 150, "--genes", 40, "-k", 4]
    ended = command("simulate", "-o", "a.h5ad", "--tissue", "tumour", "--seed", 5, *size)
    assert ended.code == 0, ended.err
    adata = io.read("a.h5ad")
    expected = datasets.simulate_slice(n_spots=150, n_genes=40, n_domains=4, tissue="tumour", seed=5)
    assert (adata.X != expected.X).nnz == 0
    assert f"{adata.n_obs:,} spots x 40 genes, 4 true domains" in ended.out


def test_simulate_other_kinds(command):
    kind = {
        "tissue": "rare",
        "marker_strength": 1.0,
        "marker_gradients": 0.3,
        "border_width": 0.1,
        "hole_share": 0.2,
    }
    size = ["--spots", 150, "--genes", 40, "-k", 4]
    options = [word for key, value in kind.items() for word in (f"--{key.replace('_', '-')}", value)]
    ended = command("simulate", "-o", "a.h5ad", *options, *size)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("a.h5ad: 120 spots x 40 genes")
    expected = datasets.simulate_slice(n_spots=150, n_genes=40, n_domains=4, **kind)
    assert (io.read("a.h5ad").X != expected.X).nnz == 0


def test_simulate_slices_of_one_tissue(command):
    size = ["--spots", 150, "--genes", 40, "-k", 4]
    ended = command("simulate", "-o", "a.h5ad", "-o", "b.h5ad", *size)
    assert ended.code == 0, ended.err
    expected = datasets.simulate_slices(n_slices=2, n_spots=150, n_genes=40, n_domains=4)
    for name, one in zip("ab", expected, strict=True):
        assert (io.read(f"{name}.h5ad").X != one.X).nnz == 0
    ended = command("simulate", "-o", "a.h5ad", "-o", "a.h5ad", *size)
    assert ended.code == 2
    assert "a file of its own" in ended.err


def test_simulate_has_the_defaults_of_python():
    python = inspect.signature(datasets.simulate_slice).parameters
    shell = inspect.signature(simulate).parameters
    names = {name: {"spots": "n_spots", "genes": "n_genes"}.get(name, name) for name in shell}
    shared = {name: python[here].default for name, here in names.items() if here in python}
    assert {"spots", "genes", "tissue", "n_domains", "border_width", "hole_share"} <= set(shared)
    assert {"marker_gradients", "seed"} <= set(shared)
    assert {name: shell[name].default for name in shared} == shared


def test_version_and_help(command):
    import spotscape

    assert command("--version").out == f"spotscape {spotscape.__version__}\n"
    assert command().out == command("--help").out
    for name in ("run", "info", "simulate"):
        assert name in command("--help").out
        ended = command(name, "-h")
        assert (ended.code, ended.err) == (0, "")
        assert "--" in ended.out


def test_help_is_quick():
    code = """
import sys
from spotscape.cli import main
from spotscape.cli._sources import find_slices
try:
    main(["run", "--help"])
finally:
    heavy = {"numpy", "torch", "scanpy", "anndata", "matplotlib"} & set(sys.modules)
    print(*heavy, file=sys.stderr)
"""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""
    assert time.perf_counter() - started < 5  # 0.2 s on an idle machine


def test_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "spotscape", "run", "nothing.h5ad", "-o", "out.txt"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("spotscape: --out: found 'out.txt'")


# ---- what follows a run ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def after_run(slice_path, tmp_path_factory) -> Path:
    """An object after a run, and the run's model, as the command wrote them."""
    folder = tmp_path_factory.mktemp("after")
    done = [
        str(slice_path),
        "-o",
        str(folder / "in.h5ad"),
        "-k",
        "3",
        "-q",
        "--save-model",
        str(folder / "model"),
    ]
    with pytest.raises(SystemExit) as stop:
        main(["run", *done, *map(str, QUICK)])
    assert stop.value.code == 0
    return folder


@pytest.mark.parametrize("root", ["domain=1", "position=100,100", "1"])
def test_pseudotime_is_the_python_call(command, after_run, root):
    ended = command(
        "pseudotime", after_run / "in.h5ad", "-o", "out.h5ad", "--root", root, "--n-neighbors", 20
    )
    assert ended.code == 0, ended.err
    assert "time starts at" in ended.out
    assert "Written: out.h5ad" in ended.out
    adata = io.read(after_run / "in.h5ad")
    meant = {"domain=1": {"domain": "1"}, "position=100,100": (100, 100), "1": "1"}[root]
    tl.pseudotime(adata, root=meant, n_neighbors=20)
    found = io.read("out.h5ad").obs["spotscape_pseudotime"]
    np.testing.assert_array_equal(found, adata.obs["spotscape_pseudotime"])


def test_the_number_of_domains_is_told_with_what_it_goes_by(command, after_run):
    before = (after_run / "in.h5ad").read_bytes()
    ended = command("suggest-n-domains", after_run / "in.h5ad", "--highest", 6, "--figure", "curve.png")
    assert ended.code == 0, ended.err
    adata = io.read(after_run / "in.h5ad")
    number = tl.suggest_n_domains(adata, candidates=range(2, 7))
    told = [line.split() for line in ended.out.splitlines()[1:6]]
    assert [int(words[0]) for words in told] == [2, 3, 4, 5, 6]
    assert [int(words[0]) for words in told if words[-1] == "suggested"] == [number]
    weights = adata.uns["spotscape"]["n_domains"]["weights"]
    assert [words[1] for words in told] == [f"{weight:.1%}" for weight in weights]
    assert Path("curve.png").read_bytes().startswith(b"\x89PNG")
    assert (after_run / "in.h5ad").read_bytes() == before
    assert "--highest: found 2" in one_line(
        command("suggest-n-domains", after_run / "in.h5ad", "--lowest", 3, "--highest", 2)
    )


def test_markers_are_the_python_call(command, after_run):
    before = (after_run / "in.h5ad").read_bytes()
    ended = command("markers", after_run / "in.h5ad", "-o", "markers.csv", "--against", "neighbors")
    assert ended.code == 0, ended.err
    table = tl.domain_markers(io.read(after_run / "in.h5ad"), against="neighbors")
    written = pd.read_csv("markers.csv", dtype={"domain": str, "against": str})
    pd.testing.assert_frame_equal(written, table)
    first = table[table["domain"] == "1"]["gene"].head(5)
    assert ended.out.splitlines()[0] == f"1: {', '.join(first)}"
    assert ended.out.splitlines()[-1] == "Written: markers.csv"
    assert (after_run / "in.h5ad").read_bytes() == before
    words = command(
        "markers", after_run / "in.h5ad", "--split", "--gene", first.iloc[0], "--domain", "1", "-q"
    )
    assert (words.code, words.out) == (0, "")
    assert "genes: found 1 gene" in one_line(command("markers", after_run / "in.h5ad", "--gene", "MBP"))
    assert "ends in .csv" in one_line(command("markers", after_run / "in.h5ad", "-o", "markers.tsv"))
    ended = command("markers", after_run / "in.h5ad", "--method", "pseudobulk")
    assert "found None, with method='pseudobulk'" in one_line(ended)


def test_report_tells_of_cell_types_where_they_are_named(command, after_run):
    arguments = ("report", after_run / "in.h5ad", "-o", "out.html", "-q", "--cell-types")
    assert command(*arguments, "ground_truth").code == 0
    assert '<section id="cell-types">' in Path("out.html").read_text()
    assert "'no'" in one_line(command(*arguments, "no"))


def test_report_tells_what_followed(command, after_run):
    assert command("pseudotime", after_run / "in.h5ad", "-o", "out.h5ad", "--root", "1", "-q").code == 0
    assert command("report", "out.h5ad", "-o", "out.html", "-q").code == 0
    assert '<section id="pseudotime">' in Path("out.html").read_text()


def test_impute_writes_the_genes_asked_for(command, after_run):
    genes = list(io.read(after_run / "in.h5ad").var_names[:2])
    options = [word for gene in genes for word in ("--gene", gene)]
    assert command("impute", after_run / "in.h5ad", "-o", "out.h5ad", *options, "-q").code == 0
    assert list(io.read("out.h5ad").obsm["spotscape_imputed"]) == genes
    assert command("impute", after_run / "in.h5ad", "-o", "all.h5ad", "-q").code == 0
    assert "spotscape_imputed" in io.read("all.h5ad").layers


def test_map_puts_a_slice_into_the_model(command, after_run, slice_path):
    ended = command("map", after_run / "model", slice_path, "-o", "out.h5ad")
    assert ended.code == 0, ended.err
    one, other = io.read("out.h5ad"), io.read(after_run / "in.h5ad")
    np.testing.assert_allclose(one.obsm["X_spotscape"], other.obsm["X_spotscape"], atol=1e-3)
    assert "of the model's" in ended.out


@pytest.mark.filterwarnings("ignore::spotscape._validate.SpotscapeWarning")
def test_align_matches_slices_and_gives_labels(command, two_slices):
    assert command("run", two_slices, "-o", "both.h5ad", "-k", 3, "-q", *QUICK).code == 0
    ended = command(
        "align", "both.h5ad", "-o", "out.h5ad", "--transform", "none", "--transfer", "ground_truth"
    )
    assert ended.code == 0, ended.err
    assert "150 spots matched to left" in ended.out
    found = io.read("out.h5ad")
    assert found.obs["ground_truth_transferred"].notna().all()
    assert len(found.uns["spotscape_alignment"]["matches"]) == 150
    # By landmarks that leave the slice where it is.
    low, high = io.read("both.h5ad").obsm["spatial"].min(), io.read("both.h5ad").obsm["spatial"].max()
    rows = [f"right,{x},{y},{x},{y}" for x, y in ((low, low), (low, high), (high, high))]
    Path("known.csv").write_text("\n".join(["slice,x,y,reference_x,reference_y", *rows]), encoding="utf-8")
    ended = command("align", "both.h5ad", "-o", "known.h5ad", "--landmarks", "known.csv")
    assert ended.code == 0, ended.err
    assert "turned by 0 degrees" in ended.out
    assert io.read("known.h5ad").uns["spotscape_alignment"]["slices"]["landmark_error"].iloc[1] < 1e-6


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("pseudotime {in} -o out.h5ad --root nowhere", ["root", "'nowhere'"]),
        ("pseudotime {in} -o out.h5ad --root position=here", ["--root", "position=X,Y"]),
        ("pseudotime {in} -o {in}", ["--out", "the input"]),
        ("impute {in} -o out.h5ad --gene nothing", ["genes", "'nothing'"]),
        ("impute {in} -o out.rds", ["--out", "ImputeExpression"]),
        ("align {in} -o out.h5ad", ["one slice"]),
        ("map {in} {in} -o out.h5ad", ["no model.json"]),
        ("run {in} -o out.h5ad --save-model {in}", ["a file", "a folder"]),
    ],
)
def test_bad_input_after_a_run_is_one_line(command, after_run, arguments, words):
    ended = command(*arguments.format(**{"in": after_run / "in.h5ad"}).split())
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert all(word in ended.err for word in words), ended.err
    assert not Path("out.h5ad").exists()
