"""What a run that trains nothing has done so far, in its checkpoint: the spatial graph, then the embedding.

The file is an AnnData without counts. It is written after a step where it is time for it, whole or not at
all, and says what it was made from, so that no other data go on from it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import anndata
import h5py
import numpy as np
from anndata import AnnData

from spotscape import _keys
from spotscape._paths import atomic_path
from spotscape._validate import input_error
from spotscape._version import __version__
from spotscape.engine.checkpoint import Checkpoint
from spotscape.run.encoders import Space
from spotscape.run.steps import Expression, Tissue

_EMBEDDING, _MODEL, _RECORD, _RUN, _DEVICE = "embedding", "model", "record", "run", "device"


class KeptSteps:
    """The steps of one run.

    Parameters
    ----------
    checkpoint
        Where they are kept; None for nowhere.

    Attributes
    ----------
    graph
        A bare object with the spatial graph of the run to go on from; None where there is none.
    """

    def __init__(self, checkpoint: Checkpoint | None) -> None:
        self._checkpoint = checkpoint
        self._found: AnnData | None = None
        if checkpoint is not None and checkpoint.resume and checkpoint.path.exists():
            self._found = _read(checkpoint)
        self.graph = self._found

    def keep_graph(self, tissue: Tissue) -> None:
        """Keep a new graph, where it is time to write; raise where it is not the one to go on with."""
        if self._found is None:
            if not tissue.adata.n_vars:
                self._write(tissue.adata)
        elif (_keys.SPATIAL_CONNECTIVITIES in self._found.obsp) != (tissue.adata is self._found):
            raise _other(self._checkpoint, "graph: of other spots, places or slices")

    def space(self, run: Mapping[str, Any]) -> Space | None:
        """Return the embedding of the run to go on from; None where it had not come so far.

        Parameters
        ----------
        run
            What the run is: `run_record`. That of the file must be the same.
        """
        found = self._found
        if found is None or _EMBEDDING not in found.obsm:
            return None
        was = json.loads(str(found.uns[_RUN]))
        differing = [name for name in run if was.get(name) != run[name]]
        if differing:
            raise _other(self._checkpoint, ", ".join(differing))
        record = dict(found.uns.get(_RECORD, {}))
        device = str(found.uns[_DEVICE])
        return Space(np.asarray(found.obsm[_EMBEDDING]), dict(found.uns[_MODEL]), device, record)

    def keep_space(self, tissue: Tissue, space: Space, run: Mapping[str, Any]) -> None:
        """Keep an embedding, with the graph where it is the run's own."""
        bare = AnnData(obs=tissue.adata.obs[[]])
        if not tissue.adata.n_vars:
            bare.obsp, bare.obsm, bare.uns = tissue.adata.obsp, tissue.adata.obsm, tissue.adata.uns
        bare.obsm[_EMBEDDING] = space.embedding
        bare.uns = {**bare.uns, _MODEL: space.model, _RECORD: space.record, _DEVICE: space.device}
        bare.uns[_RUN] = json.dumps(run)
        self._write(bare)

    def _write(self, bare: AnnData) -> None:
        checkpoint = self._checkpoint
        if checkpoint is None or not checkpoint.is_due():
            return
        with atomic_path(checkpoint.path) as unfinished:
            anndata.io.write_h5ad(unfinished, bare)
        checkpoint.written()


def run_record(
    expression: Expression, tissue: Tissue, settings: Mapping[str, Any], seed: int, correction: float
) -> dict[str, Any]:
    """Return what an embedding is made from, in a form that goes through JSON: data by digests."""
    digests = {
        "counts": _digest(expression.totals),
        "genes": _digest(np.array("\n".join(expression.genes).encode())),
        "graph": _digest(tissue.mean.indptr, tissue.mean.indices),
        "slices": "" if tissue.slices is None else _digest(np.asarray(tissue.slices.codes)),
    }
    scale = [tissue.scale.rings, [] if tissue.rings is None else tissue.rings.tolist()]
    rest = {"scale": scale, "settings": settings, "seed": seed, "correction": correction}
    found: dict[str, Any] = json.loads(json.dumps({**digests, **rest, "version": __version__}))
    return found


def _digest(*values: np.ndarray) -> str:
    digest = blake2b(digest_size=16)
    for one in values:
        digest.update(np.ascontiguousarray(one).tobytes())
    return digest.hexdigest()


def _read(checkpoint: Checkpoint) -> AnnData:
    if not h5py.is_hdf5(checkpoint.path):
        raise _other(checkpoint, "encoder: it is no state of a run with components")
    try:
        return anndata.read_h5ad(checkpoint.path)
    except Exception as error:
        found = f"{str(checkpoint.path)!r}, unreadable ({error})"
        raise input_error("checkpoint", found, "a checkpoint", "Delete it.") from error


def _other(checkpoint: Checkpoint | None, what: str) -> Exception:
    path = "" if checkpoint is None else str(checkpoint.path)
    return input_error(
        "checkpoint",
        f"{path!r}, of a run with another {what}",
        "one of the same data and settings",
        "Delete it, or run as before.",
    )
