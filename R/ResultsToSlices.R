#' Put the results of an integration back into the slices
#'
#' Each slice keeps all its genes, assays and images. What is found of it later goes by domains that are the same in all
#' slices. Nothing is computed, so no Python is needed. In Python it is `spotscape.tl.results_to_slices`, in the shell
#' `spotscape run --each DIR`.
#'
#' @param object What [IntegrateSlices()] gave for a list of objects, with whatever was found since.
#' @param slices That list: Seurat, SpatialExperiment or SingleCellExperiment objects, by the names of the slices or in
#'   their order.
#' @param slice_by Column with the slices; `NULL`: that of the run.
#' @param reduction Name of the embedding; `NULL`: `"spotscape"` (Seurat) or `"SPOTSCAPE"`.
#' @return The list, with the slice's name, its domains and all other columns that begin as theirs do in the metadata or
#'   `colData` of each object, and with the embedding, the record and the model of the run. In Seurat objects domains are
#'   the identities, too.
#' @section Errors:
#' Of class `spotscape_input_error`: no embedding, other slices than those of `object`, or a cell that one of them lacks.
#' @seealso [IntegrateSlices()]
#' @eval example_start("ResultsToSlices", "slice")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' slices <- list(a = slice("a"), b = slice("b"))
#' both <- suppressWarnings(IntegrateSlices(slices, n_domains = 3, verbose = FALSE))
#' slices <- ResultsToSlices(both, slices)
#' table(slices$b$spotscape_domain)
#' @export
ResultsToSlices <- function(object, slices, slice_by = NULL, reduction = NULL) {
  check_object(object)
  reduction <- reduction %||% default_reduction(object)
  run <- with_slices(run_of(object, reduction), slice_by)
  names <- levels(run$slices)
  given <- if (is.list(slices)) base::names(slices) %||% if (length(slices) == length(names)) names
  if (is.null(given) || !setequal(given, names) || length(given) != length(names)) {
    found <- if (is.list(slices)) {
      sprintf("%d slices, %s", length(slices), name_list(base::names(slices)))
    } else {
      describe(slices)
    }
    input_error("slices", found, paste("a list of those of the run:", name_list(names)))
  }
  for (one in slices) check_object(one)
  rows <- Map(function(one, name) rows_of_slice(one, name, run), slices, given)
  Map(function(one, name, rows) results_to_slice(one, name, rows, run, reduction), slices, given, rows)
}

# The row of the run that each cell of a slice has.
rows_of_slice <- function(one, name, run) {
  rows <- which(run$slices == name)
  cells <- run$cells[rows]
  own <- cell_names(one)
  if (!all(own %in% cells)) {
    # as IntegrateSlices() calls them where slices share names
    own <- paste(name, own, sep = "_")
  }
  at <- match(own, cells)
  if (anyNA(at) || length(at) != length(cells)) {
    found <- sprintf("%d cells in slice '%s', %d of them in the run", length(own), name, sum(!is.na(at)))
    expected <- sprintf("the %d cells of the run", length(cells))
    input_error("slices", found, expected, "Give the objects that were integrated.")
  }
  rows[at]
}

results_to_slice <- function(one, name, rows, run, reduction) {
  own <- cell_names(one)
  stem <- column_stem(one, reduction)
  embedding <- run$embedding[rows, , drop = FALSE]
  rownames(embedding) <- own
  result <- list(embedding = embedding, model = run$model, info = run$info)
  assay <- quietly(FALSE, assay_to_read(one, NULL))
  one <- add_embedding(one, result, reduction, NULL, assay)
  table <- run$table[rows, , drop = FALSE]
  value <- function(column) if (column %in% colnames(table)) as_plain(table[[column]])
  result$domains <- stats::setNames(value(domain_column(stem)), own)
  result$confidence <- value(confidence_column(stem))
  one <- add_domains(one, result, reduction)
  known <- c(domain_column(stem), confidence_column(stem))
  others <- setdiff(colnames(table)[startsWith(colnames(table), paste0(stem, "_"))], known)
  columns <- c(lapply(stats::setNames(nm = others), value), stats::setNames(list(rep(name, length(own))), run$slice_by))
  add_columns(one, columns, own)
}
