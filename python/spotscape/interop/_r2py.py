"""Values of R -> values of Python: the pieces that ``R/pieces.R`` makes.

| R | Python |
| --- | --- |
| ``NULL`` | None |
| text, number, logical of length 1, without ``dim`` | str, int, float, bool |
| text with ``dim``, or longer | list of str |
| numbers with ``dim``, or longer | numpy array of that shape, on R's memory |
| logicals | numpy array of bool |
| named list | dict |
| list without names | list; empty: empty dict |
| ``dgCMatrix`` | ``csc_matrix``, on R's memory |

anndata2ri's ``scipy2ri`` knows ``dgCMatrix`` too, but what it gives does not keep R's object alive.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rpy2 import rinterface
from scipy.sparse import csc_matrix


class _Held:
    """Memory of R, for numpy to look at; whoever looks keeps the R object."""

    def __init__(self, value: Any, *, writable: bool) -> None:
        self.value = value
        seen = np.asarray(value.memoryview())
        self.__array_interface__ = dict(seen.__array_interface__)
        self.__array_interface__["data"] = (seen.__array_interface__["data"][0], not writable)


def to_python(value: Any, *, writable: bool) -> Any:
    """Return a piece as Python has it; ``writable`` where nobody else holds the R object."""
    if value is rinterface.NULL or value is None:
        return None
    if isinstance(value, rinterface.SexpS4):
        return _sparse(value, writable=writable)
    if isinstance(value, rinterface.ListSexpVector):
        names = value.names
        if names is rinterface.NULL:
            return [to_python(item, writable=writable) for item in value] if len(value) else {}
        pairs = zip(names, value, strict=True)
        return {str(name): to_python(item, writable=writable) for name, item in pairs}
    shape = _dim(value)
    if isinstance(value, rinterface.StrSexpVector):
        texts = [str(text) for text in value]
        return texts[0] if shape is None and len(texts) == 1 else texts
    numbers = _numbers(value, writable=writable)
    if shape is not None:
        return numbers.reshape(shape, order="F")
    return numbers[0].item() if len(numbers) == 1 else numbers


def _sparse(value: Any, *, writable: bool) -> csc_matrix:
    if "dgCMatrix" not in tuple(value.rclass):
        raise TypeError(f"a piece of class {value.rclass[0]} came from R; please report this")
    data, indices, indptr = (_numbers(value.do_slot(slot), writable=writable) for slot in ("x", "i", "p"))
    made = csc_matrix(tuple(value.do_slot("Dim")), dtype=data.dtype)
    made.data, made.indices, made.indptr = data, indices, indptr
    return made


def _numbers(value: Any, *, writable: bool) -> np.ndarray:
    kinds = (rinterface.IntSexpVector, rinterface.FloatSexpVector, rinterface.BoolSexpVector)
    if not isinstance(value, kinds):
        raise TypeError(f"a piece of type {type(value).__name__} came from R; please report this")
    if len(value) == 0:
        return np.empty(0, np.int32 if isinstance(value, rinterface.IntSexpVector) else np.float64)
    numbers = np.asarray(_Held(value, writable=writable))
    return numbers.astype(bool) if isinstance(value, rinterface.BoolSexpVector) else numbers


def _dim(value: Any) -> tuple[int, ...] | None:
    dim = value.do_slot("dim") if "dim" in value.list_attrs() else None
    return None if dim is None else tuple(int(size) for size in dim)
