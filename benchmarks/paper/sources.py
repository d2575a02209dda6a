"""The data sets of the paper: where each comes from, how its files lie in a folder, and how they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from spotscape import io

TRUTH = "ground_truth"
DONORS = {
    "donor 1": ("151673", "151674", "151675", "151676"),
    "donor 2": ("151507", "151508", "151509", "151510"),
    "donor 3": ("151669", "151670", "151671", "151672"),
}
"""In the order of the authors' code; which donor the paper calls by which number, it does not say."""
SECTIONS = tuple(section for sections in DONORS.values() for section in sections)
SPOTS = dict(
    zip(SECTIONS, (3639, 3673, 3592, 3460, 4226, 4384, 4789, 4634, 3661, 3498, 4110, 4015), strict=True)
)
"""Spots of each published section, to tell whether a file is the published one."""
MTG = {"control": ("2-5", "2_5"), "Alzheimer's": ("T4857", "T4857")}
"""Folder of each slice, and the name behind its barcodes in the table of layers."""
EMBRYOS = ("E11.5_E1S1", "E12.5_E1S1")
"""Which stages the paper aligned its code does not say; these two are SLAT's example."""
SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Source:
    """A data set: ``files`` are relative to the folder; ``origin`` is where they come from."""

    title: str
    files: tuple[str, ...]
    origin: tuple[str, ...]
    read: Callable[[Path], Mapping[str, ad.AnnData]]

    def missing(self, folder: Path) -> list[str]:
        """Return the files that are not there."""
        return [name for name in self.files if not (folder / name).exists()]


def wrong_sums(folder: Path) -> list[str]:
    """Return the files that differ from the folder's SHA256SUMS; nothing where there is no such list.

    No source publishes sums of its files. A list of your own (``sha256sum FILES > SHA256SUMS``) tells whether
    they have changed since.
    """
    path = folder / SUMS
    wrong = []
    for line in path.read_text().splitlines() if path.exists() else []:
        wanted, name = line.split(maxsplit=1)
        file = folder / name.lstrip("*")
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != wanted:
            wrong.append(name.lstrip("*"))
    return wrong


def read_dlpfc(folder: Path) -> dict[str, ad.AnnData]:
    """Sections of Visium with layers by hand, ``Layer_1`` to ``Layer_6`` and ``WM``."""
    layers = pd.read_csv(
        folder / "10x_dlpfc" / "barcode_level_layer_map.tsv", sep="\t", header=None, dtype=str, index_col=0
    )
    found = {}
    for section in SECTIONS:
        adata = io.read_space_ranger(folder / "10x_dlpfc" / section)
        found[section] = _labelled(adata, layers.loc[layers[1] == section, 2])
    return found


def read_mtg(folder: Path) -> dict[str, ad.AnnData]:
    """Two Visium slices with layers; what is marked as noise has none."""
    table = pd.read_csv(folder / "mtg_ad" / "metadata.csv", index_col=0)
    layers = table["Layer"].where(table["Layer"] != "Noise")
    found = {}
    for name, (place, suffix) in MTG.items():
        adata = io.read_space_ranger(folder / "mtg_ad" / place)
        own = layers[layers.index.str.endswith(f"-{suffix}")]
        own.index = own.index.str.removesuffix(f"-{suffix}") + "-1"
        found[name] = _labelled(adata, own)
    return found


def read_embryo(folder: Path) -> dict[str, ad.AnnData]:
    """Stereo-seq embryos in bins of 50, counts in a layer, organs in ``annotation``."""
    found = {}
    for name in EMBRYOS:
        adata = ad.read_h5ad(folder / "dev_stage_align" / f"{name}.MOSTA.h5ad")
        adata.X = adata.layers["count"]
        del adata.layers["count"]
        found[name] = _labelled(adata, adata.obs["annotation"])
    return found


def read_nsclc(folder: Path) -> dict[str, ad.AnnData]:
    """CosMx cells with counts in ``X``, coordinates and regions in ``obs``."""
    adata = ad.read_h5ad(folder / "NSCLC" / "Lung5_3.h5ad")
    adata.obsm["spatial"] = adata.obs[["coord_x", "coord_y"]].to_numpy(dtype=float)
    return {"Lung5_3": _labelled(adata, adata.obs["region"])}


def read_breast(folder: Path) -> dict[str, ad.AnnData]:
    """Visium and Xenium of one tumour, without labels."""
    return {
        "Visium": io.read_space_ranger(folder / "breast_cancer" / "visium"),
        "Xenium": io.read_xenium(folder / "breast_cancer" / "xenium"),
    }


def _labelled(adata: ad.AnnData, labels: pd.Series) -> ad.AnnData:
    """Put labels beside the spots, by name; what the field calls unknown is missing."""
    adata.var_names_make_unique()
    values = labels.astype(object).reindex(adata.obs_names)
    values = values.where(~values.isin(["unknown", "nan", "NA", ""]))
    if values.isna().all():
        raise SystemExit(
            f"No spot has a label: the names are like {labels.index[0]!r} and {adata.obs_names[0]!r}."
        )
    adata.obs[TRUTH] = pd.Categorical(values)
    adata.obsm["spatial"] = np.asarray(adata.obsm["spatial"], dtype=float)
    return adata


SOURCES = {
    "dlpfc": Source(
        "DLPFC, twelve sections of human cortex (Maynard et al. 2021)",
        (
            "10x_dlpfc/barcode_level_layer_map.tsv",
            *(f"10x_dlpfc/{s}/{s}_filtered_feature_bc_matrix.h5" for s in SECTIONS),
            *(f"10x_dlpfc/{s}/spatial/tissue_positions_list.csv" for s in SECTIONS),
        ),
        (
            "counts: https://spatial-dlpfc.s3.us-east-2.amazonaws.com/h5/SECTION_filtered_feature_bc_matrix.h5",
            "places: https://raw.githubusercontent.com/LieberInstitute/HumanPilot/master/10X/SECTION/"
            "tissue_positions_list.txt, named .csv",
            "layers: https://raw.githubusercontent.com/LieberInstitute/HumanPilot/master/10X/"
            "barcode_level_layer_map.tsv",
            f"{sum(SPOTS.values()):,} spots x 33,538 genes",
        ),
        read_dlpfc,
    ),
    "mtg": Source(
        "MTG, human temporal cortex, control and Alzheimer's (Chen et al. 2022)",
        (
            "mtg_ad/metadata.csv",
            *(f"mtg_ad/{place}/filtered_feature_bc_matrix.h5" for place, _ in MTG.values()),
            *(f"mtg_ad/{place}/spatial/tissue_positions_list.csv" for place, _ in MTG.values()),
        ),
        (
            "https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc=GSE220442",
            "GSE220442_counts_and_images.tar.gz (451 MB, six slices, of which 2-5 and T4857)",
            "GSE220442_metadata.csv.gz, unpacked as metadata.csv",
        ),
        read_mtg,
    ),
    "embryo": Source(
        "Mouse embryo, Stereo-seq, two stages (Chen et al. 2022, MOSTA)",
        tuple(f"dev_stage_align/{name}.MOSTA.h5ad" for name in EMBRYOS),
        ("https://db.cngb.org/stomics/mosta/download/, embryo data, one file a section",),
        read_embryo,
    ),
    "nsclc": Source(
        "NSCLC, human lung tumour, CosMx (He et al. 2022), slice Lung5_3",
        ("NSCLC/Lung5_3.h5ad",),
        (
            "https://nanostring.com/products/cosmx-spatial-molecular-imager/ffpe-dataset/nsclc-ffpe-dataset/",
            "as an .h5ad with counts in X, and coord_x, coord_y and region (labels by hand) in obs; the file "
            "that the authors read, with its regions, is at no public address that we know",
        ),
        read_nsclc,
    ),
    "breast": Source(
        "Breast tumour, Visium and Xenium of one block (Janesick et al. 2023)",
        (
            "breast_cancer/visium/filtered_feature_bc_matrix.h5",
            "breast_cancer/visium/spatial/tissue_positions.csv",
            "breast_cancer/xenium/cell_feature_matrix.h5",
            "breast_cancer/xenium/cells.csv.gz",
        ),
        (
            "https://cf.10xgenomics.com/samples/spatial-exp/2.0.0/CytAssist_FFPE_Human_Breast_Cancer/: "
            "CytAssist_FFPE_Human_Breast_Cancer_filtered_feature_bc_matrix.h5 and _spatial.tar.gz",
            "https://cf.10xgenomics.com/samples/xenium/1.0.1/Xenium_FFPE_Human_Breast_Cancer_Rep1/"
            "Xenium_FFPE_Human_Breast_Cancer_Rep1_outs.zip (9.9 GB), the contents of its outs",
        ),
        read_breast,
    ),
}
