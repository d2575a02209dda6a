"""Damaged and hostile files: one clear error, no crash, no memory, and never a result."""

from __future__ import annotations

import shutil
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spotscape
from spotscape import datasets, io
from spotscape._validate import InputError
from spotscape.cli import main
from spotscape.engine.trained import model_of

from .hostile import VALUES, arrays_of, damage_zarr, damages, tampered


@pytest.fixture(scope="module")
def tissue():
    return datasets.simulate_slice(n_spots=150, n_genes=60, n_domains=3, seed=4)


@pytest.fixture(scope="module")
def saved(tissue, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "m"
    quick = {"n_starts": 1}
    spotscape.Spotscape(quick).fit(tissue.copy(), n_domains=3, progress=False).save(folder)
    return folder


@pytest.fixture(scope="module")
def stored(tissue, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "slice.h5ad"
    adata = tissue.copy()
    spotscape.gr.spatial_neighbors(adata)
    adata.layers["csc"] = adata.X.tocsc()
    io.write(adata, path)
    return path


@pytest.mark.parametrize("damage", [*VALUES, "left out"])
def test_no_array_of_a_model_may_be_damaged(saved, tmp_path, damage):
    for number, name in enumerate(arrays_of(saved)):
        folder = tampered(saved, name, VALUES.get(damage), tmp_path / str(number))
        with pytest.raises(InputError, match=r"found .*, expected"):
            spotscape.Spotscape.load(folder)


@pytest.mark.parametrize(
    "weights",
    [
        {"gcn1_weight": (60_000, 1), "gcn2_weight": (1, 60_000), "decoder_output.bias": (10,)},
        {
            "gcn1_weight": (60_000, 1),
            "gcn2_weight": (1, 1),
            "decoder_output.bias": (60_000,),
            "norm2.weight": (1,),
        },
        {"gcn1_weight": (1, 60_000), "gcn2_weight": (60_000, 1), "decoder_output.bias": (60_000,)},
    ],
)
def test_few_numbers_take_little_memory(weights):
    arrays = {name: np.zeros(shape, dtype="float32") for name, shape in weights.items()}
    tracemalloc.start()
    with pytest.raises(InputError, match=r"model: .*expected shape"):
        model_of(arrays)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.parametrize("matrix", ["X", "layers/csc", "obsp/spatial_connectivities"])
@pytest.mark.parametrize("backed", [False, True])
def test_sparse_matrices_of_a_file_are_checked(stored, tmp_path, matrix, backed):
    for number, (_, damage) in enumerate(damages(matrix)):
        path = tmp_path / f"{number}.h5ad"
        shutil.copy(stored, path)
        with h5py.File(path, "r+") as file:
            damage(file)
        with pytest.raises(InputError, match=path.name):
            io.read(path, backed=backed)


@pytest.mark.parametrize("matrix", ["X", "layers/csc", "obsp/spatial_connectivities"])
@pytest.mark.parametrize("backed", [False, True])
def test_so_are_those_of_a_zarr_folder(stored, tmp_path, matrix, backed):
    io.read(stored).write_zarr(tmp_path / "sound.zarr")
    assert io.read(tmp_path / "sound.zarr", backed=backed).n_obs == 150
    for number, (_, damage) in enumerate(damages(matrix)):
        path = tmp_path / f"{number}.zarr"
        shutil.copytree(tmp_path / "sound.zarr", path)
        damage_zarr(path, damage)
        with pytest.raises(InputError, match=path.name):
            io.read(path, backed=backed)


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_info_says_that_a_file_is_damaged(stored, tmp_path, capsys, ending):
    path, damage = tmp_path / f"a.{ending}", dict(damages("X"))["index too large"]
    if ending == "h5ad":
        shutil.copy(stored, path)
        with h5py.File(path, "r+") as file:
            damage(file)
    else:
        io.read(stored).write_zarr(path)
        damage_zarr(path, damage)
    with pytest.raises(SystemExit) as stop:
        main(["info", str(path)])
    assert stop.value.code == 2
    assert "with indices from" in capsys.readouterr().err


def test_a_dense_matrix_of_another_shape_is_refused_before_it_is_read(stored, tmp_path):
    path = tmp_path / "large.h5ad"
    shutil.copy(stored, path)
    with h5py.File(path, "r+") as file:
        del file["X"]
        file.create_dataset("X", shape=(10**6, 10**6), dtype="f4", chunks=(100, 100))
        file["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    with pytest.raises(InputError, match="X of shape"):
        io.read(path)


@pytest.mark.parametrize("backed", [False, True])
def test_sound_files_are_read(stored, backed):
    adata = io.read(stored, backed=backed)
    assert adata.n_obs == 150
    if backed:
        adata.file.close()


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_files_with_changed_bytes_end_in_one_error_or_are_read(stored, tmp_path_factory, data):
    path: Path = tmp_path_factory.mktemp("fuzz") / "f.h5ad"
    content = bytearray(stored.read_bytes())
    with h5py.File(stored) as file:
        parts = [file[f"X/{name}"].id for name in ("indices", "indptr")]
        spans = [(part.get_offset(), part.get_storage_size()) for part in parts if part.get_offset()]
    if not spans:
        spans = [(0, len(content))]
    for _ in range(data.draw(st.integers(1, 8))):
        start, size = data.draw(st.sampled_from(spans))
        content[start + data.draw(st.integers(0, size - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        adata = io.read(path)
    except InputError:
        return
    adata.X.sum()
    assert (adata.X @ np.ones(adata.n_vars)).shape == (150,)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_models_with_a_changed_number_are_refused_or_finite(saved, tissue, tmp_path_factory, data):
    name = data.draw(st.sampled_from(arrays_of(saved)))
    number = data.draw(st.floats(width=32, allow_nan=True, allow_infinity=True))
    at = data.draw(st.integers(0, 10**6))

    def change(array):
        changed = array.copy()
        changed.flat[at % array.size] = number
        return changed

    folder = tampered(saved, name, change, tmp_path_factory.mktemp("fuzz") / "m")
    new = tissue.copy()
    before = set(new.obsm), set(new.obs), set(new.uns), set(new.obsp)
    try:
        spotscape.Spotscape.load(folder).transform(new)
    except InputError:
        assert (set(new.obsm), set(new.obs), set(new.uns), set(new.obsp)) == before
    else:
        assert np.isfinite(new.obsm["X_spotscape"]).all()
