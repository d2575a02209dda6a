"""Messages in the language of the caller: what Python calls and slots are in R and in the shell."""

from __future__ import annotations

import re

_QUOTED = r"\[(['\"])([^'\"]+)\1\]"
_NAME = r"(['\"])([^'\"]+)\1"

_SECOND = _NAME.replace(r"\1", r"\3")
_BY_COLUMNS = r"adata\.obsm\['spatial'\] = adata\.obs\[\[" + f"{_NAME}, {_SECOND}" + r"\]\]\.to_numpy\(\)"

_R = [
    (_BY_COLUMNS, r'coordinates = object[[c("\2", "\4")]]'),
    (r"Call adata\.obs_names_make_unique\(\) first\.", "Make colnames(object) unique first."),
    (r"Call adata\.var_names_make_unique\(\) first\.", "Make rownames(object) unique first."),
    (
        r"spotscape\.tl\.integrate_slices\(adata, slice_key=" + _NAME + r"\)",
        r'IntegrateSlices(object, slice_by = "\2")',
    ),
    (r"(?:spotscape\.)?tl\.integrate_slices(?:\(adata[^)]*\))?", "IntegrateSlices()"),
    (r"(?:spotscape\.)?tl\.run_spotscape(?:\(adata\))?", "RunSpotscape()"),
    (r"(?:spotscape\.)?tl\.spatial_domains(?:\(adata\))?", "FindSpatialDomains()"),
    (
        r"Put the raw counts into adata\.X or adata\.layers\['counts'\]\.",
        "Name the assay with the raw counts by assay.",
    ),
    (
        r"adata = adata\[adata\.obs" + _QUOTED + r" == 1\]\.copy\(\)",
        r"object <- object[, object$\2 == 1]",
    ),
    (r"\(adata\.obsm holds: ([^)]*)\)", r"(there are: \1)"),
    (r"Call spotscape\.gr\.spatial_neighbors\(adata\) first", "Give coordinates"),
    (r" Use spotscape\.gr\.", ""),
    (r"Call fit\(adata\) first", "Call RunSpotscape() first"),
    (r" Read a file with spotscape\.io\.read\.", ""),
    (r" \(sc\.pp\.filter_cells\)", ""),
    (r"name its key_added", "name it by reduction"),
    (r"a list or dict of AnnData, or one AnnData", "a list of objects, or one object"),
    (r"\bintegrate_slices\b", "IntegrateSlices()"),
    (r"\balign_slices\b", "AlignSlices()"),
    (r"\balign_stack\b", "AlignStack()"),
    (r"adata\.obs_names", "colnames(object)"),
    (r"adata\.var_names", "rownames(object)"),
    (r"columns? of adata\.obs\b", "column of the cells' metadata"),
    (r"adata\.obs" + _QUOTED, r"metadata column '\2'"),
    (r"adata\.obsm\['spatial'\]", "the coordinates"),
    (r"adata\.obsm" + _QUOTED, r"the reduction '\2'"),
    (r"adata\.obsp" + _QUOTED, r"the graph '\2'"),
    (r"adata\.uns\['micrometres_per_unit'\] = ", "micrometres_per_unit = "),
    (r"adata\.uns" + _QUOTED, r"the record '\2'"),
    (r"adata\.layers" + _QUOTED, r"the layer '\2'"),
    (r"adata\.X\b", "the counts"),
    (r"adata\.obs\b", "the cells' metadata"),
    (r"adata\.raw\b", "the raw counts"),
    (r"\badatas?:", "object:"),
    (r"\badata\b", "the object"),
    (r"in var_names", "in the row names"),
    (r"\bNone\b(?! of)", "NULL"),
    (r"\bTrue\b", "TRUE"),
    (r"\bFalse\b", "FALSE"),
    (r"(slice_key|spatial_key|layer|transform|ranking)='([^']+)'", r'\1 = "\2"'),
    (r"\bslice_key\b", "slice_by"),
]
_SHELL = [
    (_BY_COLUMNS, r"--spatial-key \2,\4"),
    (
        r"Name that column in spotscape\.tl\.integrate_slices\(adata, slice_key=" + _NAME + r"\)\.",
        r"Add --slice-key \2.",
    ),
    (r"spotscape\.tl\.integrate_slices\(adata, slice_key=" + _NAME + r"\)", r"--slice-key \2"),
    (r"by slice_key (?:\(|in )spotscape\.tl\.integrate_slices\)?", "by --slice-key"),
    (r"slice_key=" + _NAME, r"--slice-key \2"),
    (r"spatial_key=" + _NAME, r"--spatial-key \2"),
    (r"by layer=" + _NAME, r"by --layer \2"),
    (r"by n_domains= of spotscape\.tl\.domain_tree", "by --lowest and --highest"),
    (r"Raise correction in integrate_slices", "Raise --correction"),
    (r"transform='similarity'", "--transform similarity"),
    (r"by slices, or show (.*) by sample\.", r"by --slice, or show \1 by --sample."),
    (r"^panels:", "--panel:"),
    (r"set merge=True", "add --merge"),
    (r"by gene_key\b", "by --gene-key"),
    (r"For one slice, call spotscape\.tl\.run_spotscape\.", "For one slice, leave out --slice-key."),
    (r"Call adata\.(obs|var)_names_make_unique\(\) first\.", r"Make the names in \1 unique first."),
    (r"\badata\.(?=obs|var|X\b|layers|uns|raw)", ""),
    (r"\badata:", "IN:"),
]
_WAYS = {"r": _R, "shell": _SHELL}


def in_words_of(caller: str, text: str) -> str:
    """Return a message with the calls, slots and options that the caller knows.

    Parameters
    ----------
    caller
        ``"r"`` or ``"shell"``.
    text
        As Python users read it.

    Examples
    --------
    >>> from spotscape._caller import in_words_of
    >>> in_words_of("shell", "adata.obs['a']: found ... Name it by slice_key='a'.")
    "obs['a']: found ... Name it by --slice-key a."
    >>> in_words_of("r", "adata.obs_names: found ... Call adata.obs_names_make_unique() first.")
    'colnames(object): found ... Make colnames(object) unique first.'
    """
    for pattern, words in _WAYS[caller]:
        text = re.sub(pattern, words, text)
    return text
