"""Known labels in the colours of the domains that they fit best, so that two maps can be compared by eye."""

from __future__ import annotations

from itertools import cycle

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy.optimize import linear_sum_assignment

from spotscape import _keys
from spotscape.pl._palette import PALETTE
from spotscape.pl._read import read_labels


def color_alike(adata: AnnData, column: str, domains: pd.Categorical, colors: list[str]) -> None:
    """Put colours for known labels into ``uns``, where there are none.

    Labels and domains are matched one to one, so that most spots have one colour on both maps. A label
    without a domain has a colour that no domain has.
    """
    key = _keys.colors(column)
    if key in adata.uns or adata.is_view:
        return
    known = read_labels(adata, column)
    both = (known.codes >= 0) & (domains.codes >= 0)
    shared = np.zeros((len(known.categories), len(colors)))
    np.add.at(shared, (known.codes[both], domains.codes[both]), 1)
    pairs = zip(*linear_sum_assignment(shared, maximize=True), strict=True)
    matched = {label: colors[domain] for label, domain in pairs if shared[label, domain]}
    taken = {color.upper() for color in colors}
    free = cycle([color for color in PALETTE if color not in taken] or PALETTE)
    adata.uns[key] = [matched.get(label) or next(free) for label in range(len(known.categories))]
