#' Keep the model of a run, and put new slices into its space
#'
#' `SaveSpotscape()` writes the model of a run into a folder, which Python and R read alike. `LoadSpotscape()` reads it,
#' or takes it from an object. `MapToSpotscape()` puts a slice that was not in the run into the model's space, and names
#' its domains as the model does. The model stays as it is: each gene of the new slice is shifted to its mean in the run.
#' So a slice of other tissue, or of one part of it, is placed less well than by a run of its own.
#'
#' @inheritParams RunSpatialPseudotime
#' @inheritParams IntegrateSlices
#' @param object For `SaveSpotscape()` an object after [RunSpotscape()] or [IntegrateSlices()]; for `MapToSpotscape()` a
#'   new slice: a Seurat, SpatialExperiment or SingleCellExperiment object.
#' @param folder Folder to write to, made where it is not there; a model in it is replaced, whole or not at all. For
#'   `LoadSpotscape()` such a folder, or an object after a run.
#' @param domain_key Column with the labels that the model is to give to new slices, such as domains with names of your
#'   own; `NULL`: the run's domains.
#' @param model What `LoadSpotscape()` gives; plain R, so that `saveRDS()` keeps it.
#' @param slice_by Column with the slices, or `"seurat_image"`: the images, where the object holds several: each is mapped
#'   by itself.
#' @param min_genes Share of the model's genes that the slice has to have. Those that it lacks are taken at their mean in
#'   the run, and a warning says how many.
#' @param assay,layer,image,coordinates As in [RunSpotscape()].
#' @param reduction.name Name of the embedding that is written; `NULL`: as for `reduction`.
#' @return `SaveSpotscape()`: `folder`, invisibly. `LoadSpotscape()`: an object of class `spotscape_model`.
#'   `MapToSpotscape()`: `object` with the embedding and the domains, as after [RunSpotscape()].
#' @section Errors:
#' Of class `spotscape_input_error`: no model of a run; a folder without a model, or with one that is cut short, changed or of
#' a newer version; a slice with too few of the model's genes, or without counts or places.
#' @eval example_start("SaveSpotscape", "slice")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' known <- RunSpotscape(slice("a"), n_domains = 3, verbose = FALSE)
#' folder <- file.path(tempdir(), "model")
#' SaveSpotscape(known, folder)
#' model <- LoadSpotscape(folder)
#' model
#' new <- MapToSpotscape(model, slice("b"))
#' table(new$spotscape_domain)
#' @export
SaveSpotscape <- function(object, folder, domain_key = NULL, reduction = NULL) {
  check_string("folder", folder)
  model <- model_of(object, domain_key, reduction)
  call_python(model$save, path.expand(folder))
  invisible(folder)
}

#' @rdname SaveSpotscape
#' @export
LoadSpotscape <- function(folder, domain_key = NULL, reduction = NULL) {
  model <- if (is.character(folder)) {
    check_string("folder", folder)
    require_python()
    call_python(python_module("model")$Spotscape$load, path.expand(folder))
  } else {
    model_of(folder, domain_key, reduction)
  }
  record <- reticulate::py_to_r(model$to_record())
  description <- plain_vectors(record[[1L]])
  for (name in c("genes", "domains")) description[[name]] <- as.character(unlist(description[[name]]))
  structure(list(description = description, arrays = plain_vectors(record[[2L]])), class = "spotscape_model")
}

#' @rdname SaveSpotscape
#' @export
MapToSpotscape <- function(model, object, slice_by = NULL, min_genes = 0.25, assay = NULL, layer = NULL, image = NULL,
                           coordinates = NULL, reduction.name = NULL, slice_key = NULL) {
  slice_by <- renamed(slice_by, slice_key)
  if (!inherits(model, "spotscape_model")) {
    input_error("model", describe_class(model), "a model", "LoadSpotscape() reads it from a folder or an object.")
  }
  check_object(object)
  reduction.name <- reduction.name %||% default_reduction(object)
  check_string("reduction.name", reduction.name)
  assay <- assay_to_read(object, assay)
  part <- part_with(object, assay)
  if (is.null(slice_by)) check_one_slice(part, image, assay)
  counts <- run_counts(part, assay, layer)
  slices <- if (!is.null(slice_by)) {
    column_slices(table_with_images(part, cell_table(part), slice_by), slice_by, fewest = 1L)
  }
  cells <- names_over_slices(cell_names(part), slices)
  places <- cell_places(part, image, coordinates, cells, slices)
  colnames(counts) <- cells
  require_python()
  columns <- if (!is.null(slices)) list(slice = as.character(slices))
  adata <- slice_to_python(list(counts = counts, coordinates = places, columns = columns))
  description <- model$description
  for (name in c("genes", "domains")) description[[name]] <- array(description[[name]])
  made <- call_python(
    python_module("model")$Spotscape$from_record, pieces_to_python(description), pieces_to_python(as_arrays(model$arrays))
  )
  call_python(made$transform, adata, slice_key = names(columns), min_genes = min_genes)
  result <- result_to_r(adata, cells)
  object <- add_embedding(object, result, reduction.name, assay = assay)
  if (!length(levels(result$domains))) object else add_domains(object, result, reduction.name)
}

#' @rdname SaveSpotscape
#' @param x,... The model to print; not used.
#' @method print spotscape_model
#' @export
print.spotscape_model <- function(x, ...) {
  cat(sprintf(
    "spotscape model: %d genes, %d domains%s (spotscape %s)\n", length(x$description$genes), length(x$description$domains),
    if (length(x$description$domains)) paste0(": ", name_list(x$description$domains, 8L)) else "", x$description$spotscape
  ))
  invisible(x)
}

# The model of an object after a run, in Python.
model_of <- function(object, domain_key, reduction) {
  run <- run_of(object, reduction)
  if (!is.null(domain_key)) check_column_name("domain_key", domain_key, run$table)
  column <- domain_key %||% domain_column(run$stem)
  adata <- run_to_python(run, columns = intersect(column, colnames(run$table)), model = TRUE)
  call_python(python_module("model")$Spotscape$from_adata, adata, domain_key = column_or_null(column, run))
}
