"""Four baselines of a few lines each, from counts to labels: what a default has to beat.

============  ===========================================================================================
smoothed_pca  counts to 10,000 a spot, log; PCA 50; mean over 18 nearest; tied mixture, and K-means
plain         counts to the median total, log; 3,000 genes by spatial autocorrelation; PCA 20; mean over a
              spot and its neighbours, twice; tied mixture
pooled        counts pooled over a spot and its neighbours, to the median total, log; the same genes; PCA 20;
              mean over a spot and its neighbours; K-means
============  ===========================================================================================

Each takes an AnnData with counts in ``X`` and coordinates, the number of domains and a seed. They share no
code with the package but the spatial graph, on purpose.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from anndata import AnnData
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from spotscape import gr

Labels = np.ndarray


def smoothed_pca_mixture(adata: AnnData, n_domains: int, seed: int) -> Labels:
    """Return labels by smoothed PCA and a tied mixture."""
    return mixture(_smoothed_pca(adata, seed), n_domains, seed)


def smoothed_pca_kmeans(adata: AnnData, n_domains: int, seed: int) -> Labels:
    """Return labels by smoothed PCA and K-means."""
    return kmeans(_smoothed_pca(adata, seed), n_domains, seed)


def plain(adata: AnnData, n_domains: int, seed: int) -> Labels:
    """Return labels by median depth, spatial genes, PCA 20, two rings, and a tied mixture."""
    mean = rings(adata)
    log = logarithms(adata.X)
    scores = pca(log[:, spatial_genes(log, mean)], 20, seed)
    return mixture(mean @ (mean @ scores), n_domains, seed)


def pooled(adata: AnnData, n_domains: int, seed: int) -> Labels:
    """Return labels by counts pooled before the logarithm, PCA 20, one ring, and K-means."""
    mean = rings(adata)
    genes = spatial_genes(logarithms(adata.X), mean)
    totals = np.asarray(adata.X.sum(axis=1)).ravel()
    counts, depth = mean @ sparse.csr_matrix(adata.X, dtype=float), mean @ totals
    log = sparse.csr_matrix(sparse.diags(np.median(totals) / np.maximum(depth, 1e-9)) @ counts)
    log.data = np.log1p(log.data)
    return kmeans(mean @ pca(log[:, genes], 20, seed), n_domains, seed)


BASELINES: dict[str, Callable[[AnnData, int, int], Labels]] = {
    "smoothed PCA, mixture": smoothed_pca_mixture,
    "smoothed PCA, K-means": smoothed_pca_kmeans,
    "plain": plain,
    "pooled": pooled,
}


def _smoothed_pca(adata: AnnData, seed: int) -> np.ndarray:
    scores = pca(logarithms(adata.X, 1e4), 50, seed)[:, :20]
    places = adata.obsm["spatial"]
    near = NearestNeighbors(n_neighbors=min(19, adata.n_obs)).fit(places).kneighbors_graph(places)
    return (near @ scores) / near.sum(axis=1).mean()


def logarithms(counts: sparse.csr_matrix, target: float | None = None) -> sparse.csr_matrix:
    """Return log(1 + counts scaled to a total), by default the median one."""
    totals = np.asarray(counts.sum(axis=1), dtype=float).ravel()
    scale = np.divide(target or np.median(totals), totals, out=np.zeros_like(totals), where=totals > 0)
    log = sparse.csr_matrix(sparse.diags(scale) @ counts)
    log.data = np.log1p(log.data)
    return log


def rings(adata: AnnData) -> sparse.csr_matrix:
    """Return the mean over a spot and its neighbours, N x N."""
    if "spatial_connectivities" not in adata.obsp:
        gr.spatial_neighbors(adata)
    near = (adata.obsp["spatial_connectivities"] != 0).astype(float) + sparse.identity(adata.n_obs)
    return sparse.csr_matrix(sparse.diags(1 / np.asarray(near.sum(axis=1)).ravel()) @ near)


def spatial_genes(log: sparse.csr_matrix, mean: sparse.csr_matrix, n_genes: int = 3000) -> np.ndarray:
    """Return the columns of greatest cov(L, M L) / var(L), those seen in 1 % of spots (or 3)."""
    around, n = mean @ log, log.shape[0]
    own = np.asarray(log.mean(axis=0)).ravel()
    variance = np.asarray(log.multiply(log).mean(axis=0)).ravel() - own**2
    covariance = np.asarray(log.multiply(around).mean(axis=0)).ravel() - own * around.mean(axis=0).A1
    seen = np.bincount(log.indices, minlength=log.shape[1]) >= max(3, 0.01 * n)
    ratio = np.where(seen & (variance > 0), covariance / np.maximum(variance, 1e-12), -1.0)
    return np.sort(np.argsort(-ratio, kind="stable")[: min(n_genes, int((ratio > -1).sum()))])


def pca(log: sparse.csr_matrix, n_components: int, seed: int) -> np.ndarray:
    """Return the scores of the leading components of the centred matrix, genes not scaled."""
    dense = log.toarray()
    found = PCA(min(n_components, min(dense.shape) - 1), svd_solver="randomized", random_state=seed)
    scores: np.ndarray = found.fit_transform(dense)
    return scores


def mixture(scores: np.ndarray, n_domains: int, seed: int) -> Labels:
    """Return labels by a tied Gaussian mixture from five K-means starts."""
    ridge = 1e-6 * float(scores.var(axis=0).mean()) + 1e-12
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = GaussianMixture(
            n_domains, covariance_type="tied", n_init=5, reg_covar=ridge, max_iter=200, random_state=seed
        )
        labels: Labels = found.fit_predict(scores)
    return labels


def kmeans(scores: np.ndarray, n_domains: int, seed: int) -> Labels:
    """Return labels by K-means from ten starts."""
    labels: Labels = KMeans(n_domains, n_init=10, random_state=seed).fit_predict(scores)
    return labels
