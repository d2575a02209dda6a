"""The model as an object keeps it: what puts other slices into the space of a run."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._validate import SpotscapeWarning, input_error
from spotscape.components import Components
from spotscape.config import MOST_RINGS
from spotscape.core.encoder import GraphAutoencoder
from spotscape.core.expression import CenteredExpression, LowRankExpression
from spotscape.domains.sharpening import Sharpening
from spotscape.engine.slice_graph import SliceGraph
from spotscape.engine.trained import model_of, weights_of
from spotscape.pp import check_adata

FORMAT = 4
"""Of what is kept; raised when an older spotscape could not read it."""


_FIRST_OF_COMPONENTS = 4
"""Format from which a model of components has no weights."""
_TARGET_SUM_OF_OLD = 1e4
"""What a model scaled counts to before it said so."""
_RINGS_OF_OLD = 2
_AGAIN = "Make or save it again."
_MAKE_ANEW = (
    "Run spotscape again on the slices it was made of: that takes seconds now. Or load it with spotscape 0.1."
)
_NUMBERS = ("means", "mean", "loadings", *Sharpening._fields)


class Trained(NamedTuple):
    """What is kept of a run.

    Attributes
    ----------
    genes
        Names of the G genes.
    mean
        Mean over the spots of the genes as the encoder saw them, G; zeros for components, which are made of
        expression without its mean.
    means
        What was taken off the genes of each slice, S x G; no rows for one slice.
    target_sum
        Counts that each spot was scaled to.
    loadings
        Components, G x q; None where a graph autoencoder was trained.
    model
        The trained autoencoder, in evaluation mode; None where there are components.
    sharpening
        Coordinates that the embedding is given in; None for the encoder's own.
    rings
        Over how many rings of neighbours components are averaged.
    step
        Micrometres that one of these rings reaches, where the slices differed in resolution; NaN elsewhere.
    """

    genes: pd.Index
    mean: np.ndarray
    means: np.ndarray
    target_sum: float
    loadings: np.ndarray | None
    model: GraphAutoencoder | None
    sharpening: Sharpening | None
    rings: int
    step: float = np.nan

    @property
    def width(self) -> int:
        """Columns of the embedding."""
        if self.loadings is not None:
            return int(self.loadings.shape[1])
        assert self.model is not None  # noqa: S101 (for the type checker: one of both is there)
        return int(self.model.gcn2_bias.numel())


def record_of_components(
    genes: pd.Index,
    target_sum: float,
    components: Components,
    sharpening: Sharpening | None,
    rings: int,
    step: float = np.nan,
) -> dict[str, Any]:
    """Return what ``uns`` keeps of components; ``step`` as in `Trained`."""
    record = _record_of_genes(genes, target_sum)
    if components.means is not None:
        record["means"] = components.means.astype(np.float32)
    record["loadings"] = components.loadings
    record["mean"] = np.zeros(len(genes), dtype=np.float32)
    record["rings"] = rings
    record |= {} if np.isnan(step) else {"step": step}
    return record | ({} if sharpening is None else sharpening._asdict())


def record_of_training(
    genes: pd.Index, target_sum: float, graph: SliceGraph, model: GraphAutoencoder
) -> dict[str, Any]:
    """Return what ``uns`` keeps of a trained autoencoder."""
    record = _record_of_genes(genes, target_sum)
    expression = base = graph.expression
    if isinstance(base, CenteredExpression):
        record["means"], base = base.means.cpu().numpy(), base.base
    weights = weights_of(model)
    if isinstance(base, LowRankExpression):
        # The encoder saw X Vᵀ V: with the projection in its weights, it takes X itself of any slice.
        v = base.right.cpu().numpy()
        weights["gcn1_weight"] = v.T @ (v @ weights["gcn1_weight"])
    mean = (expression.column_sums() / expression.shape[0]).cpu().numpy()
    return record | {"weights": weights, "mean": mean}


def _record_of_genes(genes: pd.Index, target_sum: float) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "genes": np.asarray(genes, dtype=object),
        "target_sum": float(target_sum),
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
    if not hasattr(record, "keys") or "format" not in record:
        raise input_error(name, "something else", "a trained model of spotscape", _AGAIN)
    found = int(np.ravel(record["format"])[0])
    if found > FORMAT:
        raise input_error(
            name, f"a model in format {found}", f"format {FORMAT} or older", "Update spotscape to read it."
        )
    if found < _FIRST_OF_COMPONENTS and "loadings" in record:
        expected = "one that this version made"
        raise input_error(name, "a model of spotscape 0.1 with a trained correction", expected, _MAKE_ANEW)
    for part in ("genes", "mean"):
        if part not in record:
            raise input_error(name, f"a model without {part!r}", "a whole one", _AGAIN)
    if ("loadings" in record) == bool(len(record.get("weights", ()))):
        raise input_error(name, "a model without components or weights, or with both", "one of them", _AGAIN)
    genes = pd.Index(np.atleast_1d(np.asarray(record["genes"], dtype=object)).astype(str))
    if not len(genes) or not genes.is_unique:
        raise input_error(f"{name}: genes", f"{len(genes)} names, or some twice", "each gene once", _AGAIN)
    numbers = {part: finite(record[part], f"{name}: {part}") for part in _NUMBERS if part in record}
    means = np.asarray(numbers.get("means", ()), dtype=np.float32)
    if means.size % len(genes):
        raise input_error(f"{name}: means", f"shape {means.shape}", f"rows of {len(genes)} genes", _AGAIN)
    means = means.reshape(-1, len(genes))
    mean = np.ravel(numbers["mean"]).astype(np.float32)
    target_sum = float(
        np.ravel(finite(record.get("target_sum", _TARGET_SUM_OF_OLD), f"{name}: target_sum"))[0]
    )
    if target_sum <= 0:
        raise input_error(f"{name}: target_sum", f"{target_sum:g}", "a number above 0", _AGAIN)
    model, loadings = None, None
    if "loadings" in record:
        loadings = numbers["loadings"].astype(np.float32)
        loadings = loadings[:, None] if loadings.ndim == 1 else loadings
        if loadings.ndim != 2:
            raise input_error(f"{name}: loadings", f"shape {loadings.shape}", "genes by components", _AGAIN)
        n_genes, width = loadings.shape
    else:
        if not hasattr(record["weights"], "items"):
            raise input_error(f"{name}: weights", "something else", "arrays by name", _AGAIN)
        model = model_of({key: np.asarray(value) for key, value in record["weights"].items()})
        n_genes, width = model.decoder_output.out_features, model.gcn2_bias.numel()
    if not n_genes == len(genes) == len(mean):
        raise input_error(name, f"{len(genes)} genes and weights for {n_genes}", "as many of both", _AGAIN)
    sharpening, rings = _sharpening(record, width, name), _rings(record, name)
    return Trained(genes, mean, means, target_sum, loadings, model, sharpening, rings, _step(record, name))


def finite(values: Any, name: str) -> np.ndarray:
    """Return numbers as float64, or raise where some are not finite or are no numbers."""
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise input_error(name, "no numbers", "finite numbers", _AGAIN) from None
    if not np.isfinite(found).all():
        raise input_error(name, "NaN or infinite values", "finite numbers", _AGAIN)
    return found


def _rings(record: Any, name: str) -> int:
    """Return over how many rings a model of components averages, or raise where that is no such number."""
    if "loadings" not in record:
        return 0
    found = np.ravel(finite(record.get("rings", _RINGS_OF_OLD), f"{name}: rings"))
    if found.size != 1 or found[0] != round(found[0]) or not 0 <= found[0] <= MOST_RINGS:
        raise input_error(f"{name}: rings", str(found[:3]), f"a whole number, 0 to {MOST_RINGS}", _AGAIN)
    return int(found[0])


def _step(record: Any, name: str) -> float:
    """Return the micrometres of one ring, NaN where a model does not say, or raise."""
    if "step" not in record:
        return float("nan")
    found = np.ravel(finite(record["step"], f"{name}: step"))
    if found.size != 1 or found[0] <= 0:
        raise input_error(f"{name}: step", str(found[:3]), "a number above 0", _AGAIN)
    return float(found[0])


def _sharpening(record: Any, width: int, name: str) -> Sharpening | None:
    """Return the coordinates that a model's embedding is given in, or raise where they do not fit it."""
    if not any(part in record for part in Sharpening._fields):
        return None
    shapes = {"center": (width,), "directions": (width, width)}
    found = {part: np.asarray(record.get(part, ()), dtype=np.float64) for part in shapes}
    for part, shape in shapes.items():
        if found[part].size != np.prod(shape):
            raise input_error(f"{name}: {part}", f"shape {found[part].shape}", f"shape {shape}", _AGAIN)
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
