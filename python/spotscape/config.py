"""SpotscapeConfig: every setting of a run, with one default that serves all data sets.

Source of the published settings: arXiv 2506.15698 (ICML 2025) and the authors' public configuration.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from spotscape._validate import (
    SpotscapeWarning,
    check_choice,
    check_flag,
    check_integer,
    check_number,
    describe,
    input_error,
)

ENCODERS = ("components", "gcn")
GENE_RANKINGS = ("spatial", "variable")
SCHEDULES = ("cosine", "constant")
CLUSTER_METHODS = ("gmm", "kmeans", "leiden")
MICROMETRES = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:um|µm|μm|microns?|micromet(?:er|re)s?)\s*", re.IGNORECASE)
"""A scale in micrometres, as users write it."""
MOST_RINGS = 50


@dataclass(frozen=True, kw_only=True)
class SpotscapeConfig:
    """Settings of a run; frozen, checked when made, and stored with the result.

    Parameters
    ----------
    encoder
        What makes the embedding. ``"components"``: the directions of expression that vary over the tissue and
        not between neighbours, averaged over rings of neighbours (``scale``). Nothing is trained. ``"gcn"``:
        the published graph autoencoder, which is trained. Settings marked "gcn" are for it alone.
    n_top_genes
        Greatest number of genes to use. A smaller panel is used whole.
    gene_ranking
        Which genes are taken. ``"spatial"``: those whose expression is most alike between neighbours (spatial
        autocorrelation). ``"variable"``: the most variable ones (scanpy's ``seurat_v3``), as published.
    target_sum
        Total counts per spot after normalisation (then ``log1p``). None: the median total of the run's spots.
    fractional_counts
        Whether values >= 0 that are not whole are taken as counts, where there are no whole ones, as after
        decontamination. They are scaled and logged as counts are. A warning says what that means.
    n_components
        Number of components: the width of the embedding. Few genes or spots give fewer.
    expression_rank
        Greatest number of directions of expression in which components are sought; at most one for every
        eight spots is taken. For gcn it is the rank of the truncated SVD that replaces the expression matrix
        in training. There, 0 keeps the matrix, and so does a rank of half the number of genes or spots, or
        more.
    scale
        Number of rings of neighbours over which the components are averaged, 0 to 50. With 0 every spot
        stands for itself, which groups cells by kind. Larger numbers give larger pieces of tissue. A distance
        such as ``"150 um"`` works where the unit of the coordinates is known. Slices of different resolution
        then get rings of their own, which reach equally far. gcn does not use it: its two layers see two
        rings.
    hidden_dim, latent_dim
        Width of the first GCN layer, and of the embedding (gcn).
    edge_drop, gene_mask
        Probability that a directed edge is dropped, and that a gene is zeroed, in a view (gcn).
    telescope_weight, reconstruction_weight
        Weights of the losses (gcn).
    prototype_weight, scale_matching_weight
        Weights of the losses that bring several slices together (gcn). One slice does not use them.
    prototype_temperature
        Temperature of the softmax over prototypes (gcn).
    prototype_start
        Share of the epochs after which prototypes are used (gcn).
    prototype_refresh
        Number of epochs for which prototypes are kept before they are made anew (gcn).
    matching_top_k
        Number of a spot's largest similarities that scale matching averages, in each slice (gcn).
    matching_spots
        Number of spots that scale matching sums over in a step (gcn); 0 takes all. They are drawn at random,
        in equal numbers from the slices, so that the estimate has no bias. Their matches are sought among all
        spots of the step.
    slice_centering
        With several slices, the share of its mean that is subtracted from each gene in each slice, 0 to 1.
    slice_noise
        Greatest weight that differences between matching spots of different slices have in the components'
        noise. A larger weight makes the components tell slices apart less. Fine differences within domains
        are lost as well. Where slices hold different tissue, a smaller weight is used, so that a third of the
        components' signal is left. 0 leaves all differences in. One slice does not use it.
    batch_norm_momentum
        Weight of the newest step in the running mean and variance, 0 to 1, as in PyTorch (gcn).
    learning_rate, weight_decay
        Learning rate and weight decay of Adam (gcn).
    schedule
        Learning rate over time: ``"cosine"`` (it falls to zero over ``epochs``) or ``"constant"`` (gcn).
    epochs
        Number of training steps (gcn). Each sees the whole tissue, or ``batch_spots`` spots of it.
    batch_spots
        Number of spots that a step sees (gcn). If it is smaller than the tissue, training goes by spatial
        tiles. 0 takes all spots. None takes all where a step needs no more than ``batch_memory``, else as
        many as fit.
    batch_memory
        Memory that a step may take, in GB, where ``batch_spots`` is None (gcn).
    mixed_precision
        Whether the encoder and the decoder multiply dense matrices in bfloat16 (gcn). Sparse products, batch
        norm and all losses stay in single precision. It is for GPUs that support bfloat16.
    cluster_method
        How the embedding becomes domains: ``"gmm"`` (a Gaussian mixture with one covariance, which is drawn
        towards a round one where there are few spots), ``"kmeans"``, ``"leiden"``.
    n_starts
        Starts of the mixture or of K-means. The one with the best likelihood, or inertia, is kept.

    Raises
    ------
    InputError
        If a value is of the wrong type or out of range; the message names the setting.

    Examples
    --------
    >>> from spotscape.config import SpotscapeConfig
    >>> SpotscapeConfig(epochs=50).epochs
    50
    >>> SpotscapeConfig.paper().learning_rate
    0.0001
    """

    encoder: str = "components"
    n_top_genes: int = 3000
    gene_ranking: str = "spatial"
    target_sum: float | None = None
    fractional_counts: bool = False
    n_components: int = 20
    expression_rank: int = 200
    scale: int | str = 2
    hidden_dim: int = 256
    latent_dim: int = 64
    edge_drop: float = 0.2
    gene_mask: float = 0.2
    telescope_weight: float = 1.0
    reconstruction_weight: float = 0.1
    prototype_weight: float = 0.01
    prototype_temperature: float = 0.75
    prototype_start: float = 0.5
    prototype_refresh: int = 5
    scale_matching_weight: float = 0.03
    matching_top_k: int = 5
    matching_spots: int = 2000
    slice_centering: float = 1.0
    slice_noise: float = 3.0
    batch_norm_momentum: float = 0.99
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    schedule: str = "cosine"
    epochs: int = 200
    batch_spots: int | None = None
    batch_memory: float = 0.65
    mixed_precision: bool = False
    cluster_method: str = "gmm"
    n_starts: int = 10

    def __post_init__(self) -> None:
        for name, low in _INTEGERS.items():
            if name not in _MAY_BE_NONE or getattr(self, name) is not None:
                object.__setattr__(self, name, check_integer(name, getattr(self, name), low))
        for name, (low, high) in _NUMBERS.items():
            if name in _MAY_BE_NONE and getattr(self, name) is None:
                continue
            object.__setattr__(self, name, check_number(name, getattr(self, name), low, high))
        object.__setattr__(self, "scale", _check_scale(self.scale))
        check_flag("mixed_precision", self.mixed_precision)
        check_flag("fractional_counts", self.fractional_counts)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("encoder", self.encoder, ENCODERS)
        check_choice("gene_ranking", self.gene_ranking, GENE_RANKINGS)
        check_choice("cluster_method", self.cluster_method, CLUSTER_METHODS)

    @classmethod
    def paper(cls) -> SpotscapeConfig:
        """Return the published settings for one slice (graph autoencoder on genes, 1000 epochs, K-means).

        The learning rate is the one published for DLPFC and MTG; the paper used 1e-5 on mouse embryo and
        5e-4 on NSCLC, chosen per data set.
        """
        return cls(
            encoder="gcn",
            n_top_genes=5000,
            gene_ranking="variable",
            target_sum=1e4,
            prototype_refresh=1,
            learning_rate=1e-4,
            scale_matching_weight=1.0,
            matching_spots=0,
            slice_centering=0.0,
            slice_noise=0.0,
            expression_rank=0,
            schedule="constant",
            epochs=1000,
            batch_spots=0,
            cluster_method="kmeans",
        )

    @property
    def trains(self) -> bool:
        """Whether the encoder is one that is trained."""
        return self.encoder == "gcn"

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as a plain dictionary, in the order of definition."""
        return asdict(self)

    def to_record(self) -> dict[str, Any]:
        """Return the same without what is left open: not every file format can hold None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def _check_scale(value: Any) -> int | str:
    """Return a number of rings, or a distance in micrometres as it was written."""
    if not isinstance(value, str):
        return check_integer("scale", value, 0, MOST_RINGS)
    if MICROMETRES.fullmatch(value) is None:
        raise input_error("scale", repr(value), "rings of neighbours, such as 2, or a distance as '150 um'")
    return value


_MAY_BE_NONE = ("target_sum", "batch_spots")
"""Numbers that may be None."""
_INTEGERS = {
    "n_top_genes": 1,
    "n_components": 1,
    "hidden_dim": 1,
    "latent_dim": 1,
    "expression_rank": 0,
    "prototype_refresh": 1,
    "matching_top_k": 1,
    "matching_spots": 0,
    "epochs": 1,
    "batch_spots": 0,
    "n_starts": 1,
}
_NUMBERS: dict[str, tuple[float, float | None]] = {
    "target_sum": (1e-6, None),
    "edge_drop": (0.0, 0.99),
    "gene_mask": (0.0, 0.99),
    "telescope_weight": (0.0, None),
    "reconstruction_weight": (0.0, None),
    "prototype_weight": (0.0, None),
    "prototype_temperature": (1e-6, None),
    "prototype_start": (0.0, 1.0),
    "scale_matching_weight": (0.0, None),
    "slice_centering": (0.0, 1.0),
    "slice_noise": (0.0, None),
    "batch_norm_momentum": (0.0, 1.0),
    "learning_rate": (1e-12, None),
    "weight_decay": (0.0, None),
    "batch_memory": (1e-6, None),
}
PRESETS = ("default", "paper")
_OF_TRAINING = (
    "hidden_dim",
    "latent_dim",
    "edge_drop",
    "gene_mask",
    "telescope_weight",
    "reconstruction_weight",
    "prototype_weight",
    "prototype_temperature",
    "prototype_start",
    "prototype_refresh",
    "scale_matching_weight",
    "matching_top_k",
    "matching_spots",
    "batch_norm_momentum",
    "learning_rate",
    "weight_decay",
    "schedule",
    "epochs",
    "batch_spots",
    "batch_memory",
    "mixed_precision",
)
"""Settings without effect where nothing is trained."""


def resolve_config(config: SpotscapeConfig | Mapping[str, Any] | str | None) -> SpotscapeConfig:
    """Turn what a user passes as ``config`` into a `SpotscapeConfig`.

    Parameters
    ----------
    config
        None (the default), the name of a preset (``"default"``, ``"paper"``), a mapping of settings to
        change (with ``"preset"`` as an optional key for where to start), or a `SpotscapeConfig`.

    Returns
    -------
    SpotscapeConfig

    Raises
    ------
    InputError
        For an unknown preset or setting (the nearest names are given), or a value out of range.

    Warns
    -----
    SpotscapeWarning
        About settings of a training where nothing is trained.

    Examples
    --------
    >>> from spotscape.config import resolve_config
    >>> resolve_config({"preset": "paper", "epochs": 10}).learning_rate
    0.0001
    """
    if config is None:
        return SpotscapeConfig()
    if isinstance(config, SpotscapeConfig):
        return config
    if isinstance(config, str):
        check_choice("config", config, PRESETS)
        return SpotscapeConfig.paper() if config == "paper" else SpotscapeConfig()
    if not isinstance(config, Mapping):
        raise input_error("config", describe(config), "a SpotscapeConfig, a mapping, or the name of a preset")
    changes = dict(config)
    start = resolve_config(changes.pop("preset", "default"))
    known = [f.name for f in fields(SpotscapeConfig)]
    for name in changes:
        if name not in known:
            near = get_close_matches(str(name), known, n=3, cutoff=0.4)
            hint = f"Did you mean {' or '.join(near)}?" if near else ""
            raise input_error("config", f"the unknown setting {name!r}", "one of " + ", ".join(known), hint)
    found = replace(start, **changes)
    idle = [name for name in changes if name in _OF_TRAINING]
    if idle and not found.trains:
        text = (
            f"config: no effect of {', '.join(idle)}; encoder {found.encoder!r} trains nothing, 'gcn' does."
        )
        warnings.warn(text, SpotscapeWarning, stacklevel=3)
    return found
