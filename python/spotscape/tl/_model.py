"""The trained model as an object keeps it: made after training, and read with every fault named."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.core.encoder import GraphAutoencoder
from spotscape.core.expression import CenteredExpression, LowRankExpression
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trained import model_of, weights_of
from spotscape.pp import check_adata
from spotscape.tl._sharpening import Sharpening

FORMAT = 3
"""Of what is kept; raised when an older spotscape could not read it."""


_NUMBERS = ("means", "mean", "loadings", *Sharpening._fields)


class Trained(NamedTuple):
    """What is kept of a trained model.

    Attributes
    ----------
    genes
        Names of the G genes, in the order of the weights.
    model
        The autoencoder, in evaluation mode.
    means
        What was taken off the genes of each slice before training, S x G; no rows for one slice.
    mean
        Mean over the spots of the genes that the encoder saw, G; zeros where it saw components, which are
        made of expression without its mean.
    loadings
        G x q: the components that the encoder sees; None where it sees the genes.
    sharpening
        Coordinates that the embedding is given in; None for the encoder's own.
    """

    genes: pd.Index
    model: GraphAutoencoder
    means: np.ndarray
    mean: np.ndarray
    loadings: np.ndarray | None
    sharpening: Sharpening | None


def trained_record(
    genes: pd.Index, model: GraphAutoencoder, graph: SliceGraph, sharpening: Sharpening | None
) -> dict[str, Any]:
    """Return what ``uns`` keeps of a trained model."""
    means: dict[str, Any] = {}
    expression = base = graph.expression
    weights = weights_of(model)
    if isinstance(base, CenteredExpression):
        means, base = {"means": base.means.cpu().numpy()}, base.base
    mean = (expression.column_sums() / expression.shape[0]).cpu().numpy()
    loadings = {}
    if graph.components is not None:
        mean = np.zeros_like(mean)
        loadings = {"loadings": graph.components.loadings.numpy()}
    elif isinstance(base, LowRankExpression):
        # The encoder saw X Vᵀ V: with the projection in its weights, it takes X itself of any slice.
        v = base.right.cpu().numpy()
        weights["gcn1_weight"] = v.T @ (v @ weights["gcn1_weight"])
    return {
        "format": FORMAT,
        "genes": np.asarray(genes, dtype=object),
        "weights": weights,
        **means,
        **loadings,
        **({} if sharpening is None else sharpening._asdict()),
        "mean": mean,
    }


def read_trained(adata: AnnData, key_added: str) -> Trained:
    """Return the trained model that an object keeps, or raise where there is none that can be used."""
    key = _keys.model(key_added)
    if key not in adata.uns:
        raise input_error(
            f"adata.uns[{key!r}]",
            "nothing there",
            "the trained model of a run",
            "Call spotscape.tl.run_spotscape(adata) or integrate_slices first, or name its key_added.",
        )
    return as_trained(adata.uns[key], f"adata.uns[{key!r}]")


def as_trained(record: Any, name: str) -> Trained:
    """Check what a model is kept as, after its way through a file or R, and return it."""
    todo = "Make or save it again."
    if not hasattr(record, "keys") or "format" not in record:
        raise input_error(name, "something else", "a trained model of spotscape", todo)
    found = int(np.ravel(record["format"])[0])
    if found > FORMAT:
        raise input_error(
            name, f"a model in format {found}", f"format {FORMAT} or older", "Update spotscape to read it."
        )
    for part in ("genes", "weights", "mean"):
        if part not in record:
            raise input_error(name, f"a model without {part!r}", "a whole one", todo)
    genes = pd.Index(np.atleast_1d(np.asarray(record["genes"], dtype=object)).astype(str))
    if not len(genes) or not genes.is_unique:
        raise input_error(f"{name}: genes", f"{len(genes)} names, or some twice", "each gene once", todo)
    if not hasattr(record["weights"], "items"):
        raise input_error(f"{name}: weights", "something else", "arrays by name", todo)
    numbers = {part: finite(record[part], f"{name}: {part}") for part in _NUMBERS if part in record}
    model = model_of({key: np.asarray(value) for key, value in record["weights"].items()})
    means = np.asarray(numbers.get("means", ()), dtype=np.float32)
    if means.size % len(genes):
        raise input_error(f"{name}: means", f"shape {means.shape}", f"rows of {len(genes)} genes", todo)
    means = means.reshape(-1, len(genes))
    mean = np.ravel(numbers["mean"]).astype(np.float32)
    n_genes = model.decoder_output.out_features
    if not n_genes == len(genes) == len(mean):
        raise input_error(name, f"{len(genes)} genes and weights for {n_genes}", "as many of both", todo)
    n_inputs = model.gcn1_weight.shape[0]
    loadings = record.get("loadings")
    if model.residual != (loadings is not None):
        found = "weights for " + ("components without loadings" if model.residual else "genes, and loadings")
        raise input_error(name, found, "both of components, or neither", todo)
    if loadings is not None:
        loadings = np.asarray(loadings, dtype=np.float32)
        loadings = loadings[:, None] if loadings.ndim == 1 else loadings
    shape = (len(genes), n_inputs) if loadings is None else loadings.shape
    if shape != (len(genes), n_inputs):
        expected = f"{len(genes)} x {n_inputs}, genes by components"
        raise input_error(f"{name}: loadings", f"shape {shape}", expected, todo)
    return Trained(genes, model, means, mean, loadings, _sharpening(record, model.gcn2_bias.numel(), name))


def finite(values: Any, name: str) -> np.ndarray:
    """Return numbers as float64, or raise where some are not finite or are no numbers."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise input_error(name, "no numbers", "finite numbers", "Make or save it again.") from None
    if not np.isfinite(found).all():
        raise input_error(name, "NaN or infinite values", "finite numbers", "Make or save it again.")
    return found


def _sharpening(record: Any, width: int, name: str) -> Sharpening | None:
    """Return the coordinates that a model's embedding is given in, or raise where they do not fit it."""
    if not any(part in record for part in Sharpening._fields):
        return None
    shapes = {"center": (width,), "directions": (width, width)}
    found = {part: np.asarray(record.get(part, ()), dtype=np.float64) for part in shapes}
    for part, shape in shapes.items():
        if found[part].size != np.prod(shape):
            todo = "Make or save it again."
            raise input_error(f"{name}: {part}", f"shape {found[part].shape}", f"shape {shape}", todo)
    return Sharpening(**{part: found[part].reshape(shape) for part, shape in shapes.items()})


def check_genes(adata: AnnData, trained: Trained, min_genes: float) -> None:
    """Raise where a slice has too few of the model's genes; say how many it lacks."""
    check_adata(adata)
    names = adata.var_names if adata.raw is None else adata.var_names.union(adata.raw.var_names)
    n_present, n_genes = int(trained.genes.isin(names).sum()), len(trained.genes)
    if n_present == 0 or n_present < min_genes * n_genes:
        todo = "Are they of one species, with one naming of genes? Or lower min_genes, or train on both."
        raise input_error(
            "adata.var_names", f"{n_present} of the model's {n_genes} genes", f"{min_genes:.0%} or more", todo
        )
    if n_present < n_genes:
        warnings.warn(
            f"The slice lacks {n_genes - n_present} of the model's {n_genes} genes; they are taken at their "
            "mean in training.",
            SpotscapeWarning,
            stacklevel=3,
        )
