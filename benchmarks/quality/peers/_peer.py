"""What every method's script has in common: arguments, reading, timing, writing.

    python SCRIPT.py INPUT.h5ad N_DOMAINS SEED OUTPUT.npz [SETTINGS as JSON]

The input has counts in ``X``, ``obsm["spatial"]``, and in ``uns["layout"]`` how its spots lie ("hexagonal",
"square" or "cells"). The output has the embedding, labels where the method makes its own, and its seconds,
on the clock and of all processors: from the tissue in memory to these, without imports and reading; and the
device it trained on. Needs nothing of spotscape.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import anndata as ad
import numpy as np

Embed = Callable[..., dict[str, Any]]


def run(embed: Embed, arguments: list[str]) -> None:
    """Call ``embed(adata, n_domains, seed, settings)`` and write what it returns."""
    path, n_domains, seed, output, *settings = arguments
    adata = ad.read_h5ad(path)
    given = json.loads(settings[0]) if settings else {}
    started, worked = time.perf_counter(), time.process_time()
    found = embed(adata, int(n_domains), int(seed), given)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - worked
    np.savez(output, **{"seconds": seconds, "cpu_seconds": cpu_seconds, "device": "cpu", **found})


def torch_device() -> str:
    """Return what a peer on PyTorch trains on."""
    import torch  # not every peer has it

    return "cuda" if torch.cuda.is_available() else "cpu"


def main(embed: Embed) -> None:
    """Run with the arguments of the command line."""
    run(embed, sys.argv[1:])
