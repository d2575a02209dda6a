"""Tissue whose names are markup, and what a page with its interactive map holds."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.sparse import csr_matrix

BAD = {
    "domain": [
        "</script><script>document.title='owned'</script>",
        "<img src=x onerror=alert(1)>",
        "a\u2028b & 'c\"",
    ],
    "slice": ["<b>left</b>", 'right"&amp;'],
    "gene": "<i>gene</i>",
    "spot": "<u>spot</u>\u2029",
    "title": "</title><script>document.title='owned'</script>",
}
SIDE = 10


def tissue() -> AnnData:
    """Two slices of 100 spots, domains in three bands of 30, 30 and 40, and names that are markup."""
    x, y = np.meshgrid(np.arange(SIDE) * 10.0, np.arange(SIDE) * 10.0)
    bands = np.repeat([0, 1, 2], [3, 3, 4])[(y.ravel() // 10).astype(int)]
    counts = np.random.default_rng(0).poisson(3.0, (2 * SIDE**2, 4)).astype(np.float32)
    adata = AnnData(
        csr_matrix(counts),
        obs=pd.DataFrame(index=[f"{BAD['spot']}{i}" for i in range(2 * SIDE**2)]),
        var=pd.DataFrame(index=[BAD["gene"], "gene1", "gene2", "gene3"]),
    )
    adata.obsm["spatial"] = np.tile(np.column_stack([x.ravel(), y.ravel()]), (2, 1))
    adata.obs["spotscape_domain"] = pd.Categorical.from_codes(np.tile(bands, 2), BAD["domain"])
    adata.obs["spotscape_confidence"] = np.linspace(0, 1, len(counts))
    adata.obs["slice"] = np.repeat(BAD["slice"], SIDE**2)
    adata.obs["known"] = [None] * 50 + ["a"] * 150
    pixels = np.zeros((60, 60, 3), dtype=np.uint8)
    pixels[:, :20, 0] = 255  # red up to x = 40, blue from there on
    pixels[:, 20:, 2] = 255
    library = {
        "images": {"hires": pixels},
        "scalefactors": {"tissue_hires_scalef": 0.5, "spot_diameter_fullres": 4.0},
    }
    adata.uns["spatial"] = {BAD["slice"][0]: library}
    adata.uns["micrometres_per_unit"] = 2.0
    return adata


def content(page: Path) -> dict:
    """Return what a page holds."""
    text = page.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return json.loads(data)


def unpacked(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)
