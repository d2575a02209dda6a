"""Alternatives of a step are records; the configuration knows their names."""

import inspect

from spotscape.config import CLUSTER_METHODS, ENCODERS
from spotscape.domains.groupings import GROUPINGS
from spotscape.run import encoders


def test_the_configuration_names_every_encoder_and_grouping():
    assert tuple(encoders.ENCODERS) == ENCODERS
    assert tuple(GROUPINGS) == CLUSTER_METHODS


def test_encoders_take_the_same():
    taken = {name: list(inspect.signature(one.encode).parameters) for name, one in encoders.ENCODERS.items()}
    assert taken["components"] == taken["gcn"]
