"""The model of a run: to keep, to give to others, and to put new slices into its space."""

from spotscape.model.spotscape import Spotscape

__all__ = ["Spotscape"]
