"""A device that is none: its tensors say that they are on it, and refuse to be mixed with those of the CPU.

Run as a program, since PyTorch is told of such a device once for the whole process: prints how far a run
whose large arrays are there is from one on the CPU, for one slice and for four, and how many products it made
there.
"""

import json
import warnings

import anndata as ad
import numpy as np
import torch
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from spotscape import datasets, metrics, tl
from spotscape.engine import device

NAME = "gpu"
MAY_MIX = {"aten::index.Tensor"}  # a GPU takes numbers of rows from the CPU
products = []


class There(torch.Tensor):
    """A tensor of the CPU that says it is on the device."""

    @staticmethod
    def __new__(cls, inner):
        strides = inner.stride() if inner.layout == torch.strided else None
        return torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=strides, dtype=inner.dtype, device=f"{NAME}:0"
        )

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return computed(operation, args, kwargs or {})


class Watched(TorchDispatchMode):
    """All operations go by `computed`, also those that make a tensor."""

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return computed(operation, args, kwargs or {})


def computed(operation, args, kwargs):
    name, tensors = (
        operation.name(),
        [x for x in tree_flatten((args, kwargs))[0] if isinstance(x, torch.Tensor)],
    )
    there = [x for x in tensors if isinstance(x, There)]
    here = [x for x in tensors if not isinstance(x, There) and x.dim()]
    if there and here and name not in MAY_MIX:
        raise RuntimeError(f"{name} of tensors on the device and on the CPU")
    wanted, stays = kwargs.get("device"), bool(there)
    if wanted is not None:
        kwargs, stays = kwargs | {"device": torch.device("cpu")}, torch.device(wanted).type == NAME
    args, kwargs = tree_map(lambda x: x.inner if isinstance(x, There) else x, (args, kwargs))
    found = operation(*args, **kwargs)
    if there and "_." in name:  # in place
        return there[0]
    if stays and name == "aten::mm":
        products.append(found.shape)
    return tree_map(lambda x: There(x) if isinstance(x, torch.Tensor) else x, found) if stays else found


def tissue(n_slices):
    slices = datasets.simulate_slices(n_slices=n_slices, n_spots=400, n_genes=100, n_domains=4, seed=n_slices)
    for number, one in enumerate(slices):
        one.obsm["spatial"] *= 1 + number  # so that slices have rings of their own
        one.uns["micrometres_per_unit"] = 1.0
    return ad.concat(slices, label="slice", index_unique="_", uns_merge="first")


def run(n_slices):
    verb = tl.run_spotscape if n_slices == 1 else tl.integrate_slices
    settings = {"scale": "40 um", "n_starts": 3}
    return verb(tissue(n_slices), progress=False, copy=True, config=settings)


def main():
    backend_registration._setup_privateuseone_for_python_backend(NAME)
    of_arrays = device.of_arrays
    for n_slices in (1, 4):
        device.of_arrays = of_arrays
        expected = run(n_slices)
        device.of_arrays = lambda chosen: torch.device(NAME)
        products.clear()
        with Watched():
            found = run(n_slices)
        embeddings = [each.obsm["X_spotscape"] for each in (found, expected)]
        said = {
            "device": found.uns["spotscape"]["params"]["device"],
            "products": len(products),
            "apart": float(np.abs(embeddings[0] - embeddings[1]).max()),
            "ari": metrics.adjusted_rand_index(*(each.obs["spotscape_domain"] for each in (found, expected))),
        }
        print(json.dumps(said))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
