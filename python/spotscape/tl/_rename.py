"""``rename_domains``: domains under names that say what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from spotscape import _keys
from spotscape._adata import in_memory_copy
from spotscape._docs import filled
from spotscape._validate import input_error
from spotscape.annotation.renaming import new_names
from spotscape.pp import check_adata
from spotscape.run.read import check_domains, check_key_added

_SINGLE = "single_slice_domains"


@filled()
def rename_domains(
    adata: AnnData,
    names: Mapping[str, str] | pd.DataFrame,
    *,
    merge: bool = False,
    domain_key: str | None = None,
    key_added: str = _keys.KEY_ADDED,
    copy: bool = False,
) -> AnnData | None:
    """Give domains new names; their order, colours and confidence stay.

    Parameters
    ----------
    adata
        With domains in ``obs``.
    names
        New names by the old; domains that are not among them keep their own. Or the table of
        `suggest_domain_names`: its sure names are taken, and unsure domains keep their own.
    merge
        Make one domain of those that get the same name. It has the place and the colour of the first. Its
        confidence stays that of the parts, which is a lower bound. What the parts alone had goes: the column
        of `boundary_spots`, the graph over domains of `pseudotime`, the tables of `compare_domains`, the tree
        of `domain_tree`, and what `domain_neighborhoods` left for squidpy.
    domain_key
        Column of ``obs`` that holds the domains; ``"<key_added>_domain"`` if None.
    key_added
        {key_read_and_written}
    copy
        {copy}

    Returns
    -------
    None, or the copy. Writes

    - ``obs["<key_added>_domain"]``: the same categories under new names, and ``uns`` their colours;
    - ``uns["<key_added>"]["domains"]["renamed"]``: the history, of a run's own domains: for each call
      ``"from"`` and ``"to"``, by ``"1"``, ``"2"``, ... Domains found anew have none;
    - the names in the results of `integrate_slices`, `pseudotime`, `compare_domains` and `domain_tree` (a
      tree with a part that has a new name already goes).

    Raises
    ------
    InputError
        If there are no domains, an old name is unknown, a new one is no text, or two domains would have the
        same name without ``merge``. Nothing is changed then.

    Examples
    --------
    >>> import anndata, numpy as np
    >>> from spotscape.tl import rename_domains
    >>> adata = anndata.AnnData(np.ones((4, 1), dtype="float32"))
    >>> adata.obs["spotscape_domain"] = ["1", "1", "2", "3"]
    >>> rename_domains(adata, {"1": "white matter"})
    >>> adata.obs["spotscape_domain"].tolist()
    ['white matter', 'white matter', '2', '3']
    >>> rename_domains(adata, {"2": "grey matter", "3": "grey matter"}, merge=True)
    >>> adata.obs["spotscape_domain"].tolist()
    ['white matter', 'white matter', 'grey matter', 'grey matter']
    """
    check_adata(adata)
    key_added = check_key_added(key_added)
    column = _keys.domain(key_added) if domain_key is None else domain_key
    check_domains(adata, column)
    labels = pd.Categorical(adata.obs[column])
    old = [str(name) for name in labels.categories]
    if pd.api.types.is_float_dtype(labels.categories.dtype):
        raise input_error(f"adata.obs[{column!r}]", "decimal numbers", "the domain of each spot")
    new = new_names(old, _sure(names) if isinstance(names, pd.DataFrame) else names, merge=merge)

    adata = in_memory_copy(adata) if copy else adata
    kept = list(dict.fromkeys(new))
    into = np.array([kept.index(name) for name in new] + [-1])
    adata.obs[column] = pd.Categorical.from_codes(into[labels.codes], kept, ordered=bool(labels.ordered))
    colors = adata.uns.get(_keys.colors(column))
    if colors is not None and len(colors) == len(old):
        adata.uns[_keys.colors(column)] = [str(colors[new.index(name)]) for name in kept]
    _rename_comparison(adata, column, key_added, old, new)
    _rename_tree(adata, column, key_added, old, new)
    if len(kept) < len(old):
        for key in (_keys.nhood_enrichment(column), _keys.interactions(column)):
            adata.uns.pop(key, None)
    if column == _keys.domain(key_added):
        _rename_run(adata, key_added, old, new)
        if len(kept) < len(old):
            adata.obs.drop(columns=_keys.boundary(key_added), errors="ignore", inplace=True)
    return adata if copy else None


def _sure(table: pd.DataFrame) -> dict[str, str]:
    """Return the names of a table that are sure; all where it does not say."""
    missing = [name for name in ("domain", "name") if name not in table]
    if missing:
        raise input_error("names", f"a table without {missing[0]!r}", "columns 'domain' and 'name'")
    if table["domain"].duplicated().any():
        raise input_error("names", "a domain in two rows", "a row for each domain")
    if "sure" in table:
        table = table[table["sure"].astype(bool)]
    return dict(zip(table["domain"].astype(str), table["name"], strict=True))


def _rename_run(adata: AnnData, key_added: str, old: list[str], new: list[str]) -> None:
    """Write the history into the run's record, and the new names where its results have the old."""
    key = _keys.parameters(key_added)
    record = adata.uns.get(key)
    if isinstance(record, Mapping):
        details = record.get("domains", {})
        history = details.get("renamed", {})
        entry = {str(len(history) + 1): {"from": old, "to": new}}
        changed: dict[str, Any] = {"domains": {**details, "renamed": {**history, **entry}}}
        integration = record.get("integration", {})
        if _SINGLE in integration:
            single = [str(name) for name in np.atleast_1d(integration[_SINGLE])]
            changed["integration"] = {**integration, _SINGLE: _renamed_all(single, old, new)}
        adata.uns[key] = {**record, **changed}
    time = adata.uns.get(_keys.pseudotime(key_added), {})
    if isinstance(time, Mapping) and sorted(map(str, time.get("groups", []))) == sorted(old):
        if len(set(new)) < len(old):
            time = {name: value for name, value in time.items() if name not in ("groups", "connectivities")}
        else:
            groups = [new[old.index(str(name))] for name in time["groups"]]
            time = {**time, "groups": np.asarray(groups, dtype=object)}
        adata.uns[_keys.pseudotime(key_added)] = time


def _rename_tree(adata: AnnData, column: str, key_added: str, old: list[str], new: list[str]) -> None:
    """Write the new names into the tree of the domains; drop it where names would be lost."""
    key, leaf = _keys.tree(key_added), _keys.leaf(key_added)
    tree = adata.uns.get(key)
    if not isinstance(tree, Mapping) or str(tree.get("domain_key")) != column or leaf not in adata.obs:
        return
    names = dict(zip(old, new, strict=True))
    renamed = [names.get(str(name), str(name)) for name in np.atleast_1d(tree["leaves"])]
    if len(set(renamed)) < len(renamed):
        del adata.uns[key]
        adata.obs.drop(columns=leaf, inplace=True)
        return
    adata.uns[key] = {**tree, "leaves": np.asarray(renamed)}
    adata.obs[leaf] = adata.obs[leaf].cat.rename_categories(lambda name: names.get(str(name), str(name)))


def _renamed_all(names: list[str], old: list[str], new: list[str]) -> list[str]:
    """Return new names; a merged domain is named only where all of its parts are."""
    parts = {name: [one for one, to in zip(old, new, strict=True) if to == name] for name in new}
    return [name for name, own in parts.items() if set(own) <= set(names)]


def _rename_comparison(adata: AnnData, column: str, key_added: str, old: list[str], new: list[str]) -> None:
    """Write the new names into the tables of what differs between conditions; drop them after a merge."""
    key = _keys.comparison(key_added)
    found = adata.uns.get(key)
    if not isinstance(found, Mapping) or str(found.get("domain_key")) != column:
        return
    if len(set(new)) < len(old):
        del adata.uns[key]
        return
    names = dict(zip(old, new, strict=True))
    adata.uns[key] = {
        name: value.assign(domain=[names.get(str(one), str(one)) for one in value["domain"]])
        if isinstance(value, pd.DataFrame) and "domain" in value
        else value
        for name, value in found.items()
    }
