"""elastix on the bent pairs of `benchmarks.downstream`, in an environment of its own.

    python -m benchmarks.peer_elastix write pairs --seeds 0 1         the pairs after the rigid step
    python -m venv elastix; elastix/bin/pip install itk-elastix scipy
    elastix/bin/python benchmarks/peer_elastix.py run pairs --penalties 0.02 3 100

The deformation is elastix's B-spline in four resolutions, with a metric for each of the leading six principal
components of the embedding (mean squares) and the bending energy at some weights. The pictures are the
components at three quarters of a spot's distance, blurred by 1.2 spots. All else are elastix's defaults.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

CHANNELS, PIXEL, BLUR, GRID = 6, 0.75, 1.2, 8


def write(folder: Path, seeds: list[int]) -> None:
    """Write every pair: places after the rigid step, embedding, and where spots belong, in spot distances."""
    from benchmarks.downstream import bent_pairs
    from spotscape import tl

    folder.mkdir(exist_ok=True)
    for seed in seeds:
        for name, both, own, there, spacing in bent_pairs(seed):
            tl.align_slices(both, reference=name.split()[2].strip(","), seed=seed)
            places = both.obsm["spatial_aligned"] / spacing
            z = both.obsm["X_spotscape"].astype(float)
            np.savez(folder / f"{seed} {name}.npz", own=own, places=places, z=z, there=there / spacing)


def picture(xy: np.ndarray, z: np.ndarray, low: np.ndarray, shape: tuple[int, int]) -> tuple[Any, Any]:
    """Return the channels on a raster, and where it lies on the tissue."""
    from scipy.spatial import cKDTree

    sides = [low[axis] + PIXEL * np.arange(shape[axis]) for axis in (0, 1)]
    distances, near = cKDTree(xy).query(np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1), k=12)
    weights = np.exp(-(distances**2) / (2 * BLUR**2)) + 1e-12
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.einsum("xyk,xykd->xyd", weights, z[near]), distances[..., 0] < 1.5 * BLUR


def register(fixed: tuple[Any, Any], moving: tuple[Any, Any], penalty: float) -> np.ndarray:
    """Return the displacement of every pixel, x by y by 2."""
    import itk

    def image(values: np.ndarray, kind: type) -> Any:
        made = itk.image_from_array(np.ascontiguousarray(values.T.astype(kind)))
        made.SetSpacing([PIXEL, PIXEL])
        return made

    parameters = itk.ParameterObject.New()
    chosen = parameters.GetDefaultParameterMap("bspline", 4)
    everywhere = {
        "FixedImagePyramid": "FixedSmoothingImagePyramid",
        "MovingImagePyramid": "MovingSmoothingImagePyramid",
        "Interpolator": "LinearInterpolator",
        "ImageSampler": "RandomCoordinate",
    }
    chosen |= {name: [value] * (CHANNELS + 1) for name, value in everywhere.items()}
    chosen |= {f"Metric{number}Weight": ["1.0"] for number in range(CHANNELS)}
    chosen |= {
        "Registration": ["MultiMetricMultiResolutionRegistration"],
        "Metric": ["AdvancedMeanSquares"] * CHANNELS + ["TransformBendingEnergyPenalty"],
        f"Metric{CHANNELS}Weight": [str(penalty * CHANNELS)],
        "FinalGridSpacingInPhysicalUnits": [str(GRID)],
        "MaximumNumberOfIterations": ["300"],
        "WriteResultImage": ["false"],
    }
    parameters.AddParameterMap(chosen)
    kind = itk.Image[itk.F, 2]
    found = itk.ElastixRegistrationMethod[kind, kind].New()
    for number in [*range(CHANNELS), 0]:  # the energy asks for an image, too
        found.AddFixedImage(image(fixed[0][..., number], np.float32))
        found.AddMovingImage(image(moving[0][..., number], np.float32))
    found.SetFixedMask(image(fixed[1], np.uint8))
    found.SetMovingMask(image(moving[1], np.uint8))
    found.SetParameterObject(parameters)
    found.UpdateLargestPossibleRegion()
    field = itk.TransformixFilter[kind, kind].New()
    field.SetMovingImage(image(moving[0][..., 0], np.float32))
    field.SetTransformParameterObject(found.GetTransformParameterObject())
    field.SetComputeDeformationField(True)
    field.UpdateLargestPossibleRegion()
    return itk.array_from_image(field.GetOutputDeformationField()).transpose(1, 0, 2)


def run(folder: Path, penalties: list[float]) -> None:
    """Print the errors, and their means."""
    from scipy.interpolate import RegularGridInterpolator

    for penalty in penalties:
        errors: dict[str, list[float]] = {}
        for path in sorted(folder.glob("*.npz")):
            pair = np.load(path)
            own, places, z = pair["own"], pair["places"], pair["z"] - pair["z"].mean(axis=0)
            z = z @ np.linalg.svd(z, full_matrices=False)[2][:CHANNELS].T
            z /= z.std()
            low = places.min(axis=0) - 3
            shape = tuple(int(n) for n in np.ceil((places.max(axis=0) + 3 - low) / PIXEL))
            started = time.perf_counter()
            sides = [picture(places[rows], z[rows], low, shape) for rows in (own, ~own)]
            field = register(*sides, penalty)
            axes = [PIXEL * np.arange(n) for n in shape]
            moved = places[own] + RegularGridInterpolator(axes, field, bounds_error=False, fill_value=None)(
                places[own] - low
            )
            off = float(np.median(np.linalg.norm(moved - pair["there"], axis=1)))
            x, y = (np.gradient(field, PIXEL, axis=axis) for axis in (0, 1))
            areas = (1 + x[..., 0]) * (1 + y[..., 1]) - x[..., 1] * y[..., 0]
            errors.setdefault(path.stem.split(", ")[1], []).append(off)
            seconds = time.perf_counter() - started
            print(
                f"{path.stem}: {off:.2f}, smallest Jacobian {areas[sides[0][1]].min():.2f}, {seconds:.0f} s"
            )
        for field_name, values in errors.items():
            print(f"bending energy {penalty:g}, {field_name}: {np.mean(values):.2f}", flush=True)


def main() -> None:
    """Write the pairs, or run elastix on them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["write", "run"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--penalties", nargs="+", type=float, default=[0.02, 3, 100])
    options = parser.parse_args()
    if options.what == "write":
        write(options.folder, options.seeds)
    else:
        run(options.folder, options.penalties)


if __name__ == "__main__":
    main()
