"""Alignment: which spots of two slices match, and the motion that brings matching spots together.

`align` brings one slice to another: mutual neighbours in the embedding (`matches`), the motion that most of
them agree on (`registration`), a smooth deformation where that is asked for (`bend`, `spline`), and matches
again among the spots that then lie near. `words` says what a user should know of it. Arrays in, arrays out.
"""

from spotscape.alignment.align import Aligned, align, sides_of

__all__ = ["Aligned", "align", "sides_of"]
