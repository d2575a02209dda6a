"""Colours of domains: readable with colour-blind eyes, and distinct where domains touch."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from matplotlib.colors import to_rgb

# The first seven are Okabe and Ito's (2008, "Color Universal Design"). Each of the others is, of the sRGB
# cube without greys, near-blacks, near-whites and glaring colours, the one farthest (`color_distances`) from
# those before it, from white and from `MISSING`.
# fmt: off
PALETTE: tuple[str, ...] = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#6A1500",
    "#2A2A80", "#95402A", "#6A80FF", "#AABF95", "#006A6A", "#2A4055", "#4040AA", "#D4D480",
    "#40D4FF", "#155580", "#2A806A", "#802A2A", "#6A95D4", "#EABF00", "#95AA6A", "#AA5540",
    "#6ABFBF", "#2A80D4", "#8095FF", "#006AD4", "#6AFFAA", "#2A5555",
)
# fmt: on
MISSING = "#D9D9D9"
"""Colour of spots without a label."""

# Machado, Oliveira & Fernandes 2009 (IEEE TVCG 15:1291), severity 1.0, on linear RGB.
_PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
_DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
_VISIONS = (np.eye(3), _DEUTERANOPIA, _PROTANOPIA)

# Ottosson 2020, "A perceptual color space for image processing" (Oklab).
_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def color_distances(colors: list[str] | tuple[str, ...]) -> np.ndarray:
    """Smallest Oklab distance of each pair of colours over normal, deuteranope and protanope vision."""
    rgb = np.array([to_rgb(color) for color in colors])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    distances = []
    for vision in _VISIONS:
        lab = np.cbrt(np.clip(linear @ vision.T, 0, 1) @ _RGB_TO_LMS.T) @ _LMS_TO_LAB.T
        distances.append(np.linalg.norm(lab[:, None] - lab[None, :], axis=2))
    return np.min(distances, axis=0)


def assign_colors(contacts: np.ndarray) -> list[str]:
    """Give each of K domains a colour, far apart where domains touch.

    Parameters
    ----------
    contacts
        K x K counts of edges between domains (`domain_contacts`); the diagonal is not looked at.

    Returns
    -------
    list of str
        K hexadecimal colours; the same for the same counts. No colour serves twice up to 30 domains.

    Notes
    -----
    The sum over pairs of sqrt(edges) / (colour distance)² is brought down by exchanging two colours at a
    time until no exchange helps. The root keeps short borders from being sold for long ones. More groups than
    there are colours take them in turn: hundreds of them would take minutes of exchanges.
    """
    n_domains = len(contacts)
    if n_domains > len(PALETTE):
        return [PALETTE[i % len(PALETTE)] for i in range(n_domains)]
    n_colors = max(n_domains, 8)
    colors = list(PALETTE[:n_colors])
    badness = (color_distances(colors) + 0.02) ** -2.0
    weight = np.zeros((n_colors, n_colors))
    weight[:n_domains, :n_domains] = np.sqrt(contacts + contacts.T)
    np.fill_diagonal(weight, 0)

    order = np.arange(n_colors)
    cost = (weight * badness).sum()
    improved = True
    while improved:
        improved = False
        for i, j in combinations(range(n_colors), 2):
            trial = order.copy()
            trial[[i, j]] = trial[[j, i]]
            trial_cost = (weight * badness[np.ix_(trial, trial)]).sum()
            if trial_cost < cost * (1 - 1e-9):
                order, cost, improved = trial, trial_cost, True
    return [colors[i] for i in order[:n_domains]]
