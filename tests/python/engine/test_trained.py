"""A trained model out of its arrays, and arrays that do not belong together."""

import numpy as np
import pytest
import torch
from scipy import sparse

from spotscape._validate import InputError
from spotscape.config import SpotscapeConfig
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trained import decode, encode, model_of, weights_of
from spotscape.engine.trainer import fit


def trained():
    """A model of a strip of 60 spots, and the strip."""
    rng = np.random.default_rng(0)
    x = sparse.csr_matrix(np.log1p(rng.poisson(1.5, (60, 12))).astype("float32"))
    path = sparse.diags([1, 1], [-1, 1], shape=(60, 60), format="csr", dtype=float)
    graph = SliceGraph.from_scipy(x, path, rank=0, seed=0)
    return fit(graph, SpotscapeConfig(epochs=5, learning_rate=1e-3, hidden_dim=16, latent_dim=8)), graph


def test_a_model_made_again_encodes_and_decodes_alike():
    result, graph = trained()
    weights = weights_of(result.model)
    model = model_of(weights)
    for name, value in weights_of(model).items():
        np.testing.assert_array_equal(value, weights[name])
    mean = (graph.expression.column_sums() / 60).numpy()
    z = encode(model, graph, mean)
    atol = 1e-4 * np.abs(result.embedding).max()
    np.testing.assert_allclose(z, result.embedding, atol=atol)
    with torch.no_grad():
        expected = result.model.decoder_output(result.model.decode_hidden(torch.from_numpy(z))).numpy()
    np.testing.assert_allclose(decode(model, z, np.array([3, 0])), expected[:, [3, 0]], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["gcn1_weight", "gcn2_weight", "norm1.running_var", "decoder_output.bias"])
def test_a_missing_or_misshapen_array_is_named(name):
    weights = weights_of(trained()[0].model)
    with pytest.raises(InputError, match="model"):
        model_of({key: value for key, value in weights.items() if key != name})
    with pytest.raises(InputError, match=r"model.*shape"):
        model_of({**weights, name: weights[name][..., :-1]})
