# What TissueMapPlot() and InteractiveDomainMap() read of an object: what is to be shown of each cell, where cells lie,
# their slices, and the images under them.

# Words that stand for the columns of the run.
MAP_WORDS <- c("domain", "confidence")

read_map <- function(object, panels, slice_by, slices, layer, assay, img, image, coordinates, reduction) {
  check_object(object)
  if (!is.logical(img) || length(img) != 1L || is.na(img)) input_error("img", describe(img), "TRUE or FALSE")
  reduction <- reduction %||% default_reduction(object)
  check_string("reduction", reduction)
  stem <- column_stem(object, reduction)
  part <- map_part(object, domain_column(stem))
  table <- table_with_images(part, cell_table(part), slice_by)
  of <- if (is.null(slice_by)) {
    recorded_slices(read_info(object, reduction), table)
  } else {
    column_slices(table, slice_by, fewest = 1L)
  }
  if (is.null(of) && is.null(image) && is.null(coordinates)) of <- map_slices(part)
  cells <- names_over_slices(cell_names(part), of)
  places <- quietly(FALSE, cell_places(part, image, coordinates, cells, of))
  map <- list(
    cells = cells, slices = of, places = places[, c(1L, 2L), drop = FALSE],
    shown = map_values(part, table, panels, stem, assay, layer), words = map_columns(panels, table, stem),
    as_fov = is.null(coordinates) && map_as_fov(part, image),
    images = if (img && is.null(coordinates)) map_images(part, image), image_of = map_image_of(part)
  )
  chosen_slices(map, slices)
}

# The cells that a map shows.
map_part <- function(object, column) UseMethod("map_part")

#' @exportS3Method
map_part.default <- function(object, column) object

#' @exportS3Method
map_part.Seurat <- function(object, column) drawn_part(object, column)

# Images that hold different cells are slices, also where no column says so.
map_slices <- function(object) UseMethod("map_slices")

#' @exportS3Method
map_slices.default <- function(object) lost_slices(object)

#' @exportS3Method
map_slices.Seurat <- function(object) if (!any(lengths(own_images(object)) == ncol(object))) lost_slices(object)

# Whether places are those of an FOV, which Seurat draws turned.
map_as_fov <- function(object, image) UseMethod("map_as_fov")

#' @exportS3Method
map_as_fov.default <- function(object, image) FALSE

#' @exportS3Method
map_as_fov.Seurat <- function(object, image) shows_fov(object, image)

# The cells of the slices asked for.
chosen_slices <- function(map, slices) {
  if (is.null(slices)) {
    return(map)
  }
  if (is.null(map$slices)) {
    todo <- "Name the column with the slices by `slice_by`."
    input_error("slices", describe(slices), "NULL for an object of one slice", todo)
  }
  strange <- setdiff(slices, levels(map$slices))
  if (!length(slices) || length(strange)) {
    found <- if (length(strange)) describe(strange[[1L]]) else "none"
    input_error("slices", found, sprintf("some of %s", name_list(levels(map$slices))))
  }
  rows <- which(map$slices %in% slices)
  map$cells <- map$cells[rows]
  map$slices <- factor(map$slices[rows], slices)
  map$places <- map$places[rows, , drop = FALSE]
  map$image_of <- map$image_of[rows]
  map$shown <- lapply(map$shown, function(one) if (is.matrix(one)) one[rows, , drop = FALSE] else one[rows])
  map
}

# The column that each name stands for, as far as it is one: a word for the run's, else itself.
map_columns <- function(panels, table, stem) {
  run <- stats::setNames(c(domain_column(stem), confidence_column(stem)), MAP_WORDS)
  run <- run[run %in% colnames(table)]
  if (is.null(panels)) {
    if (!"domain" %in% names(run)) {
      found <- sprintf("NULL, and no column '%s'", domain_column(stem))
      input_error("panels", found, "names of what to show", "Or call RunSpotscape() first.")
    }
    return(run)
  }
  if (!is.character(panels) || !length(panels) || anyNA(panels)) {
    input_error("panels", describe(panels), "names of what to show")
  }
  panels <- unique(panels)
  columns <- stats::setNames(panels, panels)
  columns[intersect(names(run), panels)] <- run[intersect(names(run), panels)]
  columns
}

# By name: a factor, numbers, or a matrix with the parts of each cell, cells x parts.
map_values <- function(part, table, panels, stem, assay, layer) {
  columns <- map_columns(panels, table, stem)
  genes <- setdiff(names(columns)[!columns %in% colnames(table)], names(other_assays(part, character())))
  expression <- if (length(genes)) map_expression(part, genes, assay, layer)
  lapply(stats::setNames(nm = names(columns)), function(name) {
    if (columns[[name]] %in% colnames(table)) {
      return(map_column(as_plain(table[[columns[[name]]]]), name))
    }
    if (name %in% genes) {
      return(expression[, name])
    }
    map_shares(other_assays(part, name)[[name]], name, ncol(part))
  })
}

# Numbers that are not all whole, or are many, are numbers; all else are groups. As in Python.
map_column <- function(values, name) {
  if (is.numeric(values) && !any(is.finite(values))) {
    input_error("panels", sprintf("no number in '%s'", name), "a number for some cells")
  }
  if (is.numeric(values) && (is_measure(values) || length(unique(values)) > 30L)) {
    return(replace(as.double(values), !is.finite(values), NA))
  }
  if (!is.atomic(values)) {
    input_error("panels", sprintf("column '%s' of class %s", name, class(values)[[1L]]), "numbers or groups")
  }
  values <- droplevels(as.factor(values))
  if (nlevels(values) > 254L) {
    found <- sprintf("%d different values in '%s'", nlevels(values), name)
    input_error("panels", found, "numbers, or at most 254 groups")
  }
  values
}

# Cells x genes: of a layer as it is, else log(1 + x) of raw counts, scaled to 10,000 in each cell.
map_expression <- function(part, genes, assay, layer) {
  values <- if (is.null(layer)) run_counts(part, assay) else expression_layer(part, assay, layer)
  strange <- setdiff(genes, rownames(values))
  if (length(strange)) {
    near <- c(MAP_WORDS, colnames(cell_table(part)), rownames(values))
    near <- near[agrepl(strange[[1L]], near, max.distance = 0.2, fixed = TRUE, ignore.case = TRUE)]
    input_error(
      "panels", describe(strange[[1L]]),
      "'domain', 'confidence', a column, a gene, or an assay with the parts of each cell",
      if (length(near)) sprintf("Did you mean '%s'?", near[[1L]])
    )
  }
  found <- t(as.matrix(values[genes, , drop = FALSE]))
  if (is.null(layer)) found <- log1p(found / pmax(Matrix::colSums(values), 1) * 1e4)
  dimnames(found) <- list(NULL, genes)
  found
}

expression_layer <- function(object, assay, layer) UseMethod("expression_layer")

#' @exportS3Method
expression_layer.Seurat <- function(object, assay, layer) {
  assay <- check_choice("assay", assay %||% SeuratObject::DefaultAssay(object), names(object@assays))
  check_choice("layer", layer, SeuratObject::Layers(object[[assay]]))
  SeuratObject::LayerData(object[[assay]], layer)
}

#' @exportS3Method
expression_layer.SingleCellExperiment <- function(object, assay, layer) {
  check_choice("layer", layer, SummarizedExperiment::assayNames(object))
  SummarizedExperiment::assay(object, layer)
}

# Assays beside that of the counts, features x cells, by name; `character()` gives the names alone, with NULL for each.
other_assays <- function(object, wanted) UseMethod("other_assays")

#' @exportS3Method
other_assays.Seurat <- function(object, wanted) {
  known <- stats::setNames(nm = names(object@assays))
  lapply(known, function(name) {
    if (name %in% wanted) {
      one <- object[[name]]
      values <- SeuratObject::LayerData(one, intersect(c("data", "counts"), SeuratObject::Layers(one))[[1L]])
      values[, intersect(colnames(object), colnames(values)), drop = FALSE]
    }
  })
}

#' @exportS3Method
other_assays.SingleCellExperiment <- function(object, wanted) {
  known <- stats::setNames(nm = SingleCellExperiment::altExpNames(object))
  lapply(known, function(name) {
    if (name %in% wanted) SummarizedExperiment::assay(SingleCellExperiment::altExp(object, name), 1L)
  })
}

# Cells x parts that add up to 1; NA for a cell of zeros. Seurat's predictions have a row with the largest, "max".
map_shares <- function(values, name, n) {
  if (ncol(values) != n) {
    input_error("panels", sprintf("assay '%s' of %d cells", name, ncol(values)), sprintf("one with all %d cells", n))
  }
  values <- as.matrix(values)
  values <- t(values[setdiff(rownames(values), "max"), , drop = FALSE])
  if (any(values < 0, na.rm = TRUE) || any(is.infinite(values)) || ncol(values) > 254L) {
    found <- sprintf("assay '%s', which holds no parts of cells", name)
    input_error("panels", found, "up to 254 parts of each cell, all 0 or more")
  }
  totals <- rowSums(values)
  values <- values / totals
  values[!is.finite(totals) | totals <= 0, ] <- NA
  dimnames(values) <- list(NULL, colnames(values))
  values
}

# Images by name, in the shape of pieces.R: pixels and scale factors. `image`: the one that the places are of.
map_images <- function(object, image) UseMethod("map_images")

#' @exportS3Method
map_images.Seurat <- function(object, image) {
  found <- object@images[image %||% names(own_images(object))]
  found <- Filter(function(one) {
    methods::.hasSlot(one, "image") && length(one@image) && methods::.hasSlot(one, "scale.factors")
  }, found)
  lapply(found, function(one) list(image = one@image, scale_factors = lapply(unclass(one@scale.factors), as.numeric)))
}

#' @exportS3Method
map_images.SingleCellExperiment <- function(object, image) NULL

#' @exportS3Method
map_images.SpatialExperiment <- function(object, image) image_data_pieces(SpatialExperiment::imgData(object))

# The image that each cell lies in, "" where that is none.
map_image_of <- function(object) UseMethod("map_image_of")

#' @exportS3Method
map_image_of.Seurat <- function(object) {
  of <- rep("", ncol(object))
  held <- own_images(object)
  for (name in names(held)) of[match(held[[name]], colnames(object))] <- name
  of
}

#' @exportS3Method
map_image_of.SingleCellExperiment <- function(object) rep("", ncol(object))

#' @exportS3Method
map_image_of.SpatialExperiment <- function(object) as.character(object$sample_id)
