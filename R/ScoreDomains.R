#' Measures of how good domains are
#'
#' The measures that benchmarks of the field use, for the domains of an object. The computation is
#' `spotscape.tl.score_domains` in Python, and the numbers are the same as there.
#'
#' Most need no known labels. They say whether domains are smooth on the map, and whether slices mix in the embedding. They
#' do not say whether domains are right: one large domain is as smooth as can be. With `truth_key` the domains are also
#' compared with known labels.
#'
#' @inheritParams DescribeDomains
#' @param truth_key Column with known labels, `NA` where there are none; `NULL` for no comparison.
#' @param max_spots Silhouettes and what is measured in the embedding are means, or medians, over at most so many cells,
#'   drawn at random, each seen against all others.
#' @param n_permutations How often labels are dealt anew for `spatial_coherence`, 2 or more.
#' @param seed Of the draws.
#' @return A data frame with a row for each measure and slice: `measure`, `slice`, `value`, and `better`: which values are
#'   better, `"higher"` or `"lower"`. The slice `"all"` stands for the object. `NA` where a slice has too few domains or
#'   labels for a measure.
#'   - Against `truth_key`: `adjusted_rand_index`, `normalized_mutual_information`, `clustering_accuracy` (under the best
#'     one-to-one matching), `boundary_accuracy` (of cells with a neighbour of another known domain), `inner_accuracy` (of
#'     the others); of each slice, and of all cells.
#'   - On the map: `chaos` (mean distance to the nearest cell of the same domain, coordinates scaled), `pas` (share of cells
#'     with most of their ten nearest in other domains), `spatial_silhouette`, `spatial_coherence` (entropy of the pairs of
#'     domains of neighbours, as a z-score against labels dealt anew); of each slice, and their mean over slices.
#'   - In the embedding, of all cells: `silhouette` by found domains, and `clisi` by known ones, or by found ones without
#'     `truth_key`. Of several slices also `ilisi`, `kbet_acceptance` and `batch_silhouette`: whether slices mix.
#' @section Errors:
#' Of class `spotscape_input_error`: no run, no such column, no labels, or no places.
#' @references
#' Yuan et al. (2024), Benchmarking spatial clustering methods with spatially resolved transcriptomics data, Nature
#' Methods 21 (CHAOS, PAS, silhouette in space).
#'
#' Zeira et al. (2022), Alignment and integration of spatial transcriptomics data, Nature Methods 19 (spatial coherence).
#'
#' Luecken et al. (2022), Benchmarking atlas-level data integration in single-cell genomics, Nature Methods 19 (LISI, kBET,
#' silhouette by slice).
#' @seealso [DescribeDomains()], [SuggestNDomains()]
#' @eval example_start("ScoreDomains", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' ScoreDomains(spe, n_permutations = 100)
#' @export
ScoreDomains <- function(object, truth_key = NULL, domain_key = NULL, slice_by = NULL, max_spots = 5000L,
                         n_permutations = 1000L, seed = 0L, image = NULL, coordinates = NULL, reduction = NULL) {
  run <- with_slices_of(with_lost_slices(run_of(object, reduction), coordinates), slice_by)
  column <- domain_key %||% domain_column(run$stem)
  check_column_name("domain_key", column, run$table)
  if (!is.null(truth_key)) check_column_name("truth_key", truth_key, run$table)
  places <- run_places(run$part, run, image, coordinates)
  found <- call_verb(
    "score_domains", run_to_python(run, columns = unique(c(column, truth_key)), places = places),
    truth_key = truth_key, domain_key = column, slice_key = if (!is.null(run$slices)) "slice",
    max_spots = scalar_to_python("max_spots", max_spots),
    n_permutations = scalar_to_python("n_permutations", n_permutations), seed = scalar_to_python("seed", seed),
    key_added = run$stem
  )
  without_nan(as_table(reticulate::py_to_r(python_module("interop.reticulate")$tables(list(table = found)))$table))
}
