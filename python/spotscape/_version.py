"""The version, where both the face and the record of a run can read it.

Not asked of pip: R runs the copy that came with the R package, which pip has not installed.
"""

__version__ = "0.1.0"
