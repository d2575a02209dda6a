"""How clear the number of domains is."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from spotscape._validate import InputError
from spotscape.pl import n_domains


@pytest.fixture
def suggested(run):
    run.uns["spotscape"]["n_domains"] = {
        "suggested": 4,
        "candidates": np.array([3, 4, 5]),
        "log_likelihood": np.array([-3.0, -2.0, -1.9]),
        "by_data": np.array([0.1, 0.4, 0.5]),
        "weights": np.array([0.1, 0.6, 0.3]),
    }
    return run


def test_draws_the_weights_and_what_the_data_say_alone(suggested):
    ax = Figure().add_subplot()
    n_domains(suggested, ax=ax, title="how many")
    assert [bar.get_height() for bar in ax.patches] == [0.1, 0.6, 0.3]
    assert ax.lines[0].get_ydata().tolist() == [0.1, 0.4, 0.5]
    colors = [bar.get_facecolor() for bar in ax.patches]
    assert colors[1] != colors[0] == colors[2]
    assert ax.get_title() == "how many"


def test_is_written_to_a_file(suggested, tmp_path):
    n_domains(suggested, save=tmp_path / "curve.png")
    assert (tmp_path / "curve.png").is_file()


def test_without_a_suggestion_it_says_what_to_do(run):
    run.uns["spotscape"].pop("n_domains", None)
    with pytest.raises(InputError, match=r"n_domains.*suggest_n_domains"):
        n_domains(run)


def test_stability_has_a_panel_where_it_is_known(suggested):
    suggested.uns["spotscape"]["n_domains"]["stability"] = np.array([0.9, 0.95, 0.4])
    left, right = n_domains(suggested, ax=Figure().subplots(1, 2))
    assert [bar.get_height() for bar in left.patches] == [0.1, 0.6, 0.3]
    assert right.lines[1].get_ydata().tolist() == [0.9, 0.95, 0.4]
    assert list(right.lines[0].get_xdata()) == [4, 4]
