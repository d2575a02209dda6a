"""Which domain lies where: layered cortex, tumour with blobs in stroma, and regions with rare islands.

All are carved the same way. A smooth field over the tissue is compared with a threshold; what lies above it
is the first domain. The next field and threshold carve the second domain from what is left, and so on; the
last domain is the rest. Cortex uses one field, the depth under the pia, for all its layers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

TISSUES = ("cortex", "tumour", "rare")
Field = Callable[[NDArray[np.float64]], NDArray[np.float64]]
_WAVES = 32
_DLPFC_SHARES = (0.08, 0.07, 0.27, 0.07, 0.19, 0.18, 0.14)
"""Share of L1 to L6 and WM among spots, rounded from human dorsolateral prefrontal cortex (Maynard 2021)."""
_NICHES = ("immune", "fibrosis", "adipose", "normal")
_RARE_SHARES = (0.01, 0.02, 0.03)
_DISC_POINTS = 64


@dataclass(frozen=True)
class Tissue:
    """Anatomy as a function of position, in units of the tissue's side, with the middle at the origin."""

    names: tuple[str, ...]
    fields: tuple[Field, ...]
    thresholds: tuple[float, ...]

    def domains(self, position: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the domain of each position (n x 2) as an index into ``names``."""
        codes = np.full(len(position), len(self.names) - 1)
        left = np.arange(len(position))
        for code, (field, threshold) in enumerate(zip(self.fields, self.thresholds, strict=True)):
            above = field(position[left]) > threshold
            codes[left[above]] = code
            left = left[~above]
        return codes

    def mixture(self, position: NDArray[np.float64], width: float) -> NDArray[np.float32]:
        """Return the parts that the domains have in each position (n x n_domains; rows sum to 1).

        A part is a domain's share of a disc of diameter ``width`` around the position, so that across a
        straight border it falls from 1 to 0 over that width.
        """
        parts = np.zeros((len(position), len(self.names)), dtype=np.float32)
        offsets = 0.5 * width * _disc() if width > 0 else np.zeros((1, 2))
        rows = np.arange(len(position))
        for offset in offsets:
            parts[rows, self.domains(position + offset)] += np.float32(1 / len(offsets))
        return parts


def count_rare(kind: str, n_domains: int) -> int:
    """Return how many domains of a kind of tissue are rare; they are its first."""
    return min(len(_RARE_SHARES), n_domains // 2) if kind == "rare" else 0


def smooth_field(rng: np.random.Generator, scale: float) -> Field:
    """Random smooth function of position with mean 0, variance about 1 and features of size ``scale``.

    A sum of plane waves with random direction and phase (random Fourier features of a Gaussian process), so
    that it can be evaluated anywhere, a million cells included, in memory proportional to the positions.
    """
    waves = rng.normal(scale=1 / scale, size=(_WAVES, 2))
    phases = rng.uniform(0, 2 * np.pi, size=_WAVES)

    def field(position: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.zeros(len(position))
        for wave, phase in zip(waves, phases, strict=True):
            total += np.cos(position @ wave + phase)
        return total * np.sqrt(2 / _WAVES)

    return field


def make_tissue(kind: str, n_domains: int, rng: np.random.Generator) -> Tissue:
    """Draw an anatomy; each domain's share of the reference window is then exact, whatever the fields."""
    if kind == "cortex":
        names = (*(f"L{layer}" for layer in range(1, n_domains)), "WM")
        fields = (_height(rng),) * (n_domains - 1)
        shares = np.array(_DLPFC_SHARES) if n_domains == 7 else rng.uniform(1, 3, size=n_domains)
    elif kind == "tumour":
        names, fields = _tumour(n_domains, rng)
        shares = rng.uniform(1, 3, size=n_domains)
    else:
        names, fields, shares = _rare(n_domains, rng)
    window = rng.uniform(-0.5, 0.5, size=(20_000, 2))
    return Tissue(names, fields, _carve(fields, shares / shares.sum(), window))


def with_shares(tissue: Tissue, shares: NDArray[np.float64], window: NDArray[np.float64]) -> Tissue:
    """Return the same fields carved into other shares of the window (0: the domain is not there)."""
    return replace(tissue, thresholds=_carve(tissue.fields, shares / shares.sum(), window))


def _height(rng: np.random.Generator) -> Field:
    """Height above the white matter (y points down, as in an image), with a bend and slow undulations."""
    bend, tilt = rng.choice([-1, 1]) * rng.uniform(0.3, 0.7), rng.uniform(-0.25, 0.25)
    undulation = smooth_field(rng, 0.35)

    def height(position: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = position[:, 0], position[:, 1]
        return -(y + bend * x**2 + tilt * x + 0.04 * undulation(position))

    return height


def _tumour(n_domains: int, rng: np.random.Generator) -> tuple[tuple[str, ...], tuple[Field, ...]]:
    """Names and fields: tumour cores, a margin around them, niches of other tissue, and stroma."""
    n_niches = max(0, n_domains - 3)
    niches = [_NICHES[i] if i < len(_NICHES) else f"niche {i + 1}" for i in range(n_niches)]
    nested = ["tumour core", "tumour margin"][: n_domains - 1]
    tumour = smooth_field(rng, 0.2)
    fields = [tumour] * len(nested) + [smooth_field(rng, 0.17) for _ in niches]
    return (*nested, *niches, "stroma"), tuple(fields)


def _rare(
    n_domains: int, rng: np.random.Generator
) -> tuple[tuple[str, ...], tuple[Field, ...], NDArray[np.float64]]:
    """Names, fields and shares: up to three rare domains in small islands, and large regions around them."""
    n_rare = count_rare("rare", n_domains)
    rare = np.array(_RARE_SHARES[:n_rare])
    regions = rng.uniform(1, 3, size=n_domains - n_rare)
    names = [f"rare {i + 1}" for i in range(n_rare)] + [f"region {i + 1}" for i in range(len(regions))]
    fields = [smooth_field(rng, 0.08) for _ in rare] + [smooth_field(rng, 0.25) for _ in regions[1:]]
    shares = np.concatenate([rare, (1 - rare.sum()) * regions / regions.sum()])
    return tuple(names), tuple(fields), shares


def _disc() -> NDArray[np.float64]:
    """Points spread evenly over the disc of radius 1 (a sunflower's seeds)."""
    number = np.arange(_DISC_POINTS)
    radius, angle = np.sqrt((number + 0.5) / _DISC_POINTS), number * np.pi * (3 - np.sqrt(5))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _carve(
    fields: tuple[Field, ...], shares: NDArray[np.float64], window: NDArray[np.float64]
) -> tuple[float, ...]:
    """Thresholds that give each domain its share of the window."""
    thresholds = []
    left, share_left = window, 1.0
    for field, share in zip(fields, shares[:-1], strict=True):
        values = field(left)
        none = share <= 0
        thresholds.append(np.inf if none else float(np.quantile(values, max(0.0, 1 - share / share_left))))
        left, share_left = left[values <= thresholds[-1]], share_left - share
    return tuple(thresholds)
