"""The objective: the weighted sum of the losses, with its parts.

``L = w_SC · L_SC + w_rec · L_rec``

Source: arXiv 2506.15698, section 4; weights 1.0 and 0.1.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from spotscape.core.augment import View
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.expression import ExpressionMatrix
from spotscape.core.reconstruction import reconstruction_loss
from spotscape.core.telescope import similarity_telescope_loss


class Losses(NamedTuple):
    """Scalars of one step: the weighted sum, and its parts unweighted."""

    total: Tensor
    telescope: Tensor
    reconstruction: Tensor


def objective(
    model: GraphAutoencoder,
    expression: ExpressionMatrix,
    neighborhood: Neighborhood,
    views: tuple[View, View],
    *,
    telescope_weight: float,
    reconstruction_weight: float,
) -> Losses:
    """Encode both views and return the losses.

    Parameters
    ----------
    model, expression, neighborhood
        The autoencoder, X (N x G) and the graph of the N spots.
    views
        Two independent draws of `spotscape.core.augment.random_view`.
    telescope_weight, reconstruction_weight
        Weights in the sum.

    Returns
    -------
    Losses
    """
    z1, z2 = (model.encode(expression, neighborhood.propagation(view.edges), view.genes) for view in views)
    telescope = similarity_telescope_loss(z1, z2)
    output = model.decoder_output
    hidden = [model.decode_hidden(z) for z in (z1, z2)]
    reconstruction = reconstruction_loss(expression, hidden, output.weight, output.bias)
    total = telescope_weight * telescope + reconstruction_weight * reconstruction
    return Losses(total, telescope, reconstruction)
