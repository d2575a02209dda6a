"""The workers of a cluster, for ``--scheduler``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from spotscape._validate import input_error

_PATIENCE = "10s"


@contextmanager
def workers_of(address: str | None) -> Iterator[None]:
    """Have arrays of dask computed by the workers of a scheduler; None for this process."""
    if address is None:
        yield
        return
    if find_spec("distributed") is None:
        todo = "Install it: pip install 'spotscape[dask]'."
        raise input_error("--scheduler", "no dask.distributed", "the package", todo)

    from distributed import Client

    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        expected = "the address of a scheduler, such as tcp://10.0.0.1:8786"
        raise input_error("--scheduler", f"{address!r} ({error})", expected) from error
    with client:
        if not client.scheduler_info()["workers"]:
            todo = f"Start some: dask worker {address}"
            raise input_error("--scheduler", f"{address!r} without workers", "one or more", todo)
        yield
