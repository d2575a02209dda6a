"""What a user asks for, on AnnData."""

from spotscape.tl._boundary import boundary_spots
from spotscape.tl._compare import compare_domains
from spotscape.tl._domains import spatial_domains
from spotscape.tl._integrate import integrate_slices
from spotscape.tl._n_domains import suggest_n_domains
from spotscape.tl._run import run_spotscape

__all__ = [
    "boundary_spots",
    "compare_domains",
    "integrate_slices",
    "run_spotscape",
    "spatial_domains",
    "suggest_n_domains",
]
