"""``score_domains``: the table of all measures, each that of `spotscape.metrics`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spotscape import gr, metrics
from spotscape._validate import InputError
from spotscape.metrics.table import BETTER
from spotscape.tl import score_domains


def tissue(n: int = 240, *, slices: bool = False) -> AnnData:
    """One slice, or two in one frame, with an embedding, known domains (some missing) and found ones."""
    rng = np.random.default_rng(3)
    adata = AnnData(np.ones((n, 1), dtype=np.float32))
    adata.obsm["spatial"] = rng.uniform(0, 20, (n, 2))
    truth = (adata.obsm["spatial"][:, 0] // 7).astype(int)
    adata.obs["known"] = pd.Categorical([f"L{k}" if i % 9 else None for i, k in enumerate(truth)])
    noisy = np.where(rng.random(n) < 0.2, rng.integers(0, 3, n), truth)
    adata.obs["spotscape_domain"] = pd.Categorical((noisy + 1).astype(str))
    if slices:
        adata.obs["section"] = np.where(np.arange(n) % 3 == 0, "b", "a")
    adata.obsm["X_spotscape"] = rng.normal(size=(n, 4)) + np.eye(4)[truth]
    return adata


def values(table: pd.DataFrame, measure: str) -> dict[str, float]:
    return table[table["measure"] == measure].set_index("slice")["value"].to_dict()


def test_one_slice():
    adata = tissue()
    before = adata.copy()
    table = score_domains(adata, truth_key="known")
    assert adata.obs.equals(before.obs)
    assert [list(getattr(adata, name)) for name in ("uns", "obsp", "obsm")] == [
        list(getattr(before, name)) for name in ("uns", "obsp", "obsm")
    ]
    assert list(table.columns) == ["measure", "slice", "value", "better"]
    assert set(table["slice"]) == {"all"}
    found = table.set_index("measure")["value"]
    known, labels = adata.obs["known"], adata.obs["spotscape_domain"]
    places, embedding = adata.obsm["spatial"], adata.obsm["X_spotscape"]
    gr.spatial_neighbors(adata)
    graph = adata.obsp["spatial_connectivities"]
    pd.testing.assert_series_equal(
        found,
        pd.Series(
            {
                "adjusted_rand_index": metrics.adjusted_rand_index(known, labels),
                "normalized_mutual_information": metrics.normalized_mutual_information(known, labels),
                "clustering_accuracy": metrics.clustering_accuracy(known, labels),
                "boundary_accuracy": metrics.boundary_accuracy(known, labels, graph),
                "inner_accuracy": metrics.inner_accuracy(known, labels, graph),
                "chaos": metrics.chaos(labels, places),
                "pas": metrics.pas(labels, places),
                "spatial_silhouette": metrics.spatial_silhouette(labels, places),
                "spatial_coherence": metrics.spatial_coherence(labels, places),
                "silhouette": metrics.silhouette(embedding, labels),
                "clisi": metrics.clisi(embedding, known),
            }
        ),
        check_names=False,
    )
    assert table["better"].tolist() == [BETTER[name] for name in found.index]
    without = score_domains(adata)
    assert without["measure"].tolist() == found.index[5:].tolist()
    assert values(without, "clisi") == {"all": metrics.clisi(embedding, labels)}


def test_slices_are_taken_apart():
    adata = tissue(slices=True)
    table = score_domains(adata, truth_key="known", slice_key="section", n_permutations=20)
    parts = {name: adata[adata.obs["section"] == name] for name in ("b", "a")}
    for measure in (metrics.chaos, metrics.pas, metrics.spatial_silhouette):
        each = {n: measure(p.obs["spotscape_domain"], p.obsm["spatial"]) for n, p in parts.items()}
        found = values(table, measure.__name__)
        assert found == pytest.approx({"all": np.mean(list(each.values())), **each})
    each = {
        n: metrics.adjusted_rand_index(p.obs["known"], p.obs["spotscape_domain"]) for n, p in parts.items()
    }
    pooled = metrics.adjusted_rand_index(adata.obs["known"], adata.obs["spotscape_domain"])
    assert values(table, "adjusted_rand_index") == {"all": pooled, **each}
    labelled = adata[adata.obs["known"].notna()]
    rows, section = labelled.obsm["X_spotscape"], labelled.obs["section"]
    assert values(table, "ilisi") == pytest.approx({"all": metrics.ilisi(rows, section)})
    assert values(table, "kbet_acceptance") == {"all": metrics.kbet_acceptance(rows, section)}
    batch = metrics.batch_silhouette(rows, labelled.obs["known"], section)
    assert values(table, "batch_silhouette") == pytest.approx({"all": batch})
    assert table["measure"].drop_duplicates().tolist() == list(BETTER)


def test_a_sample_is_close_to_all_and_is_drawn_by_the_seed():
    adata = tissue(1200)
    whole, part = (score_domains(adata, max_spots=n, n_permutations=2) for n in (1200, 300))
    for measure, most in (("silhouette", 0.05), ("spatial_silhouette", 0.05), ("clisi", 0.1)):
        one, other = values(whole, measure)["all"], values(part, measure)["all"]
        assert one != other
        assert one == pytest.approx(other, abs=most)
    pd.testing.assert_frame_equal(part, score_domains(adata, max_spots=300, n_permutations=2))
    assert not part.equals(score_domains(adata, max_spots=300, n_permutations=2, seed=1))


def test_a_slice_without_domains_or_with_one_and_no_embedding():
    adata = tissue(slices=True)
    del adata.obsm["X_spotscape"]
    adata.obs["spotscape_domain"] = adata.obs["spotscape_domain"].where(adata.obs["section"] == "a")
    adata.obs["known"] = adata.obs["known"].where(adata.obs["section"] == "a")
    table = score_domains(adata, truth_key="known", slice_key="section", n_permutations=2)
    of_b = table[table["slice"] == "b"]
    assert of_b["value"].isna().all()
    assert values(table, "chaos")["all"] == values(table, "chaos")["a"]
    adata = tissue()
    adata.obs["spotscape_domain"] = pd.Categorical(["1"] * adata.n_obs)
    table = score_domains(adata, n_permutations=2)
    assert values(table, "pas") == {"all": 0}
    assert np.isnan(values(table, "spatial_silhouette")["all"])


def test_bad_input():
    adata = tissue()
    with pytest.raises(InputError, match="truth_key: found 'layer'"):
        score_domains(adata, truth_key="layer")
    adata.obs["empty"] = pd.Categorical([None] * adata.n_obs)
    with pytest.raises(InputError, match=r"adata.obs\['empty'\]: found no label at any spot"):
        score_domains(adata, truth_key="empty")
    with pytest.raises(InputError, match="domain_key: found 'layer'"):
        score_domains(adata, domain_key="layer")
    with pytest.raises(InputError, match="slice_key: found 'layer'"):
        score_domains(adata, slice_key="layer")
    with pytest.raises(InputError, match="max_spots: found 0"):
        score_domains(adata, max_spots=0)
    del adata.obsm["spatial"]
    with pytest.raises(InputError, match=r"adata.obsm\['spatial'\]"):
        score_domains(adata)
