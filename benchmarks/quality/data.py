"""What the methods are compared on: labelled slices, where they are, and simulated tissues."""

from __future__ import annotations

from anndata import AnnData

from benchmarks import _slices
from benchmarks.quality.tissues import TISSUE_SEED, TISSUES

STUDIES = {
    "dlpfc": ("dlpfc_151673", "dlpfc_151674", "dlpfc_151675"),
    "starmap_mpfc": ("starmap_mpfc_BZ5", "starmap_mpfc_BZ9", "starmap_mpfc_BZ14"),
    "starmap_by3": ("starmap_by3",),
    "her2st": ("her2st_A1", "her2st_B1", "her2st_C1"),
    "heart": ("heart_3_CN73_D2", "heart_4_CN73_C2"),
    "mob": ("mob_rep11",),
    "seqfish": ("seqfish_embryo1", "seqfish_embryo3"),
    "srtsim": ("srtsim_2_1",),
}
"""Real tissues by study."""
_ARRAYS = ("dlpfc", "her2st", "heart", "mob")
"""Studies of spots on an array, which peers' settings for Visium are meant for."""
REAL = tuple(name for names in STUDIES.values() for name in names)
NAMES = (*REAL, *TISSUES)
TRUTH = "ground_truth"


def read(name: str) -> tuple[AnnData, int]:
    """Return a tissue and its number of labelled domains; ``uns["layout"]`` says how its spots lie.

    Raises
    ------
    FileNotFoundError
        If the slice is not there; the message says what to do.
    """
    if name in TISSUES:
        adata = TISSUES[name](TISSUE_SEED)
        layout = adata.uns["simulation"]["layout"]
        return _bare(adata, layout), adata.obs[TRUTH].nunique()
    try:
        adata, n_domains = _slices.read(name)
    except SystemExit as missing:
        raise FileNotFoundError(str(missing)) from None
    return _bare(adata, "hexagonal" if name.startswith(_ARRAYS) else "cells"), n_domains


def without_labels(adata: AnnData) -> AnnData:
    """Return what a method is given: counts, coordinates and the layout."""
    shown = AnnData(adata.X, uns={"layout": adata.uns["layout"]}, obsm={"spatial": adata.obsm["spatial"]})
    shown.obs_names, shown.var_names = adata.obs_names, adata.var_names
    return shown


def _bare(adata: AnnData, layout: str) -> AnnData:
    """Return counts, coordinates, labels and the layout."""
    bare = AnnData(adata.X, obs=adata.obs[[TRUTH]], obsm={"spatial": adata.obsm["spatial"]})
    bare.var_names, bare.uns["layout"] = adata.var_names, layout
    return bare
