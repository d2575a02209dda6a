"""Which domains border each other in the tissue."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from spotscape._neighborhood import pattern

LEAST_BORDER = 0.1
"""Share of a domain's border with others that one of them needs: stray spots make no neighbour."""


def domain_contacts(codes: np.ndarray, graph: sparse.spmatrix, n_domains: int | None = None) -> np.ndarray:
    """Count the graph's edges between each pair of domains, K x K; spots with code -1 are left out.

    K is ``n_domains``, or where it is None one more than the largest code.
    """
    labelled = np.flatnonzero(codes >= 0)
    shape = (len(codes), int(codes.max(initial=-1)) + 1 if n_domains is None else n_domains)
    member = sparse.csr_matrix((np.ones(len(labelled)), (labelled, codes[labelled])), shape=shape)
    return np.asarray((member.T @ pattern(graph) @ member).todense())


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
    edges = domain_contacts(np.asarray(domains.codes), graph, len(domains.categories))
    edges = edges + edges.T
    np.fill_diagonal(edges, 0)
    names = [str(name) for name in domains.categories]
    border = edges.sum(axis=1, keepdims=True)
    beside = (edges > 0) & (edges >= LEAST_BORDER * border)
    return {
        name: [names[other] for other in np.flatnonzero(row)] for name, row in zip(names, beside, strict=True)
    }
