"""What a user asks for, on AnnData."""

from spotscape.tl._align import align_slices
from spotscape.tl._boundary import boundary_spots
from spotscape.tl._compare import compare_domains
from spotscape.tl._composition import domain_composition
from spotscape.tl._describe import describe_domains
from spotscape.tl._domains import spatial_domains
from spotscape.tl._gene_sets import domain_gene_sets
from spotscape.tl._impute import impute
from spotscape.tl._integrate import integrate_slices
from spotscape.tl._markers import domain_markers
from spotscape.tl._n_domains import suggest_n_domains
from spotscape.tl._names import suggest_domain_names
from spotscape.tl._neighborhoods import domain_neighborhoods
from spotscape.tl._pseudotime import pseudotime
from spotscape.tl._rename import rename_domains
from spotscape.tl._results_to_slices import results_to_slices
from spotscape.tl._run import run_spotscape
from spotscape.tl._score import score_domains
from spotscape.tl._stack import align_stack
from spotscape.tl._transfer import transfer_labels
from spotscape.tl._tree import cut_domain_tree, domain_tree

__all__ = [
    "align_slices",
    "align_stack",
    "boundary_spots",
    "compare_domains",
    "cut_domain_tree",
    "describe_domains",
    "domain_composition",
    "domain_gene_sets",
    "domain_markers",
    "domain_neighborhoods",
    "domain_tree",
    "impute",
    "integrate_slices",
    "pseudotime",
    "rename_domains",
    "results_to_slices",
    "run_spotscape",
    "score_domains",
    "spatial_domains",
    "suggest_domain_names",
    "suggest_n_domains",
    "transfer_labels",
]
