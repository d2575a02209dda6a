import numpy as np
import pytest
from anndata import read_h5ad
from matplotlib.figure import Figure

from spotscape._validate import InputError
from spotscape.pl import loss_history


@pytest.fixture
def ax():
    return Figure().add_subplot()


def test_draws_each_loss_over_the_epochs_total_first(run, ax):
    loss_history(run, title="training", ax=ax)
    assert [line.get_label() for line in ax.lines] == ["total", "reconstruction", "telescope"]
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), run.uns["spotscape"]["losses"]["epoch"])
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), run.uns["spotscape"]["losses"]["telescope"])
    assert len({line.get_linestyle() for line in ax.lines}) == 3
    assert ax.get_yscale() == "log"
    assert ax.get_title() == "training"


def test_reads_what_comes_back_from_a_file(run, ax, tmp_path):
    run.write_h5ad(tmp_path / "run.h5ad")
    loss_history(read_h5ad(tmp_path / "run.h5ad"), ax=ax)
    assert [line.get_label() for line in ax.lines] == ["total", "reconstruction", "telescope"]


def test_a_loss_of_zero_is_drawn_on_a_linear_scale(run, ax):
    run.uns["spotscape"]["losses"]["telescope"][-1] = 0.0
    loss_history(run, ax=ax)
    assert ax.get_yscale() == "linear"


def test_changes_nothing_and_saves(run, tmp_path):
    before = run.copy()
    loss_history(run, save=tmp_path / "loss.png")
    assert (tmp_path / "loss.png").is_file()
    assert set(run.uns) == set(before.uns)


@pytest.mark.parametrize("losses", [{}, {"epoch": np.array([])}, {"total": np.array([])}])
def test_no_losses_is_an_error_that_names_the_slot(run, losses):
    run.uns["spotscape"]["losses"] = losses
    with pytest.raises(InputError, match=r"adata\.uns\['spotscape'\]\['losses'\]"):
        loss_history(run)


def test_no_run_is_an_error_that_names_the_slot(run):
    with pytest.raises(InputError, match=r"adata\.uns\['other'\].*run_spotscape"):
        loss_history(run, key_added="other")


def test_a_loss_is_drawn_from_where_it_took_part(run, ax):
    run.uns["spotscape"]["losses"]["prototype"] = np.array([0.0] * 4 + [0.5] * 6)
    loss_history(run, ax=ax)
    (line,) = [line for line in ax.lines if line.get_label() == "prototype"]
    np.testing.assert_array_equal(np.isnan(line.get_ydata()), np.arange(10) < 4)
