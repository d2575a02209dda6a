"""Meshes of a stack: closed, facing outwards, as large as what they are of, and read back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spotscape import io
from spotscape._validate import InputError, SpotscapeWarning

from .shell import told

RADIUS, STEP = 1000.0, 150.0


def ball(lattice: bool = False) -> AnnData:
    """Sections through a ball, further apart than spots are; the left half is "L 1", the right one "l_1"."""
    rng, parts = np.random.default_rng(0), []
    for height in np.arange(-6, 7) * STEP:
        if lattice:
            i, j = np.indices((50, 50)).reshape(2, -1) - 25
            flat = 100 * np.column_stack([i + j / 2, j * np.sqrt(0.75)])
        else:
            flat = rng.uniform(-RADIUS, RADIUS, (500, 2))
        inside = (flat**2).sum(axis=1) < RADIUS**2 - height**2
        parts.append(np.column_stack([flat[inside], np.full(inside.sum(), height)]))
    places = np.concatenate(parts)
    adata = AnnData(np.zeros((len(places), 1), dtype=np.float32), obsm={"spatial_3d": places})
    adata.obs["spotscape_domain"] = pd.Categorical(np.where(places[:, 0] < 0, "L 1", "l_1"))
    return adata


def read(path):
    """Return corners, colours and triangles of a file, by what its header says."""
    head, rest = path.read_bytes().split(b"end_header\n", 1)
    lines = head.decode().splitlines()
    assert lines[:2] == ["ply", "format binary_little_endian 1.0"]
    names = {"float": "<f4", "uchar": "u1"}
    kinds = [line.split()[1:] for line in lines if line.startswith("property") and "list" not in line]
    n, m = (int(line.split()[2]) for line in lines if line.startswith("element"))
    corners = np.frombuffer(rest, [(name, names[kind]) for kind, name in kinds], n)
    faces = np.frombuffer(rest[corners.nbytes :], [("n", "u1"), ("at", "<i4", 3)], m)
    assert len(rest) == corners.nbytes + faces.nbytes
    assert "property list uchar int vertex_indices" in lines
    assert (faces["n"] == 3).all()
    colors = np.column_stack([corners[name] for name in ("red", "green", "blue")])
    return np.column_stack([corners[axis] for axis in "xyz"]).astype(float), colors, faces["at"]


def volume(corners, triangles):
    """Return the volume; below 0 where triangles face inwards."""
    a, b, c = corners[triangles].transpose(1, 0, 2)
    return np.einsum("fd,fd->", a, np.cross(b, c)) / 6


def is_closed(triangles):
    """Whether each edge is passed as often in one direction as in the other."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    there, back = (sorted(map(tuple, one)) for one in (edges, edges[:, ::-1]))
    return there == back


@pytest.mark.parametrize("lattice", [False, True])
def test_a_ball_and_its_halves(tmp_path, lattice):
    adata = ball(lattice)
    adata.uns["spotscape_domain_colors"] = ["#ff0000", "#0000ffff"]
    adata.obsm["spatial_3d"][:, 2] += 5000
    io.write_viewer(adata, tmp_path / "meshes", kind="mesh")
    files = ["domain_1_L_1.ply", "domain_2_l_1.ply", "tissue.ply"]  # no two alike where case is not told
    assert sorted(path.name for path in (tmp_path / "meshes").iterdir()) == files
    whole = 4 / 3 * np.pi * RADIUS**3
    for name, expected, color in zip(
        files, (whole / 2, whole / 2, whole), ((255, 0, 0), (0, 0, 255), (176, 176, 176)), strict=True
    ):
        corners, colors, triangles = read(tmp_path / "meshes" / name)
        assert is_closed(triangles)
        assert volume(corners, triangles) == pytest.approx(expected, rel=0.08)
        assert (colors == color).all()
        assert set(triangles.ravel()) == set(range(len(corners)))
    assert np.abs(corners.mean(axis=0) - [0, 0, 5000]).max() < 0.05 * RADIUS
    np.testing.assert_allclose(np.ptp(corners, axis=0), 2 * RADIUS, rtol=0.06)


def test_spots_that_are_not_placed_a_hole_and_a_domain_of_one_section(tmp_path):
    adata = ball()
    places = adata.obsm["spatial_3d"]
    far = (places[:, :2] ** 2).sum(axis=1) > (0.5 * RADIUS) ** 2  # a channel through all sections
    adata = adata[far].copy()
    flat = adata.obsm["spatial_3d"][:, 2] == 0
    adata.obs["spotscape_domain"] = pd.Categorical(np.where(flat, "flat", None))
    adata.obsm["spatial_3d"][::9] = np.nan
    with pytest.warns(SpotscapeWarning, match=r"Domain\(s\) flat lie in single sections"):
        io.write_viewer(adata, tmp_path / "meshes", kind="mesh")
    assert [path.name for path in (tmp_path / "meshes").iterdir()] == ["tissue.ply"]
    corners, _, triangles = read(tmp_path / "meshes" / "tissue.ply")
    assert is_closed(triangles)
    ring = 4 / 3 * np.pi * (0.75 * RADIUS**2) ** 1.5  # of a ball with a channel
    assert volume(corners, triangles) == pytest.approx(ring, rel=0.1)


def test_the_shell_writes_the_same(tmp_path, capsys):
    adata = ball()
    io.write(adata, tmp_path / "in.h5ad")
    io.write_viewer(adata, tmp_path / "one", kind="mesh")
    code, out, err = told(capsys, "export", tmp_path / "in.h5ad", "-o", tmp_path / "two", "--kind", "mesh")
    assert (code, out.strip(), err) == (0, f"Written: {tmp_path / 'two'}", "")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_what_has_no_surface_is_refused_and_nothing_is_written(tmp_path):
    adata = ball()
    flat = adata[adata.obsm["spatial_3d"][:, 2] == 0].copy()
    none = adata.copy()
    del none.obsm["spatial_3d"]
    for wrong, arguments, words in (
        (flat, {}, "enclose nothing, expected two sections"),
        (none, {}, "found nothing, expected a stack"),
        (adata[:3].copy(), {}, "enclose nothing"),
        (adata, {"slice_name": "a"}, "slice_name: found 'a', expected None for 'mesh'"),
    ):
        with pytest.raises(InputError, match=words):
            io.write_viewer(wrong, tmp_path / "meshes", kind="mesh", **arguments)
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="something there, expected a folder that does not exist yet"):
        io.write_viewer(adata, tmp_path / "there", kind="mesh")
    with pytest.raises(InputError, match="no folder above it"):
        io.write_viewer(adata, tmp_path / "no" / "meshes", kind="mesh")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
