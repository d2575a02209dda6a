"""SpotscapeConfig: every setting of a run, with one default that serves all data sets.

Source of the published settings: arXiv 2506.15698 (ICML 2025) and the authors' public configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from spotscape._validate import check_choice, check_flag, check_integer, check_number, describe, input_error

SCHEDULES = ("cosine", "constant")
CLUSTER_METHODS = ("consensus", "gmm", "kmeans", "leiden")


@dataclass(frozen=True, kw_only=True)
class SpotscapeConfig:
    """Settings of a run; frozen, checked when made, and stored with the result.

    Parameters
    ----------
    n_top_genes
        Highly variable genes to use; all genes where the panel is smaller.
    target_sum
        Total counts per spot after normalisation (then ``log1p``).
    n_components
        Spatial components of the genes that the encoder sees, smooths and corrects, and so the width of the
        embedding; fewer where there are few genes or spots. 0 gives it the genes themselves, with the
        published encoder.
    hidden_dim, latent_dim
        Width of the first GCN layer, and of the embedding by the published encoder.
    expression_rank
        Rank of the truncated SVD that stands for the expression matrix during training; 0 keeps the
        matrix itself. Ignored where it is not smaller than half the number of genes or spots.
    edge_drop, gene_mask
        Probability that a directed edge is dropped, and that a gene (a component, where the encoder sees
        these) is zeroed, in a view.
    telescope_weight, reconstruction_weight
        Weights of the losses.
    prototype_weight, scale_matching_weight
        Weights of the losses that bring several slices together; not used on one slice.
    prototype_temperature
        Of the softmax over prototypes.
    prototype_start
        Share of the epochs after which prototypes are used.
    prototype_refresh
        Epochs that one set of prototypes serves.
    matching_top_k
        How many of a spot's largest similarities scale matching averages, per slice.
    matching_spots
        Spots that scale matching sums over in a step, drawn at random in equal numbers from the slices, which
        estimates the whole without bias; their matches are looked for among all spots of the step. 0 for all.
    slice_centering
        Share of its mean that is taken off each gene in each slice, 0 to 1, where there are several slices.
    slice_noise
        Weight in the components' noise of what differs between spots of different slices that are taken for
        the same tissue, where there are several slices: the larger, the less the components tell slices
        apart, and fine differences within domains. 0 for none of it.
    batch_norm_momentum
        Weight of the newest step in the running mean and variance (PyTorch's sense), 0 to 1.
    learning_rate, weight_decay
        Adam's. The rate None: 3e-5 with spatial components, whose correction is to stay small, else 1e-3.
    schedule
        ``"cosine"`` (decay to zero over ``epochs``) or ``"constant"``.
    epochs
        Training steps; each sees the whole tissue, or with tiles ``batch_spots`` of it, drawn from all over.
    batch_spots
        Spots that a step sees: fewer than there are means training by spatial tiles. 0 for all; None for all
        while the estimate of a step's memory is within ``batch_memory``, and else for as many as fit.
    batch_memory
        Memory that a step may take, in GB; decides where ``batch_spots`` is None.
    mixed_precision
        Products of dense matrices in bfloat16, in the encoder and the decoder; sparse products, batch norm
        and all losses stay in single precision. For GPUs that are made for it.
    patience
        Stop when the smoothed loss has not improved by ``min_improvement`` (relative) for so many epochs;
        0 never stops early.
    min_improvement
        See ``patience``.
    sharpening_rounds
        How often groups of spots and the coordinates that tell them apart are found in turn, after training:
        the embedding is given in the coordinates, by which K-means, neighbours and distances find domains
        better. Only with spatial components; 0 for the embedding as the encoder makes it.
    cluster_method
        How the embedding becomes domains: ``"consensus"`` (of Gaussian mixtures with tied covariance over
        several views of the embedding, whose spots may lie between two domains), ``"gmm"`` (one mixture),
        ``"kmeans"``, ``"leiden"``. None: the consensus with spatial components, whose order it goes by, else
        ``"gmm"``.
    n_starts
        Starts of each mixture or of K-means; the best likelihood, or inertia, is kept. The consensus'
        mixtures start from each other's domains besides.
    unit_rows
        Group spots by the direction of their embedding only (rows scaled to unit length).

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

    n_top_genes: int = 5000
    target_sum: float = 1e4
    n_components: int = 20
    hidden_dim: int = 256
    latent_dim: int = 64
    expression_rank: int = 200
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
    slice_noise: float = 0.5
    batch_norm_momentum: float = 0.99
    learning_rate: float | None = None
    weight_decay: float = 1e-4
    schedule: str = "cosine"
    epochs: int = 200
    batch_spots: int | None = None
    batch_memory: float = 0.65
    mixed_precision: bool = False
    patience: int = 0
    min_improvement: float = 1e-3
    sharpening_rounds: int = 2
    cluster_method: str | None = None
    n_starts: int = 10
    unit_rows: bool = False

    def __post_init__(self) -> None:
        for name, low in _INTEGERS.items():
            if name not in _MAY_BE_NONE or getattr(self, name) is not None:
                object.__setattr__(self, name, check_integer(name, getattr(self, name), low))
        for name, (low, high) in _NUMBERS.items():
            if name in _MAY_BE_NONE and getattr(self, name) is None:
                continue
            object.__setattr__(self, name, check_number(name, getattr(self, name), low, high))
        check_flag("unit_rows", self.unit_rows)
        check_flag("mixed_precision", self.mixed_precision)
        check_choice("schedule", self.schedule, SCHEDULES)
        if self.cluster_method is not None:
            check_choice("cluster_method", self.cluster_method, CLUSTER_METHODS)

    @classmethod
    def paper(cls) -> SpotscapeConfig:
        """Return the published settings for one slice (1000 epochs, the genes themselves, K-means).

        The learning rate is the one published for DLPFC and MTG; the paper used 1e-5 on mouse embryo and
        5e-4 on NSCLC, chosen per data set.
        """
        return cls(
            n_top_genes=5000,
            n_components=0,
            sharpening_rounds=0,
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
            patience=0,
            cluster_method="kmeans",
        )

    def resolved(self) -> SpotscapeConfig:
        """Return the settings with those that are None filled in, as they apply.

        Examples
        --------
        >>> from spotscape.config import SpotscapeConfig
        >>> SpotscapeConfig().resolved().cluster_method
        'consensus'
        """
        rate = self.learning_rate
        if rate is None:
            rate = _RATE_OF_CORRECTION if self.n_components else _RATE
        method = self.cluster_method or ("consensus" if self.n_components else "gmm")
        # The published encoder's columns have no order, which the mixtures that sharpen go by.
        rounds = self.sharpening_rounds if self.n_components else 0
        return replace(self, learning_rate=rate, cluster_method=method, sharpening_rounds=rounds)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as a plain dictionary, in the order of definition."""
        return asdict(self)

    def to_record(self) -> dict[str, Any]:
        """Return the same without what is left open: not every file format can hold None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


_MAY_BE_NONE = ("learning_rate", "batch_spots")
"""Numbers that may be None; so may ``cluster_method``."""
_RATE_OF_CORRECTION = 3e-5
_RATE = 1e-3
_INTEGERS = {
    "n_top_genes": 1,
    "n_components": 0,
    "sharpening_rounds": 0,
    "hidden_dim": 1,
    "latent_dim": 1,
    "expression_rank": 0,
    "prototype_refresh": 1,
    "matching_top_k": 1,
    "matching_spots": 0,
    "epochs": 1,
    "batch_spots": 0,
    "patience": 0,
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
    "min_improvement": (0.0, 1.0),
    "batch_memory": (1e-6, None),
}
PRESETS = ("default", "paper")


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
    return replace(start, **changes)
