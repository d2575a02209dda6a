# What an object keeps of a run, and how a verb that goes on from there reads it and hands it to Python.

# Embedding, record, model, metadata and cells of a run, and the part of the object that it was on.
run_of <- function(object, reduction = NULL) {
  check_object(object)
  reduction <- reduction %||% default_reduction(object)
  check_string("reduction", reduction)
  run <- stored_run(object, reduction)
  run$info <- read_info(object, reduction)
  run$stem <- tolower(reduction)
  run$slices <- recorded_slices(run$info, run$table)
  run$cells <- names_over_slices(run$cells, run$slices)
  misc <- object_misc(object)
  run$model <- misc[[model_name(reduction)]]
  run$alignment <- misc[[sprintf("%s_alignment", run$stem)]]
  run
}

# Raw counts of all cells, genes x cells.
run_counts <- function(object, assay, layer = NULL) read_counts(object, assay, layer)[[1L]]

run_places <- function(object, run, image, coordinates) {
  cell_places(object, image, coordinates, run$cells, run$slices)
}

# An AnnData with what a verb needs. `columns`: names of columns to send along.
run_to_python <- function(run, columns = character(), counts = NULL, places = NULL, model = FALSE) {
  require_python()
  bridge <- python_module("interop.reticulate")
  info <- list(params = run$info$params)
  if (!is.null(run$slices)) {
    info$integration <- list(slice_key = "slice", slices = array(as.character(run$info$integration$slices)))
  }
  records <- list(spotscape = info)
  if (model) records$spotscape_model <- model_to_python(run$model)
  if (!is.null(run$alignment)) {
    records$spotscape_alignment <- list(reference = run$alignment$reference)
  }
  obs <- lapply(stats::setNames(nm = columns), function(name) factor_to_python(run$table[[name]]))
  if (!is.null(run$slices)) obs$slice <- array(as.character(run$slices))
  call_python(
    bridge$run_to_anndata, unname(run$embedding), array(run$cells),
    records = pieces_to_python(records), obs = obs, counts = counts,
    genes = if (!is.null(counts)) array(rownames(counts)), coordinates = places,
    matches = if (!is.null(run$alignment)) lapply(run$alignment$matches, array)
  )
}

factor_to_python <- function(values) {
  values <- if (is.factor(values)) values else factor(as.character(values))
  codes <- as.integer(values)
  codes[is.na(codes)] <- 0L
  python_module("interop.reticulate")$factor(array(codes), array(levels(values)))
}

model_to_python <- function(model) {
  if (is.null(model)) {
    input_error(
      "object", "no model", "one that a run left",
      "Call RunSpotscape() or IntegrateSlices() first; SpotscapeIntegration() keeps none."
    )
  }
  model$genes <- array(model$genes)
  as_arrays(model)
}

# Vectors of numbers as arrays, so that one number stays one.
as_arrays <- function(x) {
  if (is.list(x)) {
    return(lapply(x, as_arrays))
  }
  if (is.numeric(x) && is.null(dim(x)) && length(x) > 1L) array(x) else x
}

call_verb <- function(verb, adata, ...) {
  call_python(python_module("tl")[[verb]], adata, ...)
}

# What a verb wrote: `obs` (a list of columns), `values`, `columns`, `record`, as plain R.
verb_to_r <- function(adata, obs = character(), obsm = NULL, uns = NULL) {
  found <- reticulate::py_to_r(
    python_module("interop.reticulate")$from_verb(adata, obs = as.list(obs), obsm = obsm, uns = uns)
  )
  found$obs <- lapply(found$obs, function(values) {
    if (is.list(values)) values <- vapply(values, function(x) if (is.null(x)) NA_character_ else as.character(x), "")
    values <- as.vector(values)
    if (is.numeric(values)) values[is.nan(values)] <- NA
    values
  })
  if (!is.null(found$columns)) found$columns <- as.character(unlist(found$columns))
  if (!is.null(found$record)) found$record <- plain_vectors(found$record)
  found
}

# Columns of a record that is a table.
as_table <- function(columns) {
  as.data.frame(lapply(columns, function(values) {
    if (is.list(values)) as.character(unlist(values)) else as.vector(values)
  }), stringsAsFactors = FALSE)
}

# Where the object keeps the model of a reduction.
model_name <- function(reduction.name) paste0(tolower(reduction.name), "_model")

# The column of the domains that belong to a reduction, in metadata and in colData alike.
domain_column <- function(reduction.name) paste0(reduction.name, "_domain")

# The column beside it: how sure each cell's domain is.
confidence_column <- function(reduction.name) paste0(reduction.name, "_confidence")
