"""A trained autoencoder as named arrays: what is kept of a run, and what can be done with it later."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from spotscape._validate import input_error
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.expression import CenteredExpression
from spotscape.engine.embedding import embed
from spotscape.engine.slice_graph import SliceGraph

Arrays = Mapping[str, NDArray[np.generic]]


def weights_of(model: GraphAutoencoder) -> dict[str, NDArray[np.generic]]:
    """Return every weight and running statistic by name; shapes as in `spotscape.core.encoder`."""
    return {name: value.detach().cpu().numpy() for name, value in _needed(model).items()}


def model_of(weights: Arrays) -> GraphAutoencoder:
    """Make the autoencoder again, in evaluation mode.

    Parameters
    ----------
    weights
        As `weights_of` gives them.

    Raises
    ------
    InputError
        If an array is missing, or has another shape than the others ask for.
    """
    expected = ("gcn1_weight", "gcn2_weight")
    if any(name not in weights or np.ndim(weights[name]) != 2 for name in expected):
        raise input_error("model", "no matrices " + " and ".join(expected), "the weights of a run")
    n_inputs, hidden_dim = weights["gcn1_weight"].shape
    latent_dim = weights["gcn2_weight"].shape[1]
    # Before a model of these widths is made: few numbers may ask for very large ones.
    _check_shapes(weights, n_inputs, hidden_dim, latent_dim)
    model = GraphAutoencoder(
        n_inputs,
        len(weights.get("decoder_output.bias", ())),
        hidden_dim,
        latent_dim,
        batch_norm_momentum=0.0,
        generator=torch.Generator(),
    )
    own = _needed(model)
    for name, value in own.items():
        _check_one(weights, name, tuple(value.shape))
        if name.endswith("running_var") and float(np.min(np.asarray(weights[name], float))) < 0:
            raise input_error(f"model: {name}", "variances below 0", "none", _DAMAGED)
    # A copy: what came from a file, or from R, may be read-only.
    model.load_state_dict({name: torch.from_numpy(np.array(weights[name])) for name in own}, strict=False)
    return model.eval()


_DAMAGED = "The model is damaged: make or save it again."


def _check_shapes(weights: Arrays, n_inputs: int, hidden_dim: int, latent_dim: int) -> None:
    """Raise where the matrices do not fit to each other."""
    n_genes = int(np.size(weights.get("decoder_output.bias", ())))
    for name, shape in {
        "gcn1_weight": (n_inputs, hidden_dim),
        "gcn2_weight": (hidden_dim, latent_dim),
        "decoder_hidden.weight": (hidden_dim, latent_dim),
        "decoder_output.weight": (n_genes, hidden_dim),
    }.items():
        _check_one(weights, name, shape)
        if 0 in shape:
            raise input_error(f"model: {name}", f"shape {shape}", "no width of 0", _DAMAGED)


def _check_one(weights: Arrays, name: str, shape: tuple[int, ...]) -> None:
    """Raise unless an array is there, of this shape, and of finite numbers."""
    found = np.shape(weights[name]) if name in weights else None
    if found != shape:
        said = "nothing" if found is None else f"shape {found}"
        raise input_error(f"model: {name}", said, f"shape {shape}", _DAMAGED)
    values = np.asarray(weights[name])
    if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
        raise input_error(f"model: {name}", "NaN, infinite values or no numbers", "finite numbers", _DAMAGED)


def _needed(model: GraphAutoencoder) -> dict[str, torch.Tensor]:
    """Return what the model computes with: all but batch norm's count of steps."""
    return {name: value for name, value in model.state_dict().items() if value.ndim}


def encode(
    model: GraphAutoencoder,
    graph: SliceGraph,
    mean: NDArray[np.floating],
    own: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """Return Z of a tissue that a model was not trained on, nothing masked.

    Parameters
    ----------
    model
        Trained, as `model_of` gives it.
    graph
        One slice, its genes those of the model.
    mean
        Mean of each gene over the spots in training, as the encoder saw them, G; each gene's mean is brought
        to it.
    own
        What counts as the mean of each gene in this slice, G; None for the mean over its spots.

    Returns
    -------
    numpy.ndarray
        N x latent, float32.
    """
    if own is None:
        of_slice = graph.expression.column_sums() / graph.n_spots
    else:
        of_slice = torch.from_numpy(np.array(own, dtype=np.float32))
    shift = of_slice - torch.from_numpy(np.array(mean, dtype=np.float32))
    one = torch.zeros(graph.n_spots, dtype=torch.int64)
    features = CenteredExpression(graph.expression, shift[None], one)
    return embed(model, features, Neighborhood(graph.edge_index, graph.n_spots))


@torch.no_grad()
def decode(
    model: GraphAutoencoder, z: NDArray[np.floating], genes: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Return X̂ for some genes: the decoder's last layer applied to what it makes of Z.

    Parameters
    ----------
    model
        Trained, as `model_of` gives it.
    z
        N x latent.
    genes
        Which columns of X to return, as numbers.

    Returns
    -------
    numpy.ndarray
        N x number of genes, float32, on the scale of the X trained on.
    """
    hidden = model.decode_hidden(torch.from_numpy(np.array(z, dtype=np.float32)))
    chosen = torch.from_numpy(np.array(genes, dtype=np.int64))
    last = model.decoder_output
    found: NDArray[np.float32] = torch.nn.functional.linear(
        hidden, last.weight[chosen], last.bias[chosen]
    ).numpy()
    return found
