"""Domains that were found anew, and which of the old ones each stands for."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment


def in_place_of(labels: pd.Categorical, found: pd.Categorical) -> tuple[pd.Categorical, dict[str, float]]:
    """Give domains found anew the names of those they share most spots with, one to one.

    Parameters
    ----------
    labels, found
        Domain of each spot as it was, as text, and as found anew; missing where there is none.

    Returns
    -------
    pandas.Categorical, dict
        ``found`` under the names of ``labels`` (one that stands for none has a name that no domain can
        have), and for each old domain the spots that are in both, of those that are in either.

    Examples
    --------
    >>> import pandas as pd
    >>> from spotscape.annotation.in_place import in_place_of
    >>> old, new = pd.Categorical(["a", "a", "b", "b"]), pd.Categorical([2, 2, 2, 1])
    >>> renamed, overlap = in_place_of(old, new)
    >>> list(renamed), {name: round(value, 2) for name, value in overlap.items()}
    (['a', 'a', 'a', 'b'], {'a': 0.67, 'b': 0.5})
    """
    both = pd.crosstab(labels.codes, found.codes).drop(index=-1, columns=-1, errors="ignore")
    both = both.reindex(
        index=range(len(labels.categories)), columns=range(len(found.categories)), fill_value=0
    )
    common = both.to_numpy(dtype=np.float64)
    sizes, others = (
        np.bincount(one.codes[one.codes >= 0], minlength=len(one.categories)) for one in (labels, found)
    )
    overlap = common / (sizes[:, None] + others - common)
    rows, columns = linear_sum_assignment(-overlap)
    names = np.asarray([f"\0{code}" for code in range(len(found.categories))], dtype=object)
    names[columns] = np.asarray(labels.categories, dtype=object)[rows]
    shared = {
        str(labels.categories[row]): float(overlap[row, column])
        for row, column in zip(rows, columns, strict=True)
    }
    return found.rename_categories(list(names)), shared
