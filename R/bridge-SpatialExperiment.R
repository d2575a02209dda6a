# SpatialExperiment and SingleCellExperiment -> counts and coordinates; embedding and domains -> the same object.

# An object can be read from a file where the package of its class is not installed.
require_bioconductor <- function(object) {
  require_packages(
    c(attr(class(object), "package"), "SingleCellExperiment", "SummarizedExperiment", "S4Vectors"),
    sprintf("A %s", class(object)[1L])
  )
}

cell_names <- function(object) {
  colnames(object) %||% as.character(seq_len(ncol(object)))
}

sce_counts <- function(object, assay) {
  assay <- check_choice(
    "assay", assay %||% "counts", SummarizedExperiment::assayNames(object),
    "Name the assay that holds raw counts by `assay`."
  )
  as_counts(SummarizedExperiment::assay(object, assay), "assay")
}

sce_coordinates <- function(object, coordinates, cells) {
  if (!is.null(coordinates)) {
    return(given_coordinates(coordinates, SummarizedExperiment::colData(object), cells))
  }
  if (methods::is(object, "SpatialExperiment")) {
    return(spe_coordinates(object, cells))
  }
  input_error(
    "coordinates", "NULL", "where the cells lie, which a SingleCellExperiment does not say",
    "Give a matrix with a row per cell, or the names of two columns of colData(object)."
  )
}

spe_coordinates <- function(object, cells) {
  samples <- unique(object$sample_id)
  if (length(samples) > 1L) {
    input_error(
      "object", sprintf("%d samples (%s) in sample_id", length(samples), name_list(samples)), "one slice",
      sprintf("Choose one: object[, object$sample_id == \"%s\"].", samples[1L])
    )
  }
  found <- SpatialExperiment::spatialCoords(object)
  if (!ncol(found)) {
    input_error("spatialCoords(object)", "no columns", "x, y (and z) of every cell", "Or give them by `coordinates`.")
  }
  # They are in the order of the cells, whatever their row names are.
  rownames(found) <- NULL
  as_coordinates(found, cells, "spatialCoords(object)")
}

sce_add_embedding <- function(object, result, reduction.name) {
  embedding <- result$embedding
  dimnames(embedding) <- list(colnames(object), paste0(reduction.name, "_", seq_len(ncol(embedding))))
  SingleCellExperiment::reducedDim(object, reduction.name) <- embedding
  sce_set_info(object, result$info, reduction.name)
}

sce_add_domains <- function(object, domains, reduction.name) {
  column <- paste0(tolower(reduction.name), "_domain")
  SummarizedExperiment::colData(object)[[column]] <- unname(domains)
  object
}

sce_info <- function(object, reduction.name) {
  S4Vectors::metadata(object)[[tolower(reduction.name)]]
}

sce_set_info <- function(object, info, reduction.name) {
  S4Vectors::metadata(object)[[tolower(reduction.name)]] <- info
  object
}
