# What is asked of a SpatialExperiment or SingleCellExperiment object, and what is written into it: methods of objects.R.
# A SpatialExperiment is a SingleCellExperiment as well, and has methods of its own where it knows more: places, samples.

#' @exportS3Method
require_object.SingleCellExperiment <- function(object, purpose = "A Seurat object") {
  require_packages(
    c(attr(class(object), "package"), "SingleCellExperiment", "SummarizedExperiment", "S4Vectors"),
    sprintf("A %s", class(object)[1L])
  )
}

# Its package may not be there to say that it is a SingleCellExperiment.
#' @exportS3Method
require_object.SpatialExperiment <- require_object.SingleCellExperiment

#' @exportS3Method
default_reduction.SingleCellExperiment <- function(object) "SPOTSCAPE"

#' @exportS3Method
column_stem.SingleCellExperiment <- function(object, reduction) tolower(reduction)

# Samples of one experiment may share barcodes.
#' @exportS3Method
piece_names.SingleCellExperiment <- function(object) {
  cells <- cell_names(object)
  sample <- SummarizedExperiment::colData(object)$sample_id
  if (!anyDuplicated(cells) || is.null(sample)) {
    return(cells)
  }
  apart <- paste(as.character(as_plain(sample)), cells, sep = "_")
  if (anyDuplicated(apart)) cells else apart
}

# ---- reading -----------------------------------------------------------------------------------------------------

#' @exportS3Method
cell_table.SingleCellExperiment <- function(object) SummarizedExperiment::colData(object)

#' @exportS3Method
gene_table.SingleCellExperiment <- function(object, assay) SummarizedExperiment::rowData(object)

#' @exportS3Method
stored_run.SingleCellExperiment <- function(object, reduction) {
  check_embedding_name(reduction, SingleCellExperiment::reducedDimNames(object))
  list(
    embedding = SingleCellExperiment::reducedDim(object, reduction), table = cell_table(object),
    cells = cell_names(object), part = object
  )
}

#' @exportS3Method
read_info.SingleCellExperiment <- function(object, reduction) S4Vectors::metadata(object)[[tolower(reduction)]]

#' @exportS3Method
object_misc.SingleCellExperiment <- function(object) S4Vectors::metadata(object)

#' @exportS3Method
read_counts.SingleCellExperiment <- function(object, assay, layer, of = NULL) {
  if (!is.null(layer)) input_error("layer", describe(layer), "NULL: a Seurat object has layers")
  counts <- sce_counts(object, assay)
  if (is.null(of)) {
    return(list(counts))
  }
  colnames(counts) <- names_over_slices(cell_names(object), of)
  lapply(split(seq_len(ncol(counts)), of), function(rows) counts[, rows, drop = FALSE])
}

sce_counts <- function(object, assay) {
  assay <- check_choice(
    "assay", assay %||% "counts", SummarizedExperiment::assayNames(object),
    "Name the assay that holds raw counts by `assay`."
  )
  as_counts(SummarizedExperiment::assay(object, assay), "assay")
}

#' @exportS3Method
has_places.SingleCellExperiment <- function(object) FALSE

#' @exportS3Method
has_places.SpatialExperiment <- function(object) ncol(SpatialExperiment::spatialCoords(object)) > 0L

#' @exportS3Method
cell_places.SingleCellExperiment <- function(object, image, coordinates, cells = cell_names(object), slices = NULL) {
  if (!is.null(image)) input_error("image", describe(image), "NULL: a Seurat object has images")
  sce_coordinates(object, coordinates, cells, slices)
}

sce_coordinates <- function(object, coordinates, cells, slices = NULL) {
  if (is.null(coordinates)) own_places(object, cells, slices) else given_coordinates(coordinates, cell_table(object), cells)
}

# Where the object itself says that its cells lie.
own_places <- function(object, cells, slices) UseMethod("own_places")

#' @exportS3Method
own_places.SingleCellExperiment <- function(object, cells, slices) {
  input_error(
    "coordinates", "NULL", "where the cells lie, which a SingleCellExperiment does not say",
    "Give a matrix with a row per cell, or the names of two columns of colData(object)."
  )
}

#' @exportS3Method
own_places.SpatialExperiment <- function(object, cells, slices) {
  if (is.null(slices)) spe_one_sample(object)
  spe_places(object, cells)
}

spe_places <- function(object, cells) {
  found <- SpatialExperiment::spatialCoords(object)
  if (!ncol(found)) {
    input_error("spatialCoords(object)", "no columns", "x, y (and z) of every cell", "Or give them by `coordinates`.")
  }
  # They are in the order of the cells, whatever their row names are.
  rownames(found) <- NULL
  as_coordinates(found, cells, "spatialCoords(object)")
}

#' @exportS3Method
check_one_slice.SingleCellExperiment <- function(object, image = NULL, assay = NULL) {
  refuse_several_in_table(cell_table(object))
}

#' @exportS3Method
check_one_slice.SpatialExperiment <- function(object, image = NULL, assay = NULL) spe_one_sample(object)

spe_one_sample <- function(object) {
  samples <- unique(as.character(object$sample_id))
  if (length(samples) > 1L) {
    input_error(
      "object", sprintf("%d samples (%s) in sample_id", length(samples), name_list(samples)), "one slice",
      sprintf(
        paste(
          "Choose one: object[, object$sample_id == \"%s\"]. IntegrateSlices() takes several. Where they are one slice,",
          "give sample_id one value."
        ), samples[1L]
      )
    )
  }
}

#' @exportS3Method
usual_slices.SingleCellExperiment <- function(object) usual_column(cell_table(object), SLICE_COLUMNS)

#' @exportS3Method
usual_slices.SpatialExperiment <- function(object) usual_column(cell_table(object), c("sample_id", "slice"))

# ---- writing -----------------------------------------------------------------------------------------------------

#' @exportS3Method
add_columns.SingleCellExperiment <- function(object, columns, cells = colnames(object)) {
  for (name in names(columns)) SummarizedExperiment::colData(object)[[name]] <- columns[[name]]
  object
}

#' @exportS3Method
add_record.SingleCellExperiment <- function(object, name, record) {
  S4Vectors::metadata(object)[[name]] <- record
  object
}

#' @exportS3Method
add_embedding.SingleCellExperiment <- function(object, result, reduction.name, reduction.key = NULL, assay = NULL) {
  embedding <- result$embedding
  dimnames(embedding) <- list(colnames(object), paste0(reduction.name, "_", seq_len(ncol(embedding))))
  SingleCellExperiment::reducedDim(object, reduction.name) <- embedding
  object <- add_record(object, model_name(reduction.name), result$model)
  write_info(object, result$info, reduction.name)
}

#' @exportS3Method
add_domains.SingleCellExperiment <- function(object, result, reduction.name) {
  stem <- column_stem(object, reduction.name)
  SummarizedExperiment::colData(object)[[domain_column(stem)]] <- unname(result$domains)
  SummarizedExperiment::colData(object)[[confidence_column(stem)]] <- unname(result$confidence)
  object
}

#' @exportS3Method
write_info.SingleCellExperiment <- function(object, info, reduction) add_record(object, tolower(reduction), info)

# For all genes an assay, else an alternative experiment.
#' @exportS3Method
add_imputed.SingleCellExperiment <- function(object, values, name, scale, whole) {
  if (whole && nrow(values) == nrow(object)) {
    SummarizedExperiment::assay(object, name, withDimnames = FALSE) <- values
    return(object)
  }
  SingleCellExperiment::altExp(object, name) <- SingleCellExperiment::SingleCellExperiment(
    assays = stats::setNames(list(values), if (scale == "counts") "counts" else "logcounts")
  )
  object
}

# ---- several objects ---------------------------------------------------------------------------------------------

#' @exportS3Method
refuse_settings.SingleCellExperiment <- function(object, settings, kind) {
  for (name in names(settings)) {
    if (!is.null(settings[[name]])) {
      input_error(name, describe(settings[[name]]), paste("NULL for objects of class", kind))
    }
  }
}

#' @exportS3Method
join_slices.SingleCellExperiment <- function(objects, cells, slice_by, reduction.name) {
  sce_join(objects, cells, slice_by, reduction.name)
}

# One object of several, slice by slice: the genes and assays that all have, and every column of colData. `cells` is
# a list of names, or NULL where no slice names its cells.
sce_join <- function(objects, cells, slice_by, reduction.name) {
  names <- names(objects)
  genes <- Reduce(intersect, lapply(objects, rownames))
  assays <- Reduce(intersect, lapply(objects, SummarizedExperiment::assayNames))
  objects <- lapply(objects, function(object) {
    object <- object[genes, ]
    SummarizedExperiment::assays(object) <- SummarizedExperiment::assays(object)[assays]
    SingleCellExperiment::reducedDims(object) <- list()
    SingleCellExperiment::altExps(object) <- list()
    SingleCellExperiment::colPairs(object) <- list()
    SingleCellExperiment::rowPairs(object) <- list()
    # An earlier run's record and model go: there would be two of one name.
    S4Vectors::metadata(object)[[model_name(reduction.name)]] <- NULL
    write_info(object, NULL, reduction.name)
  })
  objects <- sce_same_rows(objects)
  if (methods::is(objects[[1L]], "SpatialExperiment")) objects <- spe_tell_apart(objects)
  tables <- fill_columns(lapply(objects, SummarizedExperiment::colData))
  for (i in seq_along(objects)) {
    tables[[i]][[slice_by]] <- factor(rep(names[i], ncol(objects[[i]])), levels = names)
    SummarizedExperiment::colData(objects[[i]]) <- tables[[i]]
    if (!is.null(cells)) colnames(objects[[i]]) <- cells[[i]]
  }
  do.call(SummarizedExperiment::cbind, unname(objects))
}

# What is said of genes, where all say the same.
sce_same_rows <- function(objects) {
  tables <- lapply(objects, SummarizedExperiment::rowData)
  shared <- Reduce(intersect, lapply(tables, colnames))
  same <- vapply(shared, function(name) {
    all(vapply(tables, function(table) identical(table[[name]], tables[[1L]][[name]]), NA))
  }, NA)
  SummarizedExperiment::rowData(objects[[1L]]) <- tables[[1L]][, shared[same], drop = FALSE]
  rows <- SummarizedExperiment::rowRanges(objects[[1L]])
  lapply(objects, function(object) {
    SummarizedExperiment::rowRanges(object) <- rows
    object
  })
}

# A sample_id and names of coordinates that go together.
spe_tell_apart <- function(objects) {
  samples <- vapply(objects, function(object) as.character(object$sample_id[1L]), "")
  objects <- lapply(objects, spe_by_axis)
  coordinates <- lapply(objects, SpatialExperiment::spatialCoordsNames)
  if (length(unique(lengths(coordinates))) > 1L) {
    input_error(
      "object", sprintf("coordinates with %s columns", paste(unique(lengths(coordinates)), collapse = " and ")),
      "the same number in every slice"
    )
  }
  Map(function(object, name) {
    if (anyDuplicated(samples)) object$sample_id <- rep(name, ncol(object))
    SpatialExperiment::spatialCoordsNames(object) <- coordinates[[1L]]
    object
  }, objects, names(objects))
}

# The object with x, y (and z) in this order, where the names of its coordinates say which they are.
spe_by_axis <- function(object) {
  found <- SpatialExperiment::spatialCoords(object)
  order <- axes_in_order(colnames(found))
  if (!is.null(order)) SpatialExperiment::spatialCoords(object) <- found[, order, drop = FALSE]
  object
}

# Tables with the columns of all, NA where a table lacks one.
fill_columns <- function(tables) {
  columns <- unique(unlist(lapply(tables, colnames)))
  for (name in columns) {
    have <- vapply(tables, function(table) name %in% colnames(table), NA)
    for (i in which(have)) tables[[i]][[name]] <- as_plain(tables[[i]][[name]])
    model <- tables[[which(have)[1L]]][[name]]
    if (!all(have) && !is.null(dim(model))) {
      # Tables within tables have no row for a cell without one.
      warning(sprintf("Column '%s' was left out: it holds a table, and not all slices have it.", name), call. = FALSE)
      for (i in which(have)) tables[[i]][[name]] <- NULL
      columns <- setdiff(columns, name)
      next
    }
    for (i in which(!have)) {
      tables[[i]][[name]] <- if (is.list(model)) vector("list", nrow(tables[[i]])) else rep(model[NA_integer_], nrow(tables[[i]]))
    }
  }
  lapply(tables, function(table) table[, columns, drop = FALSE])
}
