"""Settings: checked when made, found by name, and the published ones to the letter."""

from dataclasses import FrozenInstanceError, fields

import pytest

from spotscape._validate import InputError, SpotscapeWarning
from spotscape.config import SpotscapeConfig, resolve_config


def test_paper_has_the_published_settings():
    paper = SpotscapeConfig.paper()
    assert (paper.hidden_dim, paper.latent_dim) == (256, 64)
    assert (paper.edge_drop, paper.gene_mask) == (0.2, 0.2)
    assert (paper.telescope_weight, paper.reconstruction_weight) == (1.0, 0.1)
    assert (paper.learning_rate, paper.weight_decay, paper.epochs) == (1e-4, 1e-4, 1000)
    assert (paper.n_top_genes, paper.target_sum, paper.batch_norm_momentum) == (5000, 1e4, 0.99)
    assert (paper.schedule, paper.expression_rank, paper.gene_ranking) == ("constant", 0, "variable")
    assert paper.trains
    assert paper.cluster_method == "kmeans"


def test_the_default_trains_nothing_and_says_what_is_without_effect():
    assert not SpotscapeConfig().trains
    with pytest.warns(SpotscapeWarning, match=r"no effect of epochs, hidden_dim; .*'gcn'"):
        resolve_config({"epochs": 7, "hidden_dim": 8})
    resolve_config({"encoder": "gcn", "epochs": 7})
    resolve_config({"n_components": 7})


def test_resolve_takes_what_a_user_may_pass():
    assert resolve_config(None) == resolve_config("default") == resolve_config({}) == SpotscapeConfig()
    assert resolve_config("paper") == SpotscapeConfig.paper()
    assert resolve_config({"preset": "paper", "epochs": 7}).epochs == 7
    assert resolve_config({"n_components": 7.0}).n_components == 7
    own = SpotscapeConfig(epochs=3)
    assert resolve_config(own) is own


def test_a_mapping_is_not_changed():
    settings = {"preset": "paper", "epochs": 7}
    resolve_config(settings)
    assert settings == {"preset": "paper", "epochs": 7}


def test_unknown_setting_names_the_near_ones():
    with pytest.raises(InputError, match=r"unknown setting 'epoch'.*Did you mean epochs\?"):
        resolve_config({"epoch": 7})


@pytest.mark.parametrize(
    ("config", "names"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epochs": 2.5}, "epochs"),
        ({"epochs": True}, "epochs"),
        ({"edge_drop": 1.0}, "edge_drop"),
        ({"gene_mask": -0.1}, "gene_mask"),
        ({"learning_rate": "fast"}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"schedule": "linear"}, "schedule"),
        ({"cluster_method": "mclust"}, "cluster_method"),
        ({"encoder": "transformer"}, "encoder"),
        ({"gene_ranking": "random"}, "gene_ranking"),
        ({"n_components": 0}, "n_components"),
        ("fast", "config"),
        (3, "config"),
    ],
)
def test_bad_values_are_named(config, names):
    with pytest.raises(InputError, match=f"^{names}: found"):
        resolve_config(config)


def test_frozen_and_complete():
    config = SpotscapeConfig()
    with pytest.raises(FrozenInstanceError):
        config.epochs = 3
    assert list(config.to_dict()) == [f.name for f in fields(SpotscapeConfig)]
    for field in fields(SpotscapeConfig):
        assert field.name in SpotscapeConfig.__doc__
