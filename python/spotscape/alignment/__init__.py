"""Alignment: which spots of two slices match, and the motion that brings matching spots together.

`register` finds the motion from places and embeddings of the two sides, by itself; `matches` pairs spots.
Arrays in, arrays out.
"""

from spotscape.alignment.registration import Registration, Sides, Transform, register

__all__ = ["Registration", "Sides", "Transform", "register"]
