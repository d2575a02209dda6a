"""Tensors only: each file is one idea of the method, with its formula, shapes and source."""
