"""The objective: the weighted sum of the losses, with its parts.

``L = w_SC · L_SC + w_rec · L_rec`` for one slice, and for several
``L = w_SC · L_SC + w_rec · L_rec + w_PCL · L_PCL + w_SSM · L_SSM``

Source: arXiv 2506.15698, section 4; weights 1.0, 0.1, 0.01 and 1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from torch import Tensor

from spotscape.core.augment import View
from spotscape.core.batch_norm import Reduce
from spotscape.core.encoder import GraphAutoencoder, Neighborhood
from spotscape.core.expression import ExpressionMatrix
from spotscape.core.prototypes import Prototypes, prototype_loss
from spotscape.core.reconstruction import reconstruction_loss
from spotscape.core.scale_matching import scale_matching_loss
from spotscape.core.telescope import similarity_telescope_loss


class Losses(NamedTuple):
    """Scalars of one step: the weighted sum, and its parts unweighted; 0 for what a step does without."""

    total: Tensor
    telescope: Tensor
    reconstruction: Tensor
    prototype: Tensor
    scale_matching: Tensor


class Matching(NamedTuple):
    """What several slices need: the last two losses.

    Attributes
    ----------
    slice_rows
        Rows of each slice among the own spots of all processes, see `spotscape.core.scale_matching.members`.
    rows
        Spots of each slice that scale matching sums over, or None for all.
    top_k
        Similarities averaged in scale matching.
    scale_matching_weight, prototype_weight
        Weights in the sum; a loss of weight 0 is not computed.
    prototypes
        Gives the prototypes for Z' (N x d), or None in a step without them.
    temperature
        Of the prototypes.
    gather
        Differentiable: the own spots' rows of all processes, one below the other; None for one process.
    """

    slice_rows: Sequence[Tensor]
    rows: Sequence[Tensor] | None
    top_k: int
    scale_matching_weight: float
    prototype_weight: float
    prototypes: Callable[[Tensor], Sequence[Prototypes]] | None
    temperature: float
    gather: Callable[[Tensor], Tensor] | None = None


def objective(
    model: GraphAutoencoder,
    features: ExpressionMatrix,
    expression: ExpressionMatrix,
    neighborhood: Neighborhood,
    views: tuple[View, View],
    *,
    telescope_weight: float,
    reconstruction_weight: float,
    matching: Matching | None = None,
    reduce: Reduce | None = None,
) -> Losses:
    """Encode both views and return the losses.

    Parameters
    ----------
    model, features, expression, neighborhood
        The autoencoder, what its encoder sees (N x n_inputs), X (N x G) which its decoder gives back, and the
        graph of the N spots. Of a part of the tissue, X has the rows of its own spots only, which come first
        in the others.
    views
        Two independent draws of `spotscape.core.augment.random_view`.
    telescope_weight, reconstruction_weight
        Weights in the sum.
    matching
        For several slices; None for one.
    reduce
        Differentiable sum over processes, where each holds a part of the tissue; None for one process. The
        losses are then those of all parts together, the same in each process.

    Returns
    -------
    Losses
    """
    n_own = expression.shape[0]
    z1, z2 = (
        model.encode(features, neighborhood.propagation(view.edges), view.genes, n_own=n_own, reduce=reduce)
        for view in views
    )
    telescope = similarity_telescope_loss(z1, z2, reduce=reduce)
    output = model.decoder_output
    hidden = [model.decode_hidden(z, reduce=reduce) for z in (z1, z2)]
    reconstruction = reconstruction_loss(expression, hidden, output.weight, output.bias, reduce=reduce)
    total = telescope_weight * telescope + reconstruction_weight * reconstruction
    prototype = scale_matching = total.new_zeros(())
    if matching is None:
        return Losses(total, telescope, reconstruction, prototype, scale_matching)
    if matching.gather is not None:
        z1, z2 = matching.gather(z1), matching.gather(z2)
    if matching.prototypes is not None and matching.prototype_weight:
        found = matching.prototypes(z2.detach())
        prototype = prototype_loss(z1, found, temperature=matching.temperature)
        total = total + matching.prototype_weight * prototype
    if matching.scale_matching_weight:
        scale_matching = scale_matching_loss(
            z1, z2, matching.slice_rows, top_k=matching.top_k, rows=matching.rows
        )
        total = total + matching.scale_matching_weight * scale_matching
    return Losses(total, telescope, reconstruction, prototype, scale_matching)
