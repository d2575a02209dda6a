"""Tables that a command reads, as another one wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spotscape._validate import input_error

if TYPE_CHECKING:
    import pandas as pd


def read_table(option: str, path: Path, types: Mapping[str, type]) -> pd.DataFrame:
    """Return the table of a .csv file; only empty cells are missing, for a gene may be called NA."""
    return _read(option, path, dtype=dict(types), keep_default_na=False, na_values=[""])


def read_named_rows(option: str, path: Path) -> pd.DataFrame:
    """Return the table of a .csv file whose first column has the names of its rows."""
    return _read(option, path, index_col=0)


def _read(option: str, path: Path, **how: Any) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise input_error(option, f"no file {str(path)!r}", "a .csv file")
    try:
        return pd.read_csv(path, **how)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError):
        raise input_error(option, f"{str(path)!r}, which is no table", "a .csv file") from None
