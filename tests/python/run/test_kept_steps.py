"""A run that was killed between steps goes on from the last one that was kept."""

import sys

import anndata as ad
import numpy as np
import pytest

from spotscape import datasets, tl
from spotscape._validate import InputError, SpotscapeWarning
from spotscape.run.encoders import ENCODERS

QUICK = {"n_domains": 3, "config": {"n_starts": 2}, "progress": False}


@pytest.fixture
def slices():
    made = datasets.simulate_slices(n_slices=2, n_spots=120, n_genes=60, n_domains=3)
    made[0].obsm["spatial"][3] = made[0].obsm["spatial"][4]
    return made


class Killed(BaseException):
    pass


def die(*_, **__):
    raise Killed


def run_killed(monkeypatch, run, step):
    """Start a run that is killed in a step."""
    with monkeypatch.context() as patched:
        if step == "components":
            patched.setitem(ENCODERS, "components", ENCODERS["components"]._replace(encode=die))
        else:
            patched.setattr(sys.modules["spotscape.run.analyse"], "find_domains", die)
        with pytest.raises(Killed):
            run()


@pytest.mark.filterwarnings("ignore:.*share their place")
def test_where_an_embedding_was_made_is_kept_with_it(slices, tmp_path, monkeypatch):
    where = {"checkpoint": tmp_path / "steps", "checkpoint_minutes": 0}
    encode = ENCODERS["components"].encode
    on_gpu = ENCODERS["components"]._replace(encode=lambda *a: encode(*a)._replace(device="cuda"))
    with monkeypatch.context() as patched:
        patched.setitem(ENCODERS, "components", on_gpu)
        run_killed(monkeypatch, lambda: tl.run_spotscape(slices[0], **QUICK, **where), "domains")
    tl.run_spotscape(slices[0], resume=True, device="cpu", **QUICK, **where)
    assert slices[0].uns["spotscape"]["params"]["device"] == "cuda and cpu"


@pytest.mark.filterwarnings("ignore:.*(hardly mix|In one slice only|blurred|share their place)")
@pytest.mark.parametrize("step", ["components", "domains"])
@pytest.mark.parametrize("several", [False, True])
def test_a_killed_run_goes_on(slices, tmp_path, monkeypatch, step, several):
    one = ad.concat(slices, label="slice", index_unique="_") if several else slices[0]
    verb = tl.integrate_slices if several else tl.run_spotscape
    where = {"checkpoint": tmp_path / "steps", "checkpoint_minutes": 0}
    whole = verb(one, copy=True, **QUICK)
    run_killed(monkeypatch, lambda: verb(one, **QUICK, **where), step)
    assert "X_spotscape" not in one.obsm
    with monkeypatch.context() as patched:
        patched.setattr("spotscape.gr.spatial_graph.make_graph", die)  # what was kept is not made again
        if step == "domains":
            patched.setitem(ENCODERS, "components", ENCODERS["components"]._replace(encode=die))
        resumed = verb(one, copy=True, resume=True, **QUICK, **where)
    np.testing.assert_array_equal(resumed.obsm["X_spotscape"], whole.obsm["X_spotscape"])
    assert resumed.obs.equals(whole.obs)
    assert (resumed.obsp["spatial_distances"] != whole.obsp["spatial_distances"]).nnz == 0
    records = [dict(each.uns["spotscape"]) for each in (resumed, whole)]
    assert sorted(records[0]) == sorted(records[1])
    assert records[0]["warnings"] == records[1]["warnings"]
    models = [each.uns["spotscape_model"] for each in (resumed, whole)]
    for name, value in models[1].items():
        np.testing.assert_array_equal(models[0][name], value, err_msg=name)
    if several:
        again = [each["integration"] for each in records]
        assert again[0]["slice_noise"] == again[1]["slice_noise"]


def test_a_resumed_run_says_what_the_first_one_would_have(slices, tmp_path, monkeypatch):
    where = {"checkpoint": tmp_path / "steps", "checkpoint_minutes": 0}
    run_killed(monkeypatch, lambda: tl.run_spotscape(slices[0], **QUICK, **where), "domains")
    with pytest.warns(SpotscapeWarning, match="share their place"):
        tl.run_spotscape(slices[0], resume=True, **QUICK, **where)


@pytest.mark.filterwarnings("ignore:.*share their place")
def test_other_data_do_not_go_on(slices, tmp_path, monkeypatch):
    where = {"checkpoint": tmp_path / "steps", "checkpoint_minutes": 0}
    run_killed(monkeypatch, lambda: tl.run_spotscape(slices[0], **QUICK, **where), "domains")
    with pytest.raises(InputError, match="that did not end"):
        tl.run_spotscape(slices[0], **QUICK, **where)
    with pytest.raises(InputError, match="another graph: of other spots"):
        tl.run_spotscape(slices[1], resume=True, **QUICK, **where)
    other = slices[0].copy()
    other.X[5, 5] += 1
    with pytest.raises(InputError, match="another counts"):
        tl.run_spotscape(other, resume=True, **QUICK, **where)
    with pytest.raises(InputError, match="another seed"):
        tl.run_spotscape(slices[0], resume=True, seed=1, **QUICK, **where)
    with pytest.raises(InputError, match="unreadable"):
        tl.run_spotscape(
            slices[0], resume=True, n_domains=3, config={"encoder": "gcn"}, progress=False, **where
        )
    (tmp_path / "steps").write_bytes(b"no file")
    with pytest.raises(InputError, match="no state of a run with components"):
        tl.run_spotscape(slices[0], resume=True, **QUICK, **where)


@pytest.mark.filterwarnings("ignore:.*share their place")
def test_a_short_run_writes_nothing(slices, tmp_path):
    tl.run_spotscape(slices[0], checkpoint=tmp_path / "steps", **QUICK)
    assert not list(tmp_path.iterdir())
