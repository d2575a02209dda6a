"""How well domains agree with known labels, and how well they separate in an embedding.

Labels are any sequence: a list, a numpy array, a pandas Series or Categorical. Spots without a true label
(None, NaN, ``pd.NA`` or "") are left out of every figure, as the field does with the unlabelled spots of the
reference sections.
"""

from spotscape.metrics._alignment import ltari, registration_error
from spotscape.metrics.boundaries import boundary_accuracy, inner_accuracy
from spotscape.metrics.labels import (
    adjusted_rand_index,
    clustering_accuracy,
    normalized_mutual_information,
    silhouette,
)

__all__ = [
    "adjusted_rand_index",
    "boundary_accuracy",
    "clustering_accuracy",
    "inner_accuracy",
    "ltari",
    "normalized_mutual_information",
    "registration_error",
    "silhouette",
]
