"""Every name that spotscape writes into (or expects in) an AnnData, once.

``key_added`` (default ``"spotscape"``) is the stem of all names that a run writes, so that two runs can
stand side by side in one object.
"""

KEY_ADDED = "spotscape"
SPATIAL = "spatial"
"""``obsm``: coordinates, n_spots x 2 or 3, in the user's own unit; also ``uns`` for images, as in scanpy."""
SPATIAL_CONNECTIVITIES = "spatial_connectivities"
SPATIAL_DISTANCES = "spatial_distances"
SPATIAL_NEIGHBORS = "spatial_neighbors"
"""``obsp`` and ``uns`` names of the spatial graph: squidpy's, so that either package can use the other's."""
MADE_FROM = "made_from"
"""Within that of ``uns``: what a graph of `spotscape.gr` was made from."""
MICROMETRES_PER_UNIT = "micrometres_per_unit"
"""``uns``: how many micrometres one unit of the coordinates is, where that is known."""
LEFT_OUT = "spotscape_left_out"
"""``uns``: how many spots off tissue were left out on reading."""
SOURCE = "spotscape_source"
"""``uns``: which platform's files a slice was read from, the unit of its coordinates, what was left out."""
CONTROLS = "control_counts"
"""``obs``: counts of a platform's control features, which are left out of ``X``."""
SLICE = "slice"
"""``obs``: which slice a spot is of, where an object holds several."""
CONDITION = "condition"
"""``obs``: the condition of a spot's slice, such as disease or treatment."""
GROUND_TRUTH = "ground_truth"
"""``obs``: labels of simulated tissue, and of the slices that tests and benchmarks use; never an input."""
SPATIAL_ALIGNED = "spatial_aligned"
"""``obsm``: coordinates of all slices in one frame, that of the reference; NaN for a slice left out."""
SPATIAL_3D = "spatial_3d"
"""``obsm``: places of a stack of sections in one volume, n_spots x 3; NaN for a section left out."""
R_RECORD = "spotscape_r"
"""``uns``: what an R object needs to be made again of an AnnData: its kind, names, keys and classes."""


R_IMAGE = "seurat_image"
"""``obs``: the image of Seurat that a cell lies in, where there are several."""
R_SAMPLE = "sample_id"
"""``obs``: the sample of a SpatialExperiment."""


def embedding(key_added: str = KEY_ADDED) -> str:
    """Name in ``obsm``: n_spots x d, float32."""
    return f"X_{key_added}"


def reduction(name: str) -> str:
    """Name in ``obsm`` of a reduction that R calls ``name``, as scanpy writes it."""
    return f"X_{name.lower()}"


def reduction_name(key: str) -> str:
    """Name for R of what ``obsm`` calls ``key``."""
    return key.removeprefix("X_")


def domain(key_added: str = KEY_ADDED) -> str:
    """Name in ``obs``: categorical, "1" .. "K"."""
    return f"{key_added}_domain"


def confidence(key_added: str = KEY_ADDED) -> str:
    """Name in ``obs``: float32, 0 to 1, how sure a spot's domain is."""
    return f"{key_added}_confidence"


def boundary(key_added: str = KEY_ADDED) -> str:
    """Name in ``obs``: bool, True where a spot has a neighbour of another domain."""
    return f"{key_added}_boundary"


def tree(key_added: str = KEY_ADDED) -> str:
    """Name in ``uns``: the levels of the tree of domains."""
    return f"{key_added}_tree"


def leaf(key_added: str = KEY_ADDED) -> str:
    """Name in ``obs``: categorical, the leaf of that tree that a spot is of."""
    return f"{key_added}_leaf"


def level(n_domains: int, key_added: str = KEY_ADDED) -> str:
    """Name in ``obs``: categorical, the domains of one level of that tree."""
    return f"{domain(key_added)}_{n_domains}"


def genes(key_added: str = KEY_ADDED) -> str:
    """Name in ``var``: bool, the genes that the run used."""
    return f"{key_added}_genes"


def parameters(key_added: str = KEY_ADDED) -> str:
    """Name in ``uns``: parameters, losses, versions, warnings of the run."""
    return key_added


def comparison(key_added: str = KEY_ADDED) -> str:
    """Name in ``uns``: tables of what differs between conditions."""
    return f"{key_added}_comparison"


def nhood_enrichment(column: str) -> str:
    """Name in ``uns``: ``"zscore"`` and ``"count"``, categories x categories, as squidpy writes them."""
    return f"{column}_nhood_enrichment"


def interactions(column: str) -> str:
    """Name in ``uns``: contacts, categories x categories, as squidpy writes them."""
    return f"{column}_interactions"


def colors(column: str) -> str:
    """Name in ``uns``: hexadecimal colours of a column's categories, in their order, as in scanpy."""
    return f"{column}_colors"


def umap(key_added: str = KEY_ADDED) -> str:
    """Name in ``obsm``: n_spots x 2, float32, NaN for spots left out; in ``uns``: what it was made from."""
    return f"X_umap_{key_added}"


def model(key_added: str = KEY_ADDED) -> str:
    """Name in ``uns``: the model of a run: genes, and components or trained weights."""
    return f"{key_added}_model"


def pseudotime(key_added: str = KEY_ADDED) -> str:
    """Name in ``obs``: float, 0 at the root to 1; in ``uns``: root, neighbours and PAGA over domains."""
    return f"{key_added}_pseudotime"


def imputed(key_added: str = KEY_ADDED) -> str:
    """Name in ``layers`` (all genes) or ``obsm`` (some): denoised expression, n_spots x genes, float32."""
    return f"{key_added}_imputed"


def alignment(key_added: str = KEY_ADDED) -> str:
    """Name in ``uns``: transforms of the slices, and the table of matched spots."""
    return f"{key_added}_alignment"


def stack(key_added: str = KEY_ADDED) -> str:
    """Name in ``uns``: motions of the sections of a volume, and the alignments that these are made from."""
    return f"{key_added}_stack"


def transferred(column: str) -> str:
    """Name in ``obs``: labels of a reference, given to the spots of other slices."""
    return f"{column}_transferred"
