"""Messages name what the caller knows."""

from __future__ import annotations

import numpy as np
import pytest

from spotscape import io, tl
from spotscape._caller import in_words_of
from spotscape.cli import main
from spotscape.datasets import simulate_slice
from spotscape.interop import reticulate


@pytest.fixture
def twice():
    adata = simulate_slice(n_spots=200, n_genes=60, n_domains=3)
    adata.obs["library_id"] = np.where(np.arange(200) % 2, "a", "b")
    adata.obsm["spatial"][::2] = adata.obsm["spatial"][1::2]
    return adata


def test_r_reads_of_calls_of_r(twice):
    error = reticulate.call(tl.run_spotscape, twice, progress=False)["error"]
    assert error.startswith("metadata column 'library_id': found 2 sections on top of each other")
    assert error.endswith('IntegrateSlices(object, slice_by = "library_id").')


def test_the_shell_reads_of_options(twice, tmp_path, capsys):
    io.write(twice, tmp_path / "a.h5ad")
    with pytest.raises(SystemExit) as stop:
        main(["run", str(tmp_path / "a.h5ad"), "-o", str(tmp_path / "out.h5ad")])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("spotscape: obs['library_id']: found 2 sections")
    assert error.endswith("Add --slice-key library_id.\n")


@pytest.mark.parametrize(
    ("python", "r", "shell"),
    [
        (
            "adata.X: found NaN. Put the raw counts into adata.X or adata.layers['counts'].",
            "the counts: found NaN. Name the assay with the raw counts by assay.",
            "X: found NaN. Put the raw counts into X or layers['counts'].",
        ),
        (
            "adata: found x. Name the one to take by layer='raw'.",
            'object: found x. Name the one to take by layer = "raw".',
            "IN: found x. Name the one to take by --layer raw.",
        ),
    ],
)
def test_slots_and_arguments(python, r, shell):
    assert in_words_of("r", python) == r
    assert in_words_of("shell", python) == shell
