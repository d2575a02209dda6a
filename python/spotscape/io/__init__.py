"""Files: every platform's in, by `read`; results out, whole or not at all, by `write`."""

from spotscape._paths import atomic_path, check_output
from spotscape.io._anndata_files import write
from spotscape.io._tables import read_tables
from spotscape.io.cosmx import read_cosmx
from spotscape.io.dask import read_dask
from spotscape.io.merscope import read_merscope
from spotscape.io.platforms import is_slice, read
from spotscape.io.slide_seq import read_curio, read_slide_seq
from spotscape.io.space_ranger import read_space_ranger
from spotscape.io.spatial_data import read_spatialdata
from spotscape.io.stereo_seq import read_stereo_seq
from spotscape.io.viewers import write_viewer
from spotscape.io.writable import check_writable
from spotscape.io.xenium import read_xenium

__all__ = [
    "atomic_path",
    "check_output",
    "check_writable",
    "is_slice",
    "read",
    "read_cosmx",
    "read_curio",
    "read_dask",
    "read_merscope",
    "read_slide_seq",
    "read_space_ranger",
    "read_spatialdata",
    "read_stereo_seq",
    "read_tables",
    "read_xenium",
    "write",
    "write_viewer",
]
