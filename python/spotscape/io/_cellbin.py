"""Cells of a Stereo-seq ``.cellbin.gef`` file, by the layout that gefpy documents."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spotscape.io.common import texts

CELLS = "cellBin"
_NAMES = ("geneName", "gene", "geneID")
_OBS = ("dnbCount", "area")


def read_cells(file: h5py.File) -> tuple[AnnData, np.ndarray]:
    """Return cells x genes, and where the cells lie; raise `ValueError` where parts do not fit each other.

    ``cell`` says of each cell its ID, place, first entry in ``cellExp`` and how many genes it has there;
    ``cellExp`` has the gene's number in ``gene`` and its count.
    """
    group = file[CELLS]
    cells, genes, entries = group["cell"][:], group["gene"][:], group["cellExp"]
    names = next((name for name in _NAMES if name in (genes.dtype.names or ())), None)
    needed = {"id", "x", "y", "offset", "geneCount"}
    if names is None or not needed <= set(cells.dtype.names or ()):
        raise ValueError(f"a table of cells with the columns {', '.join(cells.dtype.names or ())}")
    starts = np.concatenate([[0], np.cumsum(cells["geneCount"].astype(np.int64))])
    if (starts[:-1] != cells["offset"]).any() or starts[-1] != entries.shape[0]:
        raise ValueError("cells and their counts that do not fit each other")
    columns = entries["geneID"].astype(np.int32)
    if len(columns) and int(columns.max()) >= len(genes):
        raise ValueError(f"counts of gene number {int(columns.max())} of {len(genes)}")
    counts = sparse.csr_matrix(
        (entries["count"].astype(np.float32), columns, starts), (len(cells), len(genes))
    )
    counts.sum_duplicates()
    obs = pd.DataFrame(index=pd.Index(cells["id"].astype(str), dtype=str))
    for name in _OBS:
        if name in cells.dtype.names:
            obs[name] = cells[name]
    adata = AnnData(counts, obs=obs)
    adata.var["gene_ids"] = texts(genes["geneID" if "geneID" in genes.dtype.names else names])
    adata.var_names = pd.Index(texts(genes[names]), dtype=str)
    return adata, np.column_stack([cells["x"], cells["y"]])
