"""``suggest_n_domains``: how many domains an embedding supports."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import numpy as np
from anndata import AnnData
from threadpoolctl import threadpool_limits

from spotscape import _keys
from spotscape._docs import filled
from spotscape._validate import check_flag, check_integer, describe, input_error
from spotscape.domains.clustering import SMALL_MATRIX_THREADS
from spotscape.domains.number import curve_record, suggest, usable_candidates
from spotscape.gr.spatial_graph import current_graph
from spotscape.run.read import read_embedding
from spotscape.tl._stability import check_stability, stability_of


@filled()
def suggest_n_domains(
    adata: AnnData,
    *,
    candidates: Sequence[int] | None = None,
    stability: bool = False,
    seed: int = 0,
    layer: str | None = None,
    key_added: str = _keys.KEY_ADDED,
) -> int:
    """Suggest a number of domains, and keep the curve behind it.

    A mixture is fitted for each number and judged by Schwarz' criterion [1]_, which counts only as many spots
    as are independent. The criterion is weighed against what annotators of tissue do: they name five or six
    domains, rarely fewer than three or more than eleven. So three or four groups may be suggested as five.
    The number is a suggestion, not a finding. Tissue is organised on several scales, and the number of
    domains is a choice of scale. `spotscape.pl.n_domains` shows how clear the choice is, and what the prior
    changed. Compare the maps of neighbouring numbers, or the levels of `domain_tree`.

    The curve is kept with the object, and not made again from the same embedding.

    Parameters
    ----------
    adata
        After `run_spotscape`: with ``obsm["X_<key_added>"]``. Without ``obsp["spatial_connectivities"]``, six
        neighbours a spot are assumed.
    candidates
        Numbers to choose from, each from 2 to the number of spots; None for 2 to 15.
    stability
        Also say how stable each number is: each molecule goes to one of two halves by a fair coin [2]_, the
        run is made on both, and their domains are compared by the adjusted Rand index. Takes two runs more.
        Two or three domains are often the most stable, so this does not go into the suggestion. Look for
        a number after which the curve falls.
    seed
        Of the starts, and of the halves.
    layer
        Layer that holds the raw counts, for ``stability``; None: that of the run.
    key_added
        {key_read_and_written}

    Returns
    -------
    int
        The number suggested. Writes ``uns["<key_added>"]["n_domains"]``: ``candidates``, ``log_likelihood``
        (of a spot), ``by_data`` and ``weights`` (how much each number weighs by the data alone, and with the
        prior; sum to 1), ``suggested``, ``digest`` (by which the same curve is known again), and with
        ``stability`` that (1: both halves have the same domains, 0: as by chance).

    Raises
    ------
    InputError
        If the embedding is missing, or a candidate is no number of domains of these spots; with
        ``stability``, if there is no record of a run, or no whole counts.

    References
    ----------
    .. [1] Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6.
    .. [2] Neufeld et al. (2024), Inference after latent variable estimation for single-cell RNA sequencing
       data, Biostatistics 25.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.tl import suggest_n_domains
    >>> rng = np.random.default_rng(0)
    >>> adata = anndata.AnnData(np.ones((800, 2), dtype="float32"))
    >>> adata.obsm["X_spotscape"] = rng.normal(size=(800, 5)) + np.repeat(np.eye(5) * 20, 160, axis=0)
    >>> suggest_n_domains(adata)
    5
    """
    embedding = read_embedding(adata, key_added)
    checked = usable_candidates(adata.n_obs) if candidates is None else _check(candidates, adata.n_obs)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    stability = check_flag("stability", stability)
    if stability:
        check_stability(adata, layer, key_added)
    key = _keys.parameters(key_added)
    known = adata.uns.get(key, {}).get("n_domains")
    with threadpool_limits(SMALL_MATRIX_THREADS):
        found = suggest(embedding, current_graph(adata), candidates=checked, seed=seed, known=known)
    curve = curve_record(found, known)
    if stability:
        curve["stability"] = stability_of(adata, checked, layer=layer, seed=seed, key_added=key_added)
    adata.uns[key] = {**adata.uns.get(key, {}), "n_domains": curve}
    return found.n_domains


def _check(candidates: Sequence[int], n_spots: int) -> tuple[int, ...]:
    """Return the candidates as sorted integers, or raise."""
    expected = f"integers from 2 to {n_spots}"
    if isinstance(candidates, str | bytes) or not isinstance(candidates, Sequence | np.ndarray):
        raise input_error("candidates", describe(candidates), expected)
    whole = all(isinstance(k, Integral) and not isinstance(k, bool) for k in candidates)
    if not len(candidates) or not whole or min(candidates) < 2 or max(candidates) > n_spots:
        raise input_error("candidates", describe(candidates), expected)
    return tuple(sorted({int(k) for k in candidates}))
