"""Annotation: what a domain is - its size, shape and borders, genes, cell types, neighbours and name.

One file an idea, each with one public function: arrays in, a table out. `tl` reads the object, calls one of
these, and writes.
"""
