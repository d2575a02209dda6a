# SpatialExperiment and SingleCellExperiment -> pieces -> the same.
#
# | experiment | piece | AnnData |
# | --- | --- | --- |
# | assay `counts`, else the first | `x` | `X` |
# | other assays | `layers` | `layers` |
# | colData, rowData | `obs`, `var` | `obs`, `var` |
# | reducedDims | `obsm` | `obsm["X_<name>"]` |
# | colPairs | `obsp` | `obsp` |
# | assays of altExps | `extra` | `obsm["assay_<name>_<assay>"]` |
# | spatialCoords, imgData | `spatial`, `images` | `obsm["spatial"]`, `uns["spatial"]` |
# | metadata | `uns` | `uns` |
# | names and classes | `record` | `uns["spotscape_r"]` |

#' @exportS3Method
object_pieces.SingleCellExperiment <- function(object, assay) {
  names <- SummarizedExperiment::assayNames(object)
  if (!length(names)) {
    input_error("object", "no named assay", "an assay such as counts", "Name it by assayNames(object).")
  }
  assay <- check_choice("assay", assay %||% if ("counts" %in% names) "counts" else names[[1L]], names)
  assays <- assay_matrices(object)
  is_spatial <- methods::is(object, "SpatialExperiment")
  reduced <- as.list(SingleCellExperiment::reducedDims(object, withDimnames = FALSE))
  alternatives <- lapply(stats::setNames(nm = SingleCellExperiment::altExpNames(object)), function(name) {
    SingleCellExperiment::altExp(object, name)
  })
  metadata <- lapply(S4Vectors::metadata(object), plain_piece)
  kept <- !vapply(metadata, is.null, NA)
  list(
    kind = if (is_spatial) "spe" else "sce", x = assays[[assay]], x_name = assay,
    layers = assays[setdiff(names, assay)],
    obs = about_cells(object, piece_names(object)), var = about_genes(object),
    obsm = lapply(reduced, function(values) matrix_piece(as.matrix(values), "reducedDim")),
    obsp = lapply(as.list(SingleCellExperiment::colPairs(object, asSparse = TRUE)), matrix_piece, name = "colPair"),
    extra = do.call(c, unname(Map(alternative_pieces, alternatives, names(alternatives)))),
    spatial = if (is_spatial) unname(SpatialExperiment::spatialCoords(spe_by_axis(object))),
    images = if (is_spatial) image_data_pieces(SpatialExperiment::imgData(object)),
    uns = metadata[kept],
    record = list(
      no_cell_names = plain_piece(is.null(colnames(object))),
      shared_names = if (!identical(piece_names(object), cell_names(object))) {
        plain_piece(list(own = cell_names(object), apart = piece_names(object)))
      },
      no_gene_names = plain_piece(is.null(rownames(object))),
      spatial_names = if (is_spatial) plain_piece(SpatialExperiment::spatialCoordsNames(object)),
      spatial_cells = if (is_spatial) plain_piece(!is.null(rownames(SpatialExperiment::spatialCoords(object)))),
      reduced_columns = plain_piece(Filter(Negate(is.null), lapply(reduced, colnames))),
      main_name = plain_piece(SingleCellExperiment::mainExpName(object)),
      images = if (is_spatial) plain_piece(image_data_record(SpatialExperiment::imgData(object))),
      alternatives = lapply(alternatives, function(one) list(obs = about_cells(one), var = about_genes(one)))
    ),
    lost = array(as.character(c(
      sprintf("metadata '%s'", names(metadata)[!kept]), if (length(SingleCellExperiment::rowPairs(object))) "rowPairs",
      if (methods::is(SummarizedExperiment::rowRanges(object), "GRanges")) "ranges of the genes (rowRanges)",
      unlist(lapply(names(reduced), function(name) {
        if (!is.null(attr(reduced[[name]], "rotation"))) sprintf("attributes of reducedDim '%s'", name)
      }))
    )))
  )
}

alternative_pieces <- function(one, name) {
  named_extra(assay_matrices(one), name, gene_names(one))
}

assay_matrices <- function(object) {
  lapply(stats::setNames(nm = SummarizedExperiment::assayNames(object)), function(name) {
    matrix_piece(SummarizedExperiment::assay(object, name, withDimnames = FALSE), sprintf("assay '%s'", name))
  })
}

about_cells <- function(object, names = cell_names(object)) table_piece(SummarizedExperiment::colData(object), names)

about_genes <- function(object) table_piece(SummarizedExperiment::rowData(object), gene_names(object))

gene_names <- function(object) rownames(object) %||% as.character(seq_len(nrow(object)))

# Images by sample: `image` of h x w x 3 between 0 and 1, and the scale factor of each.
image_data_pieces <- function(data) {
  if (!NROW(data)) {
    return(NULL)
  }
  by_sample <- split(seq_len(nrow(data)), factor(data$sample_id, unique(data$sample_id)))
  lapply(by_sample, function(rows) {
    names <- as.character(data$image_id[rows])
    list(
      images = stats::setNames(lapply(data$data[rows], raster_pixels), names),
      scale_factors = stats::setNames(as.list(as.numeric(data$scaleFactor[rows])), names)
    )
  })
}

# Where images are kept that are not in memory.
image_data_record <- function(data) {
  lapply(seq_len(NROW(data)), function(i) {
    list(
      sample = as.character(data$sample_id[i]), image = as.character(data$image_id[i]),
      source = if (!methods::is(data$data[[i]], "LoadedSpatialImage")) as.character(SpatialExperiment::imgSource(data$data[[i]]))
    )
  })
}

raster_pixels <- function(image) {
  raster <- as.matrix(SpatialExperiment::imgRaster(image))
  colours <- grDevices::col2rgb(t(raster)) / 255
  aperm(array(colours, c(3L, ncol(raster), nrow(raster))), c(3L, 2L, 1L))
}

#' @exportS3Method
from_pieces.SingleCellExperiment <- function(kind, pieces) {
  packages <- c("SingleCellExperiment", "SummarizedExperiment", "S4Vectors")
  require_packages(c(if (pieces$kind == "spe") "SpatialExperiment", packages), "An experiment of Bioconductor")
  record <- plain_from_piece(pieces$record)
  cells <- as.character(unlist(pieces$obs$names))
  genes <- as.character(unlist(pieces$var$names))
  if (!is.null(record$shared_names)) {
    own <- record$shared_names$own[match(cells, record$shared_names$apart)]
    if (!anyNA(own)) cells <- own
  }
  columns <- if (!isTRUE(record$no_cell_names)) cells
  rows <- if (!isTRUE(record$no_gene_names)) genes
  assays <- c(stats::setNames(list(pieces$x), pieces$x_name %||% "counts"), pieces$layers)
  settings <- list(
    assays = lapply(assays, matrix_from_piece, rows = rows, columns = columns, n = c(length(genes), length(cells))),
    colData = data_frame(pieces$obs, columns, length(cells)), rowData = data_frame(pieces$var, rows, length(genes)),
    metadata = if (length(pieces$uns)) plain_from_piece(pieces$uns) else list(),
    reducedDims = lapply(stats::setNames(nm = names(pieces$obsm)), function(name) {
      values <- pieces$obsm[[name]]
      named <- record$reduced_columns[[name]]
      dimnames(values) <- list(columns, if (length(named) == ncol(values)) named)
      values
    })
  )
  if (pieces$kind == "spe") {
    settings$colData$sample_id <- sample_ids(settings$colData, names(pieces$images), pieces$slices)
    pieces$images <- pieces$images[intersect(names(pieces$images), settings$colData$sample_id)]
  }
  object <- if (pieces$kind == "spe") {
    spe_of(settings, pieces$spatial, record$spatial_names, record$spatial_cells)
  } else {
    do.call(SingleCellExperiment::SingleCellExperiment, settings)
  }
  for (name in names(pieces$obsp)) SingleCellExperiment::colPair(object, name) <- pieces$obsp[[name]]
  if (!is.null(record$main_name)) SingleCellExperiment::mainExpName(object) <- record$main_name
  object <- add_alternatives(object, pieces$extra, pieces$record$alternatives, columns)
  if (pieces$kind == "spe") SpatialExperiment::imgData(object) <- image_data(pieces$images, record$images)
  object
}

#' @exportS3Method
from_pieces.SpatialExperiment <- from_pieces.SingleCellExperiment

spe_of <- function(settings, spatial, names, named_rows) {
  if (is.null(spatial)) spatial <- matrix(numeric(), nrow(settings$colData), 0L)
  if (isTRUE(named_rows)) rownames(spatial) <- rownames(settings$colData)
  order <- if (length(names) == ncol(spatial)) axes_in_order(names)
  if (!is.null(order)) spatial <- spatial[, order(order), drop = FALSE]
  if (ncol(spatial)) colnames(spatial) <- if (length(names) == ncol(spatial)) names else c("x", "y", "z")[seq_len(ncol(spatial))]
  do.call(SpatialExperiment::SpatialExperiment, c(settings, list(spatialCoords = spatial)))
}

# The sample of each cell: as it was, or the image that it lies in.
sample_ids <- function(table, images, slices) {
  of <- slices_from_pieces(slices)
  if (!is.null(of) && nlevels(of) > 1L && !identical(slices$column, "sample_id")) {
    return(ifelse(is.na(of), "none", as.character(of)))
  }
  if (!is.null(table$sample_id)) {
    return(table$sample_id)
  }
  rep(if (length(images) == 1L) images else "sample01", nrow(table))
}

data_frame <- function(piece, names, n) {
  columns <- lapply(piece$columns, column_from_piece)
  table <- S4Vectors::make_zero_col_DFrame(n)
  for (name in names(columns)) table[[name]] <- columns[[name]]
  rownames(table) <- names
  table
}

add_alternatives <- function(object, extra, said, cells) {
  extra <- by_assay(extra)
  for (name in names(extra)) {
    parts <- extra[[name]]
    features <- as.character(unlist(parts[[1L]]$features))
    n <- c(length(features), ncol(object))
    assays <- lapply(parts, function(one) matrix_from_piece(one$values, features, cells, n))
    names(assays) <- vapply(parts, function(one) one$layer, "")
    SingleCellExperiment::altExp(object, name) <- SingleCellExperiment::SingleCellExperiment(
      assays = assays, colData = data_frame(said[[name]]$obs, cells, n[[2L]]),
      rowData = data_frame(said[[name]]$var, features, n[[1L]])
    )
  }
  object
}

# imgData: pixels back as rasters; what was kept in a file or at an address, as that again.
image_data <- function(images, record) {
  rows <- unlist(lapply(names(images), function(sample) {
    one <- images[[sample]]
    lapply(names(one$images), function(image) {
      source <- Find(function(known) known$sample == sample && known$image == image, record)$source
      made <- if (is.null(source)) {
        SpatialExperiment::SpatialImage(pixels_raster(one$images[[image]]))
      } else {
        SpatialExperiment::SpatialImage(source)
      }
      S4Vectors::DataFrame(
        sample_id = sample, image_id = image, data = I(list(made)),
        scaleFactor = as.numeric(one$scale_factors[[image]] %||% NA)
      )
    })
  }), FALSE)
  if (length(rows)) do.call(rbind, rows)
}

pixels_raster <- function(pixels) {
  grDevices::as.raster(pixels, max = 1)
}

#' @exportS3Method
update_from_pieces.SingleCellExperiment <- function(object, pieces) {
  check_same_cells(piece_names(object), pieces)
  for (name in setdiff(names(pieces$obsm), setdiff(SingleCellExperiment::reducedDimNames(object), "SPOTSCAPE"))) {
    values <- pieces$obsm[[name]]
    stored <- if (name == "spotscape") "SPOTSCAPE" else name
    dimnames(values) <- list(colnames(object), paste0(stored, "_", seq_len(ncol(values))))
    SingleCellExperiment::reducedDim(object, stored) <- values
  }
  for (name in setdiff(names(pieces$obsp), SingleCellExperiment::colPairNames(object))) {
    SingleCellExperiment::colPair(object, name) <- pieces$obsp[[name]]
  }
  obs <- table_from_piece(pieces$obs)
  for (name in names(obs)) {
    if (!same_values(SummarizedExperiment::colData(object)[[name]], obs[[name]])) {
      SummarizedExperiment::colData(object)[[name]] <- obs[[name]]
    }
  }
  if (outdated_confidence(obs)) SummarizedExperiment::colData(object)[[confidence_column("spotscape")]] <- NULL
  uns <- plain_from_piece(pieces$uns)
  known <- setdiff(names(S4Vectors::metadata(object)), "spotscape")
  for (name in setdiff(names(uns), known)) S4Vectors::metadata(object)[[name]] <- uns[[name]]
  object
}
