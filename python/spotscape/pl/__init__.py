"""Plots and the HTML report; nothing here needs torch or a display."""

from spotscape.pl._alignment import alignment
from spotscape.pl._comparison import domain_comparison
from spotscape.pl._composition import domain_composition
from spotscape.pl._confidence import confidence
from spotscape.pl._embedding import embedding
from spotscape.pl._interactive import interactive_map
from spotscape.pl._loss import loss_history
from spotscape.pl._n_domains import n_domains
from spotscape.pl._neighborhoods import domain_neighborhoods
from spotscape.pl._pseudotime import pseudotime
from spotscape.pl._report import report
from spotscape.pl._spatial import spatial_domains
from spotscape.pl._stack import stack
from spotscape.pl._tissue_maps import tissue_maps
from spotscape.pl._tree import domain_tree

__all__ = [
    "alignment",
    "confidence",
    "domain_comparison",
    "domain_composition",
    "domain_neighborhoods",
    "domain_tree",
    "embedding",
    "interactive_map",
    "loss_history",
    "n_domains",
    "pseudotime",
    "report",
    "spatial_domains",
    "stack",
    "tissue_maps",
]
