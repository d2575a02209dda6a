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
  spe_one_sample(object)
  spe_places(object, cells)
}

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

# A run takes one slice, also where `coordinates` are given.
sce_one_slice <- function(object) {
  if (methods::is(object, "SpatialExperiment")) {
    spe_one_sample(object)
  } else {
    refuse_several_in_table(SummarizedExperiment::colData(object))
  }
}

# Names that are unique in a slice, as barcodes are, told apart over slices (a factor; NULL for one).
names_over_slices <- function(cells, slices) {
  if (anyDuplicated(cells) && !is.null(slices)) paste(slices, cells, sep = "_") else cells
}

# Coordinates of one slice, or of several (a factor; NULL for one).
sce_places <- function(object, coordinates, cells, slices) {
  several <- !is.null(slices) && is.null(coordinates) && methods::is(object, "SpatialExperiment")
  if (several) spe_places(object, cells) else sce_coordinates(object, coordinates, cells)
}

# Whether the object says where its cells lie, without `coordinates`.
sce_has_places <- function(object) {
  methods::is(object, "SpatialExperiment") && ncol(SpatialExperiment::spatialCoords(object)) > 0L
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
    sce_set_info(object, NULL, reduction.name)
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

sce_add_embedding <- function(object, result, reduction.name) {
  embedding <- result$embedding
  dimnames(embedding) <- list(colnames(object), paste0(reduction.name, "_", seq_len(ncol(embedding))))
  SingleCellExperiment::reducedDim(object, reduction.name) <- embedding
  S4Vectors::metadata(object)[[model_name(reduction.name)]] <- result$model
  sce_set_info(object, result$info, reduction.name)
}

# The object with the domains in its colData, and how sure they are, as in seurat_add_domains().
sce_add_domains <- function(object, result, reduction.name) {
  stem <- tolower(reduction.name)
  SummarizedExperiment::colData(object)[[domain_column(stem)]] <- unname(result$domains)
  SummarizedExperiment::colData(object)[[confidence_column(stem)]] <- unname(result$confidence)
  object
}

sce_info <- function(object, reduction.name) {
  S4Vectors::metadata(object)[[tolower(reduction.name)]]
}

sce_set_info <- function(object, info, reduction.name) {
  S4Vectors::metadata(object)[[tolower(reduction.name)]] <- info
  object
}
