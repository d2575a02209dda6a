"""``run_spotscape``: from counts and coordinates to an embedding and domains, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._threads import thread_number
from spotscape._validate import check_integer
from spotscape.config import SpotscapeConfig, resolve_config
from spotscape.engine.helpers import helped
from spotscape.engine.trainer import Progress
from spotscape.pp import check_adata
from spotscape.pp.fractions import fractions
from spotscape.run import analyse
from spotscape.run.read import as_checkpoint, check_key_added, check_n_domains
from spotscape.run.write import write_analysis


@filled()
def run_spotscape(
    adata: AnnData,
    *,
    n_domains: int | None = None,
    config: SpotscapeConfig | Mapping[str, Any] | str | None = None,
    seed: int = 0,
    device: str = "auto",
    threads: int | None = None,
    layer: str | None = None,
    spatial_key: str = _keys.SPATIAL,
    key_added: str = _keys.KEY_ADDED,
    progress: bool | Progress = True,
    checkpoint: str | PathLike[str] | None = None,
    checkpoint_minutes: float = 3.0,
    resume: bool = False,
    copy: bool = False,
) -> AnnData | None:
    """Find the spatial domains of one slice.

    What happens to a slice, in order:

    1. Each spot is joined to its spatial neighbours (those in ``obsp["spatial_connectivities"]``, or
       `spotscape.gr.spatial_neighbors`).
    2. Counts are scaled to the slice's median total, and ``log(1 + x)`` is taken.
    3. The 3,000 genes with the clearest spatial pattern are kept (`spotscape.pp.select_genes`).
    4. Components are made: directions of expression that vary over the tissue and not between neighbours
       [1]_. Each spot's components are averaged over two rings of neighbours.
    5. The averages are given new axes, in which differences between groups of spots weigh more than
       differences within them [2]_.
    6. A Gaussian mixture groups the spots into domains, and says how sure it is.

    None of these steps is trained. ``config="paper"`` trains the published graph autoencoder [3]_ in place of
    steps 4 and 5, and takes the published settings elsewhere. Nothing is written before all steps are done.

    Parameters
    ----------
    adata
        Spots x genes, with raw counts in ``X``, a layer or ``raw``, and coordinates in ``obsm[spatial_key]``
        (N x 2 or 3, any unit).
    n_domains
        Number of domains, 2 to N; None has it suggested from the data (see `suggest_n_domains`).
    config
        None or ``"default"``, ``"paper"`` (the published settings), a mapping of settings to change, or a
        `spotscape.SpotscapeConfig`.
    seed
        Integer >= 0 that all randomness of the run comes from. The same seed, machine and number of threads
        give the same result to the bit.
    device
        ``"auto"`` (an NVIDIA GPU if there is one), ``"cpu"``, ``"cuda"``, ``"cuda:N"``, ``"mps"``. An NVIDIA
        GPU does what is large after the choice of genes: covariances, the rings of neighbours, steps 5 and 6,
        a training. Where its memory is too small, the CPU does the step, and a warning says so. Apple's GPU
        (``"mps"``) trains, and nothing else. Parameters in ``uns`` say where the run was.
    threads
        Threads to compute with, kept for the whole run and restored after it; None takes ``OMP_NUM_THREADS``,
        else as many as the process may use.
    layer
        {layer}
    spatial_key
        Name of the coordinates in ``obsm``. Not used where the object has a spatial graph.
    key_added
        {key_written}
    progress
        True shows a bar on stderr; a function is called after every epoch with the epoch (from 1), the number
        of epochs, and the loss.
    checkpoint
        File in which a long run saves its state, so that a killed one can go on; None for none. A training
        saves it as it goes, any other run after the spatial graph and after the embedding. It has the
        system's usual permissions and holds no code. It stays after the run: delete it then.
    checkpoint_minutes
        Minutes between writes of it, and before the first; 0 writes after every epoch or step.
    resume
        Go on from the checkpoint, where there is one; the result is that of a run without a break. The data
        and all settings have to be the same.
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes, and changes nothing else:

    - ``obsm["X_<key_added>"]``: embedding, N x 20 (``n_components``), float32; the first columns tell groups
      of spots apart best;
    - ``obs["<key_added>_domain"]``: categorical, ``"1"`` (the largest domain) to ``"K"``;
    - ``obs["<key_added>_confidence"]``: float32, 0 to 1, how sure that is (see `spatial_domains`);
    - ``var["<key_added>_genes"]``: bool, genes used;
    - ``obsp["spatial_connectivities"]``, ``obsp["spatial_distances"]``, ``uns["spatial_neighbors"]`` where
      there was no graph;
    - ``uns["<key_added>"]``: parameters, which counts were taken (``counts``: their place, total and median
      per spot), versions, warnings, threads, seconds, and of a training its losses per epoch and whether it
      went by tiles;
    - ``uns["<key_added>_model"]``: genes and components (or trained weights), which `impute` and
      `spotscape.Spotscape` use.

    Raises
    ------
    InputError
        If there are no raw counts or coordinates, names clash, an argument is out of range, or the checkpoint
        is there without ``resume`` or is of another run; raised before training starts.

    Warns
    -----
    SpotscapeWarning
        About spots without counts or neighbours, and a GPU with too little memory.

    References
    ----------
    .. [1] Switzer and Green (1984), Min/max autocorrelation factors for multivariate spatial imagery.
    .. [2] Ding and Li (2007), Adaptive dimension reduction using discriminant analysis and K-means
       clustering, ICML.
    .. [3] Global Context-aware Representation Learning for Spatially Resolved Transcriptomics, ICML 2025,
       arXiv 2506.15698.

    Examples
    --------
    >>> import spotscape
    >>> adata = spotscape.datasets.simulate_slice(n_spots=200, n_genes=60, n_domains=3)
    >>> spotscape.tl.run_spotscape(adata, n_domains=3, progress=False)
    >>> adata.obsm["X_spotscape"].shape
    (200, 20)
    >>> adata.obs["spotscape_domain"].cat.categories.tolist()
    ['1', '2', '3']
    """
    check_adata(adata)
    settings = resolve_config(config)
    with helped(), thread_number(threads) as used, fractions(settings.fractional_counts):
        analysis = analyse(
            adata,
            n_domains=check_n_domains(n_domains, adata.n_obs),
            settings=settings,
            seed=check_integer("seed", seed, 0, 2**32 - 1),
            device=device,
            layer=layer,
            spatial_key=spatial_key,
            key_added=check_key_added(key_added),
            progress=progress,
            threads=used,
            checkpoint=as_checkpoint(checkpoint, checkpoint_minutes, resume),
        )
    adata = in_memory_copy(adata) if copy else adata
    write_analysis(adata, analysis, key_added)
    return adata if copy else None
