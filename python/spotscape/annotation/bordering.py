"""Which domains border each other in the tissue."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._neighborhood import pattern

LEAST_BORDER = 0.1
"""Share of a domain's border with others that one of them needs: stray spots make no neighbour."""


def bordering_domains(domains: pd.Categorical, graph: sparse.spmatrix) -> dict[str, list[str]]:
    """Return the neighbours of each domain: those that have a tenth or more of its border with others.

    Parameters
    ----------
    domains
        Of each spot; spots without one make no border.
    graph
        N x N, non-zero for neighbours in the tissue.

    Returns
    -------
    dict
        Names by name, in the order of the categories; no names for a domain that touches no other.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from scipy import sparse
    >>> from spotscape.annotation.bordering import bordering_domains
    >>> row = sparse.diags([[1.0] * 5, [1.0] * 5], [-1, 1]).tocsr()
    >>> bordering_domains(pd.Categorical(["a", "a", "b", "b", "c", "c"]), row)
    {'a': ['b'], 'b': ['a', 'c'], 'c': ['b']}
    """
    labelled = np.flatnonzero(domains.codes >= 0)
    ones, shape = np.ones(len(labelled)), (len(domains), len(domains.categories))
    member = sparse.csr_matrix((ones, (labelled, domains.codes[labelled])), shape=shape)
    edges = (member.T @ pattern(graph) @ member).toarray()
    edges += edges.T
    np.fill_diagonal(edges, 0)
    names = [str(name) for name in domains.categories]
    border = edges.sum(axis=1, keepdims=True)
    beside = (edges > 0) & (edges >= LEAST_BORDER * border)
    return {
        name: [names[other] for other in np.flatnonzero(row)] for name, row in zip(names, beside, strict=True)
    }
