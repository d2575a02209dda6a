# What an object keeps of a run, and how a verb that goes on from there reads and writes it. Both kinds of objects
# look the same from here.

# Embedding, record, model, metadata and cells of a run.
run_of <- function(object, reduction = NULL) {
  if (kind_of(object) == "seurat") {
    require_packages("SeuratObject", "A Seurat object")
    reduction <- reduction %||% "spotscape"
    check_string("reduction", reduction)
    check_embedding_name(reduction, SeuratObject::Reductions(object))
    kept <- object[[reduction]]
    misc <- methods::slot(object, "misc")
    # A run on one of several bin sizes has a row for the cells of that size.
    cells <- intersect(colnames(object), SeuratObject::Cells(kept))
    run <- list(
      embedding = SeuratObject::Embeddings(kept)[cells, , drop = FALSE], info = methods::slot(kept, "misc"),
      table = object[[]][cells, , drop = FALSE], cells = cells,
      part = if (length(cells) == ncol(object)) object else seurat_on(object, cells, SeuratObject::DefaultAssay(kept))
    )
  } else {
    require_bioconductor(object)
    reduction <- reduction %||% "SPOTSCAPE"
    check_string("reduction", reduction)
    check_embedding_name(reduction, SingleCellExperiment::reducedDimNames(object))
    misc <- S4Vectors::metadata(object)
    run <- list(
      embedding = SingleCellExperiment::reducedDim(object, reduction), info = sce_info(object, reduction),
      table = SummarizedExperiment::colData(object), cells = cell_names(object), part = object
    )
  }
  run$stem <- tolower(reduction)
  run$slices <- recorded_slices(run$info, run$table)
  run$cells <- names_over_slices(run$cells, run$slices)
  run$model <- misc[[model_name(reduction)]]
  run$alignment <- misc[[sprintf("%s_alignment", run$stem)]]
  run
}

# Raw counts of all cells, genes x cells.
run_counts <- function(object, assay, layer = NULL) {
  if (kind_of(object) == "seurat") {
    assay <- seurat_assay(object, assay)
    return(seurat_slice_counts(object[[assay]], assay, layer, list(colnames(object)))[[1L]])
  }
  if (!is.null(layer)) input_error("layer", describe(layer), "NULL: a Seurat object has layers")
  sce_counts(object, assay)
}

run_places <- function(object, run, image, coordinates) {
  if (kind_of(object) == "seurat") {
    return(seurat_places(object, image, coordinates, run$slices))
  }
  if (!is.null(image)) input_error("image", describe(image), "NULL: a Seurat object has images")
  sce_places(object, coordinates, run$cells, run$slices)
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
      "object", "no trained model", "one that a run left",
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

# The object with more columns about its cells.
add_columns <- function(object, columns, cells = colnames(object)) {
  if (kind_of(object) == "seurat") {
    return(seurat_add_columns(object, columns, cells))
  }
  for (name in names(columns)) SummarizedExperiment::colData(object)[[name]] <- columns[[name]]
  object
}

# The object with a record of a verb, under a name of its own.
add_record <- function(object, name, record) {
  if (kind_of(object) == "seurat") {
    suppressWarnings(SeuratObject::Misc(object, slot = name) <- record)
  } else {
    S4Vectors::metadata(object)[[name]] <- record
  }
  object
}
