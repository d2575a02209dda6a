"""A run: the steps from counts and coordinates to domains, in their order.

`analyse` is the page to read first.

`steps` reads what a run needs from an object, `encoders` makes an embedding of it, `spotscape.domains` groups
that, `write` puts the results into the object, and `record` and `kept_model` say what is kept of it all.
Several slices are joined by `join` and judged by `mixing`; those that were not learned from are put into a
model's space by `mapping` and `placement`.
"""

from spotscape.run.analyse import Analysis, analyse

__all__ = ["Analysis", "analyse"]
