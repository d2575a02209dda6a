"""Fit: train on a tissue, in one process or several, with progress and checkpoints."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm.auto import tqdm

from spotscape.config import SpotscapeConfig
from spotscape.core.encoder import GraphAutoencoder
from spotscape.core.objective import Losses
from spotscape.engine.checkpoint import Checkpoint
from spotscape.engine.device import memory_used
from spotscape.engine.distributed import World, join_world, losing_processes, own_device
from spotscape.engine.plan import Plan
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.slice_matching import NumberOfDomains
from spotscape.engine.training import Training

Progress = Callable[[int, int, float], object]
"""Called after each epoch with the epoch (from 1), the number of epochs, and the total loss."""

TRAINING = "training"
"""What the first process of a run calls it when it asks the others for help."""
LOSS_COLUMNS = ("epoch", *Losses._fields, "learning_rate")
_ONLY_SEVERAL_SLICES = ("prototype", "scale_matching")


@dataclass(frozen=True)
class FitResult:
    """What training gives back.

    Parameters
    ----------
    embedding
        Z of the whole tissue, nothing masked: N x latent, float32.
    model
        The trained autoencoder, on the CPU, in evaluation mode.
    losses
        One array per column (epoch, total, telescope, reconstruction, learning_rate; with several slices also
        prototype and scale_matching), one entry per epoch.
    seconds
        Wall time, since the last resume where there was one.
    plan
        What each step took.
    """

    embedding: NDArray[np.float32]
    model: GraphAutoencoder
    losses: dict[str, NDArray[np.float64]]
    seconds: float
    plan: Plan


def fit(
    graph: SliceGraph,
    config: SpotscapeConfig,
    *,
    n_domains: NumberOfDomains | None = None,
    seed: int = 0,
    device: torch.device | str = "cpu",
    progress: bool | Progress = False,
    checkpoint: Checkpoint | None = None,
) -> FitResult:
    """Train the autoencoder on a tissue and return its embedding.

    Parameters
    ----------
    graph
        Expression and neighbours, on the CPU.
    config
        All settings.
    n_domains
        K of the prototypes; needed where ``graph.slices`` names several slices and they have a weight.
    seed
        Of the one generator that weights and views are drawn from. The same seed gives the same bits on one
        machine and thread count.
    device
        Where to train.
    progress
        True shows a bar on stderr; a function is called after every epoch.
    checkpoint
        Where the state is kept, and gone on from; None for nowhere. Left there, at its last step, in the end.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        If the loss is no longer finite, or the checkpoint is of another run.
    ProcessLostError
        If another process of the run has ended.
    """
    started = time.perf_counter()
    if graph.slices is not None and n_domains is None:
        config = replace(config, prototype_weight=0.0)
    world = join_world()
    with losing_processes(world):
        world.share((TRAINING, graph, config, seed, str(device)))
        training = Training(graph, config, n_domains, seed, own_device(torch.device(device)), world)
        _train(training, progress, checkpoint)
    columns = dict(zip(LOSS_COLUMNS, np.asarray(training.history, dtype=np.float64).T, strict=True))
    if training.matching is None:
        for name in _ONLY_SEVERAL_SLICES:
            del columns[name]
    return FitResult(
        embedding=training.embedding(),
        model=training.model.cpu().eval(),
        losses=columns,
        seconds=time.perf_counter() - started,
        plan=training.plan,
    )


def train_along(world: World, graph: SliceGraph, config: SpotscapeConfig, seed: int, device: str) -> None:
    """Take part in a training that the first process of the run began."""
    training = Training(graph, config, None, seed, own_device(torch.device(device)), world)
    _train(training, False, None)


def _train(training: Training, progress: bool | Progress, checkpoint: Checkpoint | None) -> None:
    """Take all steps, from the checkpoint on; the first process writes it."""
    epochs = training.config.epochs
    training.resume(checkpoint)
    if progress and training.plan.by_tiles:
        tqdm.write(f"spotscape: {training.plan.describe()}", file=sys.stderr)
    bar = tqdm(
        total=epochs,
        initial=len(training.history),
        desc="spotscape",
        unit="epoch",
        disable=progress is not True,
        leave=False,
    )
    with bar:
        while not training.ended:
            loss = training.step()
            bar.update()
            if not bar.disable:
                bar.set_postfix_str(f"loss={loss:.4f}, {memory_used(training.device)}", refresh=False)
            if callable(progress):
                progress(len(training.history), epochs, loss)
            if checkpoint is not None and (training.ended or checkpoint.is_due()):
                training.save(checkpoint)
