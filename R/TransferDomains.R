#' Give the labels of one slice to the cells of others
#'
#' @inheritParams AlignSlices
#' @param label_key Column with the labels, known for the reference. What other slices have there is not looked at.
#' @param reference Name of the slice with the labels; `NULL`: the first, or with `by = "matches"` that of the alignment.
#' @param by `"embedding"`: the label that most of a cell's nearest in the reference have; `"matches"`: that of its match
#'   by [AlignSlices()], which also asks for the place.
#' @param n_neighbors How many vote; not used with `by = "matches"`.
#' @return The same object, with `<label_key>_transferred` (a factor; the reference has its own labels, a cell without a
#'   match `NA`) and `<label_key>_transferred_score` (share of the votes, or score of the match, 0 to 1) in its metadata or
#'   `colData`.
#' @section Errors:
#' Of class `spotscape_input_error`: no such embedding, alignment or column, or a reference without labels.
#' @seealso [AlignSlices()], [MapToSpotscape()]
#' @eval example_start("TransferDomains", "slice", "both")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' both$layer <- rep(c("upper", "lower"), each = 50, times = 2)
#' both <- TransferDomains(both, "layer", reference = "a")
#' table(both$sample_id, both$layer_transferred)
#' @export
TransferDomains <- function(object, label_key, reference = NULL, by = "embedding", n_neighbors = 15L, slice_by = NULL,
                            reduction = NULL, slice_key = NULL) {
  slice_by <- renamed(slice_by, slice_key)
  run <- with_slices(run_of(object, reduction), slice_by)
  check_column_name("label_key", label_key, run$table)
  adata <- run_to_python(run, columns = label_key)
  call_verb(
    "transfer_labels", adata,
    label_key = label_key, reference = reference, by = by, n_neighbors = scalar_to_python("n_neighbors", n_neighbors),
    slice_key = "slice"
  )
  names <- paste0(label_key, c("_transferred", "_transferred_score"))
  columns <- verb_to_r(adata, names)$obs
  own <- run$table[[label_key]]
  columns[[1L]] <- factor(columns[[1L]], levels = if (is.factor(own)) levels(own) else sort(unique(as.character(own))))
  add_columns(object, columns, run$cells)
}
