"""Spatial components: what stands for a spot's expression before its neighbourhood is averaged.

`find_components` strings the ideas together, each of which has a file: the truncated SVD that components are
looked for in (`low_rank`), the directions that vary over the tissue and not between neighbours
(`spatial_components`), what slices differ by (`slice_noise`) and which of their spots are compared
(`counterparts`). Arrays and tensors in, arrays out.
"""

from spotscape.components.find import Components, find_components

__all__ = ["Components", "find_components"]
