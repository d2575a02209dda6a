# What is asked of a Seurat object, and what is written into it: methods of objects.R. How its counts and places are read
# is in bridge-Seurat-counts.R and bridge-Seurat-places.R.

#' @exportS3Method
require_object.Seurat <- function(object, purpose = "A Seurat object") require_packages("SeuratObject", purpose)

#' @exportS3Method
default_reduction.Seurat <- function(object) "spotscape"

#' @exportS3Method
column_stem.Seurat <- function(object, reduction) reduction

# ---- reading -----------------------------------------------------------------------------------------------------

#' @exportS3Method
cell_table.Seurat <- function(object) object[[]]

#' @exportS3Method
table_with_images.Seurat <- function(object, table, slice_by) {
  if (identical(slice_by, SEURAT_IMAGE) && !slice_by %in% colnames(table)) table[[SEURAT_IMAGE]] <- image_slices(object)
  table
}

#' @exportS3Method
gene_table.Seurat <- function(object, assay) object[[assay]][[]]

#' @exportS3Method
stored_run.Seurat <- function(object, reduction) {
  check_embedding_name(reduction, SeuratObject::Reductions(object))
  kept <- object[[reduction]]
  # A run on one of several bin sizes has a row for the cells of that size.
  cells <- intersect(colnames(object), SeuratObject::Cells(kept))
  list(
    embedding = SeuratObject::Embeddings(kept)[cells, , drop = FALSE], table = object[[]][cells, , drop = FALSE],
    cells = cells,
    part = if (length(cells) == ncol(object)) object else seurat_on(object, cells, SeuratObject::DefaultAssay(kept))
  )
}

#' @exportS3Method
read_info.Seurat <- function(object, reduction) {
  if (reduction %in% SeuratObject::Reductions(object)) methods::slot(object[[reduction]], "misc")
}

#' @exportS3Method
object_misc.Seurat <- function(object) methods::slot(object, "misc")

#' @exportS3Method
assay_to_read.Seurat <- function(object, assay) seurat_assay(object, assay)

#' @exportS3Method
part_with.Seurat <- function(object, assay) seurat_part(object, assay)

#' @exportS3Method
read_counts.Seurat <- function(object, assay, layer, of = NULL) {
  assay <- seurat_assay(object, assay)
  cells <- colnames(object)
  seurat_slice_counts(object[[assay]], assay, layer, if (is.null(of)) list(cells) else split(cells, of))
}

#' @exportS3Method
joined_counts.Seurat <- function(object, assay, layer, verbose) seurat_counts(object, assay, layer, verbose)

#' @exportS3Method
has_places.Seurat <- function(object) length(SeuratObject::Images(object)) > 0L

#' @exportS3Method
cell_places.Seurat <- function(object, image, coordinates, cells = cell_names(object), slices = NULL) {
  seurat_places(object, image, coordinates, slices)
}

#' @exportS3Method
check_one_slice.Seurat <- function(object, image = NULL, assay = NULL) seurat_one_slice(object, image, assay)

#' @exportS3Method
usual_slices.Seurat <- function(object) {
  table <- cell_table(object)
  if ("slice" %in% colnames(table) || length(own_images(object)) > 1L) "slice" else usual_column(table, SLICE_COLUMNS)
}

# By the metadata, or else by the image that each cell lies in, or by the split layers.
#' @exportS3Method
cell_slices.Seurat <- function(object, slice_by, assay) seurat_slices(object, slice_by, assay)

# IntegrateLayers() writes no column of the slices; each has its own image.
#' @exportS3Method
lost_slices.Seurat <- function(object) if (length(own_images(object)) > 1L) image_slices(object)

# ---- writing -----------------------------------------------------------------------------------------------------

# NA for cells that are not among `cells`.
#' @exportS3Method
add_columns.Seurat <- function(object, columns, cells = colnames(object)) {
  at <- match(colnames(object), cells)
  for (name in names(columns)) {
    values <- unname(columns[[name]])
    object@meta.data[[name]] <- if (is.null(values)) NULL else if (identical(at, seq_along(values))) values else values[at]
  }
  object
}

#' @exportS3Method
add_record.Seurat <- function(object, name, record) {
  suppressWarnings(SeuratObject::Misc(object, slot = name) <- record)
  object
}

# The embedding as a reduction: a row per cell, in the object's order.
#' @exportS3Method
add_embedding.Seurat <- function(object, result, reduction.name, reduction.key = NULL, assay = NULL) {
  # Taken out first: of another width, Seurat would warn that it changes.
  if (reduction.name %in% SeuratObject::Reductions(object)) object[[reduction.name]] <- NULL
  object[[reduction.name]] <- embedding_reduction(result, assay, reduction.name, reduction.key)
  add_record(object, model_name(reduction.name), result$model)
}

embedding_reduction <- function(result, assay, reduction.name, reduction.key) {
  embedding <- result$embedding
  reduction.key <- reduction.key %||% seurat_key(toupper(reduction.name))
  colnames(embedding) <- paste0(reduction.key, seq_len(ncol(embedding)))
  SeuratObject::CreateDimReducObject(
    embeddings = embedding, assay = assay, key = reduction.key, misc = result$info
  )
}

# Seurat takes letters and digits with one underscore at the end.
seurat_key <- function(name) paste0(sub("^([0-9]|$)", "image\\1", gsub("[^[:alnum:]]", "", name)), "_")

# Also as the identities.
#' @exportS3Method
add_domains.Seurat <- function(object, result, reduction.name) {
  column <- domain_column(reduction.name)
  own <- names(result$domains)
  object <- add_columns(
    object, stats::setNames(list(result$domains, result$confidence), c(column, confidence_column(reduction.name))), own
  )
  if (identical(own, colnames(object))) {
    SeuratObject::Idents(object) <- column
  } else {
    SeuratObject::Idents(object, cells = own) <- unname(result$domains)
  }
  object
}

#' @exportS3Method
follow_domains.Seurat <- function(object, before, after) {
  has <- !is.na(before)
  if (identical(as.character(SeuratObject::Idents(object))[has], as.character(before)[has])) {
    SeuratObject::Idents(object, cells = colnames(object)[has]) <- as.character(after)[has]
    known <- levels(object)
    levels(object) <- union(intersect(levels(after), known), known)
  }
  object
}

#' @exportS3Method
write_info.Seurat <- function(object, info, reduction) {
  kept <- object[[reduction]]
  methods::slot(kept, "misc") <- info
  object[[reduction]] <- kept
  object
}

# An assay of the genes asked for.
#' @exportS3Method
add_imputed.Seurat <- function(object, values, name, scale, whole) {
  layer <- if (scale == "counts") "counts" else "data"
  parts <- stats::setNames(list(methods::as(values, "CsparseMatrix")), layer)
  made <- do.call(SeuratObject::CreateAssay5Object, parts)
  SeuratObject::Key(made) <- seurat_key(name)
  suppressWarnings(object[[name]] <- made)
  object
}

# Settings as the command log takes them: text; of coordinates only the names of columns. The log keeps the arguments as
# they are in the method that calls it, and prints only what cat() can.
loggable <- function(x) {
  if (is.null(x) || is.character(x)) x else if (is.null(dim(x))) deparse1(x) else describe_class(x)
}

# ---- several objects ---------------------------------------------------------------------------------------------

#' @exportS3Method
join_slices.Seurat <- function(objects, cells, slice_by, reduction.name) {
  of <- factor(rep(names(objects), lengths(cells)), levels = names(objects))
  add_columns(seurat_merge(objects, cells), stats::setNames(list(of), slice_by), unlist(cells, use.names = FALSE))
}

# One object of several, slice by slice, whose cells have no names in common.
seurat_merge <- function(objects, cells) {
  objects <- Map(function(object, names) {
    if (identical(colnames(object), names)) object else SeuratObject::RenameCells(object, new.names = names)
  }, unname(objects), unname(cells))
  # Keys of images are told apart by merge(), which warns of each.
  withCallingHandlers(
    merge(objects[[1L]], objects[-1L]),
    warning = function(w) if (grepl("^Key .* taken", conditionMessage(w))) tryInvokeRestart("muffleWarning")
  )
}

#' @exportS3Method
current_object.Seurat <- function(object) current_seurat(object)
