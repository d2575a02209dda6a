"""How well domains agree with known labels, how smooth they are on the map, and how well slices mix.

Labels are any sequence: a list, a numpy array, a pandas Series or Categorical. Spots without a label
(None, NaN, ``pd.NA`` or "") are left out of every figure, as the field does with the unlabelled spots of the
reference sections. `spotscape.tl.score_domains` gives them all for an object.
"""

from spotscape.metrics._alignment import ltari, registration_error
from spotscape.metrics.acceptance import kbet_acceptance
from spotscape.metrics.batches import batch_silhouette
from spotscape.metrics.boundaries import boundary_accuracy, inner_accuracy
from spotscape.metrics.coherence import spatial_coherence
from spotscape.metrics.continuity import chaos, pas, spatial_silhouette
from spotscape.metrics.labels import (
    adjusted_rand_index,
    clustering_accuracy,
    normalized_mutual_information,
    silhouette,
)
from spotscape.metrics.lisi import clisi, ilisi

__all__ = [
    "adjusted_rand_index",
    "batch_silhouette",
    "boundary_accuracy",
    "chaos",
    "clisi",
    "clustering_accuracy",
    "ilisi",
    "inner_accuracy",
    "kbet_acceptance",
    "ltari",
    "normalized_mutual_information",
    "pas",
    "registration_error",
    "silhouette",
    "spatial_coherence",
    "spatial_silhouette",
]
