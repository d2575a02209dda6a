#' Find spatial domains that several slices share
#'
#' Gives one object back with an embedding in which several slices can be compared, and domains that are the same in all
#' of them: `spotscape.tl.integrate_slices` in Python, with the same numbers. All slices take the way of one (see
#' [RunSpotscape()]) together: counts are scaled to the median total of all, each slice has its own spatial graph, so that
#' slices may overlap in coordinates, genes are ranked by their pattern within the slices and centred there, and the
#' components are those in which cells of different slices that match differ little. If a run fails or is interrupted
#' (Ctrl-C, Esc), your objects are as they were.
#'
#' @section Which slices:
#' | `object` | slices | result |
#' | --- | --- | --- |
#' | list of Seurat objects, each with one image | the objects | one object, as `merge()` makes it |
#' | Seurat object | column `slice`, else the images, else `sample_id`, else the split layers | the same object |
#' | list of SpatialExperiment objects | the objects | one object, by `cbind()` on the genes that all have |
#' | SpatialExperiment | column `sample_id`, else `slice` | the same object |
#' | SingleCellExperiment | column `slice`, else `sample_id`; `coordinates` are needed | the same object |
#'
#' `slice_by` names another column of the metadata or `colData`, or `"seurat_image"`: the images. The slices of a list go
#' by its names, else by what the objects say in the column, if they differ there, else by `slice1`, `slice2`, ...; the
#' column is written, `slice` where none is named. Where slices share names of cells, each slice's name goes
#' before them (`<slice>_`), with a warning. Genes that a slice lacks are left out of the run. Of a list, `merge()`
#' drops the reductions and makes text of factors in the metadata; `cbind()` here drops reductions, alternative
#' experiments and the assays that a slice lacks, and puts `NA` where a slice lacks a column of `colData`. Cells come
#' slice by slice for a list, and stay in their order in one object.
#'
#' @section What is written:
#' What [RunSpotscape()] writes, under the same names (`spotscape_confidence` among them), and in the record,
#' `Misc(x[["spotscape"]])$integration` or `metadata(x)$spotscape$integration`: the slices, how many genes they share, how
#' well they mix (`mixing`, 1 is as by chance), how clear domains and slices are (silhouettes), and domains that are in one
#' slice only.
#'
#' @section Errors:
#' Of class `spotscape_input_error`, before any work: fewer than two slices, objects of several classes, a cell in no
#' image or in two, a column that is missing; then fewer than 50 cells in every slice, two slices with the same counts,
#' fewer than 50 shared genes, or a slice in two conditions. A slice with fewer than 50 cells is too small to learn from: it
#' is placed in the space that the others make, with a warning.
#'
#' @inheritParams RunSpotscape
#' @param object A list of Seurat, SpatialExperiment or SingleCellExperiment objects, each one slice, or one object
#'   that holds several.
#' @param n_domains Number of domains over all slices; `NULL` lets the method suggest one.
#' @param slice_by Name of the metadata (`colData`) column with the slices, or `"seurat_image"`: the images of a Seurat
#'   object. `NULL`: see the table. Python and the shell call it `slice_key`, and so does the record of a run.
#' @param slice_key The old name of `slice_by`, with a warning.
#' @param condition_key Name of the column with the slices' conditions, one to a slice. It is checked and recorded, and
#'   not used in training.
#' @param correction Changes how much of the differences between slices is taken out. At 1 the data say how much: all that
#'   leaves the slices a third of their spatial signal. 0 leaves the differences, and larger values mix the slices more at
#'   the risk of mixing domains.
#' @param layer Name of the layer with raw counts; `NULL` means `"counts"`. Layers of a split assay (`counts.1`,
#'   `counts.2`) are read each on its own; the object keeps them.
#' @param coordinates Names of two or three columns of the metadata (`colData`), or a numeric matrix or data frame
#'   with a row per cell. For a list of objects, the names, or a list with a matrix for each. `NULL`: the images,
#'   `spatialCoords`.
#' @param reduction.name,reduction.key As in [RunSpotscape()]. For a list, `NULL` is the default of the objects' class.
#' @return One object of all slices with the result in it.
#' @seealso [RunSpotscape()] for one slice, [SpatialDomainPlot()] for maps side by side, [FindSpatialDomains()] to
#'   cluster again, [SpotscapeIntegration()] for `IntegrateLayers()`.
#' @examplesIf spotscape_available() && requireNamespace("SpatialExperiment", quietly = TRUE)
#' # A small simulated slice, cut in two
#' folder <- system.file("extdata", "slice", package = "spotscape")
#' counts <- Matrix::readMM(gzfile(file.path(folder, "filtered_feature_bc_matrix", "matrix.mtx.gz")))
#' place <- read.csv(file.path(folder, "spatial", "tissue_positions.csv"), row.names = "barcode")
#' place <- as.matrix(place[c("pxl_col_in_fullres", "pxl_row_in_fullres")])
#' dimnames(counts) <- list(paste0("gene", seq_len(nrow(counts))), rownames(place))
#' left <- place[, 1] < median(place[, 1])
#' slices <- lapply(list(left = left, right = !left), function(cells) {
#'   SpatialExperiment::SpatialExperiment(
#'     assays = list(counts = counts[, cells]), spatialCoords = place[cells, ]
#'   )
#' })
#'
#' both <- IntegrateSlices(slices, n_domains = 5, verbose = FALSE)
#' table(both$slice, both$spotscape_domain)
#' SpatialDomainPlot(both)
#' @export
IntegrateSlices <- function(object, ...) {
  UseMethod("IntegrateSlices")
}

#' @rdname IntegrateSlices
#' @export
IntegrateSlices.list <- function(object, n_domains = NULL, slice_by = NULL, condition_key = NULL, correction = 1,
                                 config = NULL, seed = 0L, device = "auto", assay = NULL, layer = NULL,
                                 coordinates = NULL, reduction.name = NULL, reduction.key = NULL, checkpoint = NULL,
                                 checkpoint_minutes = 3, resume = FALSE, threads = NULL, verbose = TRUE, slice_key = NULL, ...) {
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  kind <- kind_of_slices(object)
  seurat <- kind == "Seurat"
  if (seurat) {
    require_packages("SeuratObject", "IntegrateSlices() on Seurat objects")
  } else {
    for (one in object) require_bioconductor(one)
    for (name in c("layer", "reduction.key")) {
      if (!is.null(get(name))) input_error(name, describe(get(name)), paste("NULL for objects of class", kind))
    }
  }
  reduction.name <- reduction.name %||% if (seurat) "spotscape" else "SPOTSCAPE"
  check_names_to_write(slice_by %||% "slice", reduction.name, reduction.key)
  object <- stats::setNames(object, slice_names(object, slice_by %||% SLICE_COLUMNS))
  slice_by <- slice_by %||% "slice"
  cells <- names_apart(lapply(object, cell_names))
  slices <- quietly(verbose, Map(function(one, name, coordinates) {
    in_slice(name, if (seurat) {
      seurat_slice(one, assay, layer, coordinates, condition_key)
    } else {
      sce_slice(one, assay, coordinates, condition_key)
    })
  }, object, names(object), coordinates_by_slice(coordinates, length(object))))
  for (i in seq_along(slices)) colnames(slices[[i]]$counts) <- cells[[i]]

  merged <- if (seurat) {
    seurat_merge(object, cells)
  } else {
    named <- !all(vapply(object, function(one) is.null(colnames(one)), NA))
    sce_join(object, if (named) cells, slice_by, reduction.name)
  }
  result <- integrate_python(slices, slice_by, condition_key, correction, mget(TRAINING))
  if (!seurat) {
    return(sce_add_domains(sce_add_embedding(merged, result, reduction.name), result, reduction.name))
  }
  of <- factor(rep(names(object), lengths(cells)), levels = names(object))
  merged <- SeuratObject::AddMetaData(merged, stats::setNames(of, colnames(merged)), col.name = slice_by)
  assay <- quietly(FALSE, seurat_assay(merged, assay))
  merged <- seurat_add_embedding(merged, result, assay, reduction.name, reduction.key)
  merged <- seurat_add_domains(merged, result, reduction.name)
  config <- loggable(config)
  coordinates <- loggable(coordinates)
  command <- SeuratObject::LogSeuratCommand(merged, return.command = TRUE)
  methods::slot(command, "name") <- sub(".list", "", methods::slot(command, "name"), fixed = TRUE)
  merged[[methods::slot(command, "name")]] <- command
  merged
}

#' @rdname IntegrateSlices
#' @export
IntegrateSlices.Seurat <- function(object, n_domains = NULL, slice_by = NULL, condition_key = NULL, correction = 1,
                                   config = NULL, seed = 0L, device = "auto", assay = NULL, layer = NULL,
                                   coordinates = NULL, reduction.name = "spotscape", reduction.key = NULL,
                                   checkpoint = NULL, checkpoint_minutes = 3, resume = FALSE, threads = NULL, verbose = TRUE,
                                   slice_key = NULL, ...) {
  require_packages("SeuratObject", "IntegrateSlices() on a Seurat object")
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  quietly(verbose, {
    assay <- seurat_assay(object, assay)
    part <- seurat_part(object, assay)
    slice_by <- slice_by %||% usual_slices(part)
    check_names_to_write(slice_by, reduction.name, reduction.key)
    of <- seurat_slices(part, slice_by, assay)
    cells <- colnames(part)
    conditions <- condition_column(part[[]], condition_key)
    place <- seurat_places(part, NULL, coordinates, of)
    counts <- seurat_slice_counts(part[[assay]], assay, layer, split(cells, of))
  })
  pieces <- pieces_of(counts, cells, place, conditions, of)
  result <- integrate_python(pieces, slice_by, condition_key, correction, mget(TRAINING))
  result <- in_order_of(result, cells, cells, of)
  if (!slice_by %in% colnames(object[[]])) {
    object <- seurat_add_columns(object, stats::setNames(list(of), slice_by), cells)
  }
  object <- seurat_add_embedding(object, result, assay, reduction.name, reduction.key)
  object <- seurat_add_domains(object, result, reduction.name)
  config <- loggable(config)
  coordinates <- loggable(coordinates)
  SeuratObject::LogSeuratCommand(object)
}

#' @rdname IntegrateSlices
#' @export
IntegrateSlices.SingleCellExperiment <- function(object, n_domains = NULL, slice_by = NULL, condition_key = NULL,
                                                 correction = 1, config = NULL, seed = 0L, device = "auto",
                                                 assay = NULL, coordinates = NULL, reduction.name = "SPOTSCAPE",
                                                 checkpoint = NULL, checkpoint_minutes = 3, resume = FALSE,
                                                 threads = NULL, verbose = TRUE, slice_key = NULL, ...) {
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  integrate_sce(object, slice_by, condition_key, correction, assay, coordinates, reduction.name, mget(TRAINING))
}

#' @rdname IntegrateSlices
#' @export
IntegrateSlices.SpatialExperiment <- function(object, n_domains = NULL, slice_by = NULL, condition_key = NULL,
                                              correction = 1, config = NULL, seed = 0L, device = "auto", assay = NULL,
                                              coordinates = NULL, reduction.name = "SPOTSCAPE", checkpoint = NULL,
                                              checkpoint_minutes = 3, resume = FALSE, threads = NULL, verbose = TRUE,
                                              slice_key = NULL, ...) {
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  integrate_sce(object, slice_by, condition_key, correction, assay, coordinates, reduction.name, mget(TRAINING))
}

#' @rdname IntegrateSlices
#' @export
IntegrateSlices.default <- function(object, ...) {
  input_error("object", describe_class(object), SLICES_EXPECTED)
}

SLICES_EXPECTED <- paste(
  "a list of Seurat, SpatialExperiment or SingleCellExperiment objects, or one such object with several slices"
)

integrate_sce <- function(object, slice_by, condition_key, correction, assay, coordinates, reduction.name, training) {
  require_bioconductor(object)
  slice_by <- slice_by %||% usual_slices(object)
  check_names_to_write(slice_by, reduction.name)
  table <- SummarizedExperiment::colData(object)
  of <- column_slices(table, slice_by)
  cells <- cell_names(object)
  conditions <- condition_column(table, condition_key)
  apart <- names_over_slices(cells, of)
  place <- quietly(training$verbose, sce_places(object, coordinates, apart, of))
  counts <- sce_counts(object, assay)
  colnames(counts) <- apart
  counts <- lapply(split(seq_along(cells), of), function(rows) counts[, rows, drop = FALSE])
  pieces <- pieces_of(counts, apart, place, conditions, of)
  result <- integrate_python(pieces, slice_by, condition_key, correction, training)
  result <- in_order_of(result, cells, apart, of)
  sce_add_domains(sce_add_embedding(object, result, reduction.name), result, reduction.name)
}

# ---- slices of a list --------------------------------------------------------------------------------------------

# The class that all objects of a list have.
kind_of_slices <- function(objects) {
  kinds <- vapply(objects, function(one) {
    c(KINDS[vapply(KINDS, function(class) methods::is(one, class), NA)], class(one)[1L])[1L]
  }, "")
  other <- setdiff(kinds, KINDS)
  if (length(other)) {
    input_error("object", sprintf("a list with objects of class %s", name_list(other)), SLICES_EXPECTED)
  }
  if (length(unique(kinds)) > 1L) {
    input_error("object", sprintf("a list with objects of the classes %s", name_list(unique(kinds))), "one class")
  }
  if (length(objects) < 2L) {
    found <- sprintf("a list of %d", length(objects))
    input_error("object", found, "two slices or more", "For one slice, call RunSpotscape().")
  }
  kinds[[1L]]
}

# The list's names; else the one value that each object has in a column of slices, if all differ; else numbers.
slice_names <- function(objects, columns) {
  given <- names(objects)
  if (!is.null(given)) {
    if (anyNA(given) || !all(nzchar(given)) || anyDuplicated(given)) {
      found <- paste("a list with the names", name_list(given))
      input_error("object", found, "a different name for each slice, or none")
    }
    return(given)
  }
  for (name in columns) {
    own <- lapply(objects, function(one) unique(as.character(stats::na.omit(as_plain(cell_table(one)[[name]])))))
    if (all(lengths(own) == 1L) && !anyDuplicated(unlist(own))) {
      return(unlist(own))
    }
  }
  paste0("slice", seq_along(objects))
}

# Metadata or colData.
cell_table <- function(object) {
  if (inherits(object, "Seurat")) object[[]] else SummarizedExperiment::colData(object)
}

# Names of cells, slice by slice, that no two slices share.
names_apart <- function(cells) {
  if (!anyDuplicated(unlist(cells))) {
    return(cells)
  }
  cells <- Map(paste, names(cells), cells, sep = "_")
  warning(sprintf(
    "Slices share names of cells; each now starts with its slice's name, as '%s'.", cells[[1L]][1L]
  ), call. = FALSE)
  cells
}

# For each slice NULL, the names of columns, or its own numbers.
coordinates_by_slice <- function(coordinates, n) {
  if (is.null(coordinates) || is.character(coordinates)) {
    return(rep(list(coordinates), n))
  }
  if (!is.list(coordinates) || is.data.frame(coordinates) || length(coordinates) != n) {
    plain <- is.list(coordinates) && !is.data.frame(coordinates)
    found <- if (plain) sprintf("a list of %d", length(coordinates)) else describe_class(coordinates)
    input_error("coordinates", found, sprintf("names of columns, or a list with a matrix for each of the %d slices", n))
  }
  unname(coordinates)
}

# One object as a slice: counts, coordinates, and its condition.
seurat_slice <- function(object, assay, layer, coordinates, condition_key) {
  assay <- seurat_assay(object, assay)
  seurat_one_slice(object, NULL, assay)
  list(
    counts = seurat_slice_counts(object[[assay]], assay, layer, list(colnames(object)))[[1L]],
    coordinates = seurat_coordinates(object, NULL, coordinates),
    columns = condition_column(object[[]], condition_key)
  )
}

sce_slice <- function(object, assay, coordinates, condition_key) {
  table <- SummarizedExperiment::colData(object)
  sce_one_slice(object)
  if (is.null(rownames(object))) {
    input_error("rownames(object)", "NULL", "names of genes, by which slices are compared")
  }
  list(
    counts = sce_counts(object, assay),
    coordinates = sce_coordinates(object, coordinates, cell_names(object)),
    columns = condition_column(table, condition_key)
  )
}

# An error about one of several objects says which.
in_slice <- function(name, code) {
  tryCatch(code, spotscape_input_error = function(e) {
    stop_input(sprintf("slice '%s': %s", name, conditionMessage(e)))
  })
}

# ---- slices of one object ----------------------------------------------------------------------------------------

# Which slice each cell is of, by a column of the metadata or colData.
column_slices <- function(table, slice_by, todo = NULL, fewest = 2L) {
  check_column_name("slice_by", slice_by, table, todo)
  slices <- as_slices(table[[slice_by]], sprintf("column '%s'", slice_by))
  if (nlevels(slices) < fewest) {
    input_error(
      sprintf("column '%s'", slice_by), sprintf("one slice, '%s'", levels(slices)), "two or more",
      "Name another column by `slice_by`; for one slice, call RunSpotscape()."
    )
  }
  slices
}

# A factor as it is, less what is not there; anything else in the order of its first values.
as_slices <- function(values, name) {
  if (anyNA(values)) {
    found <- sprintf("%d of %d cells without a slice", sum(is.na(values)), length(values))
    input_error(name, found, "a slice for every cell")
  }
  values <- as_plain(values)
  values <- if (is.factor(values)) droplevels(values) else factor(values, levels = unique(values))
  stats::setNames(values, NULL)
}

# The slices of a run over several, by its record and the object's table about cells; NULL for a run on one.
recorded_slices <- function(info, table) {
  record <- if (is.list(info)) info[["integration"]]
  column <- if (is.list(record)) record[["slice_key"]]
  if (is.null(column) || !column %in% colnames(table)) NULL else column_slices(table, column, fewest = 1L)
}

# A list with the column of conditions, as text; NULL where none is asked for.
condition_column <- function(table, condition_key) {
  if (is.null(condition_key)) {
    return(NULL)
  }
  check_column_name("condition_key", condition_key, table)
  values <- as.character(as_plain(table[[condition_key]]))
  if (anyNA(values)) {
    input_error(
      sprintf("column '%s'", condition_key), sprintf("%d cells without a condition", sum(is.na(values))),
      "a condition for every cell"
    )
  }
  stats::setNames(list(values), condition_key)
}

check_column_name <- function(argument, value, table, todo = NULL) {
  check_string(argument, value)
  if (!value %in% colnames(table)) {
    known <- sprintf("the name of a column (there are: %s)", name_list(colnames(table), 10L))
    input_error(argument, describe(value), known, todo)
  }
}

check_names_to_write <- function(slice_by, reduction.name, reduction.key = NULL) {
  check_string("slice_by", slice_by)
  check_string("reduction.name", reduction.name)
  if (!is.null(reduction.key)) check_string("reduction.key", reduction.key)
}

# What integrate_python() takes: counts come slice by slice, the rest with a value or row per cell.
pieces_of <- function(counts, cells, place, columns, of) {
  Map(function(counts, rows) {
    list(
      counts = counts, coordinates = place[rows, , drop = FALSE],
      columns = if (!is.null(columns)) lapply(columns, `[`, rows)
    )
  }, counts, split(seq_along(cells), of))
}

# A result that came slice by slice, in the order of the object's cells and under their names.
in_order_of <- function(result, cells, sent, of) {
  came <- unlist(split(seq_along(cells), of), use.names = FALSE)
  if (!identical(rownames(result$embedding), sent[came])) {
    stop("spotscape: the cells came back from Python in another order; please report this.", call. = FALSE)
  }
  back <- order(came)
  result$embedding <- result$embedding[back, , drop = FALSE]
  rownames(result$embedding) <- cells
  result$domains <- stats::setNames(result$domains[back], cells)
  if (!is.null(result$confidence)) result$confidence <- stats::setNames(result$confidence[back], cells)
  result
}
