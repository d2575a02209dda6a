"""Spotscape: the model of a run, to keep, to give to others, and to put new slices into its space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._paths import as_path
from spotscape._validate import check_number, input_error
from spotscape.config import SpotscapeConfig, resolve_config
from spotscape.domains.discriminant import checked_discriminant, classify, fit_discriminant
from spotscape.gr.spatial_graph import write_graph
from spotscape.model.parts import description_of, known_settings, tensors_of, trained_of
from spotscape.model.saved import read_model, write_model
from spotscape.pp.fractions import fractions
from spotscape.run.kept_model import FORMAT, Trained, check_genes, read_trained
from spotscape.run.mapping import Mapped, map_slices
from spotscape.run.read import check_column, check_key_added, read_embedding
from spotscape.tl import integrate_slices, run_spotscape


class Spotscape:
    """The model of a run. It is fitted, saved and loaded, and puts other slices into its space.

    Parameters
    ----------
    config
        Settings of the run, as in `spotscape.tl.run_spotscape`.

    Attributes
    ----------
    config
        The settings.
    genes
        Names of the genes that the model uses; empty before `fit`.
    domains
        Names of the domains that `transform` gives; empty where the model has none.

    Examples
    --------
    >>> import spotscape
    >>> old, new = spotscape.datasets.simulate_slices(n_slices=2, n_spots=200, n_genes=60, n_domains=3)
    >>> model = spotscape.Spotscape().fit(old, n_domains=3, progress=False)
    >>> model.transform(new)
    >>> new.obsm["X_spotscape"].shape
    (200, 20)
    """

    def __init__(self, config: SpotscapeConfig | Mapping[str, Any] | str | None = None) -> None:
        self.config = resolve_config(config)
        self._trained: Trained | None = None
        self._discriminant: dict[str, np.ndarray] = {}
        self.domains: list[str] = []

    @property
    def genes(self) -> list[str]:
        """Names of the genes that the model uses."""
        return [] if self._trained is None else list(self._trained.genes)

    def __repr__(self) -> str:
        if self._trained is None:
            return "Spotscape(not trained)"
        return f"Spotscape({len(self.genes)} genes, {len(self.domains)} domains)"

    @filled()
    def fit(
        self,
        adata: AnnData,
        *,
        slice_key: str | None = None,
        key_added: str = _keys.KEY_ADDED,
        **settings: Any,
    ) -> Spotscape:
        """Run on an object, and keep the model. The object is written to as by any run.

        Parameters
        ----------
        adata
            One slice, or several where ``slice_key`` names them.
        slice_key
            Name in ``obs`` of the slices.
        key_added
            {key_written}
        **settings
            Further arguments of `spotscape.tl.run_spotscape`, or with ``slice_key`` of
            `spotscape.tl.integrate_slices`. Examples are ``n_domains``, ``seed`` and ``progress``.

        Returns
        -------
        Spotscape
            Itself, fitted.

        Raises
        ------
        InputError
            For what the run refuses.

        Examples
        --------
        >>> import spotscape
        >>> adata = spotscape.datasets.simulate_slice(n_spots=150, n_genes=60, n_domains=3)
        >>> spotscape.Spotscape().fit(adata, n_domains=3, progress=False)
        Spotscape(60 genes, 3 domains)
        """
        settings = {**settings, "config": self.config, "key_added": key_added}
        if slice_key is None:
            run_spotscape(adata, **settings)
        else:
            integrate_slices(adata, slice_key=slice_key, **settings)
        self._take(adata, key_added, None)
        return self

    @classmethod
    def from_adata(
        cls, adata: AnnData, *, domain_key: str | None = None, key_added: str = _keys.KEY_ADDED
    ) -> Spotscape:
        """Take the model of a run out of an object.

        Parameters
        ----------
        adata
            Object after `spotscape.tl.run_spotscape` or `spotscape.tl.integrate_slices`.
        domain_key
            Name in ``obs`` of the labels that the model gives to new slices, such as domains that you named.
            None: the run's domains.
        key_added
            Stem of the run's names.

        Returns
        -------
        Spotscape

        Raises
        ------
        InputError
            If the model of a run, the embedding or the column is missing.

        Examples
        --------
        >>> import spotscape
        >>> adata = spotscape.datasets.simulate_slice(n_spots=150, n_genes=60, n_domains=3)
        >>> spotscape.tl.run_spotscape(adata, n_domains=3, progress=False)
        >>> spotscape.Spotscape.from_adata(adata).domains
        ['1', '2', '3']
        """
        params = adata.uns.get(_keys.parameters(key_added), {}).get("params", {})
        model = cls(SpotscapeConfig(**known_settings(params)))
        model._take(adata, key_added, domain_key)
        return model

    @filled()
    def transform(
        self,
        adata: AnnData | Sequence[AnnData] | Mapping[str, AnnData],
        *,
        slice_key: str | None = None,
        min_genes: float = 0.25,
        layer: str | None = None,
        spatial_key: str = _keys.SPATIAL,
        key_added: str = _keys.KEY_ADDED,
        copy: bool = False,
    ) -> AnnData | list[AnnData] | None:
        """Put new slices into the model's space, and name their domains as the model does.

        The model does not change. Each gene's mean over the new slice is brought to its mean in the model's
        slices. So a slice that holds other parts of the tissue, or only one, is placed less well than by a
        run.

        Parameters
        ----------
        adata
            One slice, or a list or dict of slices, with raw counts and coordinates.
        slice_key
            Name in ``obs`` of the slices, where one object holds several. Each is mapped by itself.
        min_genes
            Share of the model's genes that a slice has to have, 0 to 1. Genes that it lacks are taken at
            their mean in the model's slices. That says nothing of where they are high or low.
        layer
            {layer}
        spatial_key
            {spatial_key}
        key_added
            {key_written}
        copy
            Return changed copies, and leave ``adata`` alone.

        Returns
        -------
        None, or the copy (a list of copies for several slices). Writes the embedding, the domains,
        ``var["<key_added>_genes"]``, the spatial graph where there was none, and in ``uns["<key_added>"]``
        the settings and how many of the model's genes were there.

        Raises
        ------
        InputError
            If the model is not fitted, or a slice has too few of its genes, no counts or no coordinates.

        Warns
        -----
        SpotscapeWarning
            How many genes a slice lacks.

        Examples
        --------
        >>> import spotscape
        >>> old, new = spotscape.datasets.simulate_slices(n_slices=2, n_spots=200, n_genes=60, n_domains=3)
        >>> model = spotscape.Spotscape().fit(old, n_domains=3, progress=False)
        >>> model.transform(new)
        >>> new.obs["spotscape_domain"].cat.categories.tolist()
        ['1', '2', '3']
        """
        trained = self._fitted()
        min_genes = check_number("min_genes", min_genes, 0.0, 1.0)
        check_key_added(key_added)
        single = isinstance(adata, AnnData)
        slices = [adata] if isinstance(adata, AnnData) else list(getattr(adata, "values", lambda: adata)())
        for one in slices:
            check_genes(one, trained, min_genes)
        with fractions(self.config.fractional_counts):
            found = [map_slices(one, trained, layer, spatial_key, slice_key) for one in slices]
        targets = [in_memory_copy(one) if copy else one for one in slices]
        for target, result in zip(targets, found, strict=True):
            self._write(target, result, key_added)
        if not copy:
            return None
        return targets[0] if single else targets

    def save(self, folder: str | PathLike[str]) -> None:
        """Write the model into a folder: ``model.json`` and a safetensors file, no code.

        Parameters
        ----------
        folder
            It is made where it does not exist. A model in it is replaced, whole or not at all.

        Raises
        ------
        InputError
            If the model is not fitted, or the folder holds something else.

        Examples
        --------
        >>> import os, spotscape, tempfile
        >>> adata = spotscape.datasets.simulate_slice(n_spots=150, n_genes=60, n_domains=3)
        >>> model = spotscape.Spotscape().fit(adata, n_domains=3, progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(folder)
        ...     "model.json" in os.listdir(folder)
        True
        """
        description, tensors = self.to_record()
        write_model(as_path(folder), description, tensors)

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> Spotscape:
        """Read a model that `save` wrote. Nothing in the files is run.

        Parameters
        ----------
        folder
            The folder that was given to `save`.

        Returns
        -------
        Spotscape

        Raises
        ------
        InputError
            If there is no model, or it is cut short, changed, or written by a newer version.

        Examples
        --------
        >>> import spotscape, tempfile
        >>> adata = spotscape.datasets.simulate_slice(n_spots=150, n_genes=60, n_domains=3)
        >>> model = spotscape.Spotscape().fit(adata, n_domains=3, progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(folder)
        ...     spotscape.Spotscape.load(folder)
        Spotscape(60 genes, 3 domains)
        """
        folder = as_path(folder)
        return cls.from_record(*read_model(folder, FORMAT), name=str(folder))

    def to_record(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what `save` writes: a description of plain values, and arrays by name."""
        trained = self._fitted()
        return description_of(self.config, self.domains, trained), tensors_of(trained, self._discriminant)

    @classmethod
    def from_record(
        cls, description: Mapping[str, Any], tensors: Mapping[str, Any], *, name: str = "model"
    ) -> Spotscape:
        """Make a model from what `to_record` returned; errors call it ``name``."""
        arrays = {key: np.asarray(value) for key, value in tensors.items()}
        trained = trained_of(description, arrays, name)
        # So that a fit anew is of the same kind; older formats have no such setting.
        settings = known_settings(description["config"])
        settings["encoder"] = "components" if trained.model is None else "gcn"
        model = cls(SpotscapeConfig(**settings))
        model._trained = trained
        names = np.atleast_1d(np.asarray(description["domains"], dtype=object))
        model.domains = [str(domain) for domain in names]
        model._discriminant = checked_discriminant(arrays, trained.width, len(model.domains), name)
        return model

    # ---- parts ----------------------------------------------------------------------------------------

    def _fitted(self) -> Trained:
        if self._trained is None:
            raise input_error("model", "one that is not trained", "a trained one", "Call fit(adata) first.")
        return self._trained

    def _take(self, adata: AnnData, key_added: str, domain_key: str | None) -> None:
        """Take the model and the domains of a run out of an object."""
        embedding = read_embedding(adata, key_added)
        trained = read_trained(adata, key_added)
        key = domain_key or _keys.domain(key_added)
        if domain_key is not None:
            check_column("domain_key", domain_key, adata)
        if key in adata.obs:
            labels = pd.Categorical(adata.obs[key]).remove_unused_categories()
            self.domains = [str(name) for name in labels.categories]
            self._discriminant = fit_discriminant(embedding, labels.codes)
        self._trained = trained

    def _write(self, adata: AnnData, mapped: Mapped, key_added: str) -> None:
        write_graph(adata, mapped.tissue)
        adata.obsm[_keys.embedding(key_added)] = mapped.embedding
        adata.var[_keys.genes(key_added)] = adata.var_names.isin(mapped.genes)
        if self._discriminant:
            domain = _keys.domain(key_added)
            labels = classify(mapped.embedding.astype(np.float64), self._discriminant)
            adata.obs[domain] = pd.Categorical.from_codes(labels, self.domains)
            adata.obs.drop(columns=_keys.confidence(key_added), errors="ignore", inplace=True)
            adata.uns.pop(_keys.colors(domain), None)
        settings = {**self.config.to_record(), "target_sum": self._fitted().target_sum}
        adata.uns[_keys.parameters(key_added)] = {
            "params": {**settings, "key_added": key_added},
            "mapped": {"n_genes": len(self.genes), "n_genes_present": len(mapped.genes)},
        }
