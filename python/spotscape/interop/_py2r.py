"""Values of Python -> values of R: the pieces that ``R/pieces.R`` puts together.

| Python | R |
| --- | --- |
| None | ``NULL`` |
| str, bool, int, float | text, logical, integer, double of length 1 |
| list of str, array of text | text |
| numpy array | integer, double or logical vector; an array with ``dim`` where it has two dimensions or more |
| mapping | named list |
| list of anything else | list |
| ``csc_matrix`` | ``dgCMatrix``, by anndata2ri |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from rpy2 import rinterface
from scipy import sparse


def to_r(value: Any) -> Any:
    """Return a piece as R has it."""
    if value is None:
        return rinterface.NULL
    if isinstance(value, rinterface.Sexp):
        return value
    if sparse.issparse(value):
        return _converted(sparse.csc_matrix(value))
    if isinstance(value, Mapping):
        return _list({str(key): to_r(item) for key, item in value.items()})
    if isinstance(value, np.generic):
        value = value.item()
    for kind, vector in (
        (str, rinterface.StrSexpVector),
        (bool, rinterface.BoolSexpVector),
        (int, rinterface.IntSexpVector),
        (float, rinterface.FloatSexpVector),
    ):
        if isinstance(value, kind):
            return vector([value])
    if isinstance(value, list | tuple):
        if all(isinstance(item, str) for item in value):
            return rinterface.StrSexpVector(list(value))
        return rinterface.ListSexpVector([to_r(item) for item in value])
    return _array(np.asarray(value))


def _array(values: np.ndarray) -> Any:
    if values.dtype.kind in "OUS":
        return rinterface.StrSexpVector([str(text) for text in values.ravel()])
    if values.dtype.kind == "b":
        kind: Any = np.bool_
    else:
        kind = np.int32 if values.dtype.kind in "iu" else np.float64
    return _converted(np.asfortranarray(values, dtype=kind))


def _converted(value: Any) -> Any:
    # Not at the top: these start R as soon as they are imported, and `_session` is to do that.
    from anndata2ri import scipy2ri
    from rpy2.robjects import default_converter, numpy2ri
    from rpy2.robjects.conversion import localconverter

    with localconverter(default_converter + numpy2ri.converter + scipy2ri.converter) as converter:
        return converter.py2rpy(value)


def _list(items: Mapping[str, Any]) -> Any:
    made = rinterface.ListSexpVector(list(items.values()))
    made.do_slot_assign("names", rinterface.StrSexpVector(list(items)))
    return made
