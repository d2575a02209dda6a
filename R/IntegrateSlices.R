#' Find spatial domains that several slices share
#'
#' Gives one object back with an embedding in which several slices can be compared, and domains that are the same in all
#' of them. The computation is `spotscape.tl.integrate_slices` in Python, and the numbers are the same as there.
#'
#' All slices take the steps of [RunSpotscape()] together. Counts are scaled to the median total of all. Genes are ranked
#' by their pattern within the slices, and centred there. Each slice has its own spatial graph, so slices may overlap in
#' coordinates. The components are those in which matching cells of different slices differ little. With
#' `config = "paper"` one graph autoencoder is trained on all slices instead. If a run fails or is interrupted (Ctrl-C,
#' Esc), your objects are as they were.
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
#' `slice_by` names another column of the metadata or `colData`, or `"seurat_image"`: the images. The slices of a list are
#' named by its names. Without names, the column names them where each object has one value there and the values differ.
#' Else they are `slice1`, `slice2`, ... The column is written; it is `slice` where none is named. Where slices share
#' names of cells, each slice's name goes before them (`<slice>_`), with a warning. Genes that a slice lacks are left out
#' of the run. For a list, `merge()` drops the reductions, and turns factors in the metadata into text. `cbind()` here
#' drops reductions, alternative experiments and the assays that a slice lacks, and puts `NA` where a slice lacks a column
#' of `colData`. Cells come slice by slice for a list, and stay in their order in one object.
#'
#' @section What is written:
#' What [RunSpotscape()] writes, under the same names (`spotscape_confidence` among them). The record,
#' `Misc(x[["spotscape"]])$integration` or `metadata(x)$spotscape$integration`, also holds the slices, the number of shared
#' genes, how well the slices mix (`mixing`, 1 is as by chance), how clear domains and slices are (silhouettes), domains
#' that are in one slice only, and how much of the differences was taken out: `slice_noise`, 0 to 3, and the share of the
#' `signal` that is left.
#'
#' @section Errors:
#' Of class `spotscape_input_error`, before any work: fewer than two slices, objects of several classes, a cell in no
#' image or in two, a column that is missing; then fewer than 50 cells in every slice, two slices with the same counts,
#' fewer than 50 shared genes, or a slice in two conditions. A slice with fewer than 50 cells is too small to find
#' components in. It is placed in the space that the others make, with a warning.
#'
#' @inheritParams RunSpotscape
#' @param object A list of Seurat, SpatialExperiment or SingleCellExperiment objects, each one slice, or one object
#'   that holds several.
#' @param n_domains Number of domains over all slices; `NULL` has it suggested from the data.
#' @param slice_by Name of the metadata (`colData`) column with the slices, or `"seurat_image"`: the images of a Seurat
#'   object. `NULL`: see the table. Python and the shell call it `slice_key`, and so does the record of a run.
#' @param slice_key The old name of `slice_by`, with a warning.
#' @param condition_key Name of the column with the slices' conditions, one to a slice. It is checked and recorded for
#'   [CompareDomains()]. Embedding and domains do not use it. A warning names domains of one condition alone that seem to be
#'   those of another, torn off by a difference between slices.
#' @param correction How much of the differences between slices is taken out. At 1 the data decide: as much as leaves the
#'   slices a third of their spatial signal. 0 leaves the differences. Larger values mix the slices more, and may mix
#'   domains. It multiplies the weight that was found. Below 1 it also multiplies the centring of genes within slices.
#' @param layer Name of the layer with raw counts; `NULL` means `"counts"`. Each layer of a split assay (`counts.1`,
#'   `counts.2`) is read by itself, and the object keeps them.
#' @param coordinates Names of two or three columns of the metadata (`colData`), or a numeric matrix or data frame
#'   with a row per cell. For a list of objects, the names, or a list with a matrix for each. `NULL`: the images,
#'   `spatialCoords`.
#' @param micrometres_per_unit How many micrometres one unit of the coordinates is, for a `scale` given as a distance: one
#'   number for all slices, or one for each by name (`c(left = 0.5, right = 1)`). `NULL` where that is not known.
#' @param reduction.name,reduction.key As in [RunSpotscape()]. For a list, `NULL` is the default of the objects' class.
#' @return One object of all slices with the result in it.
#' @seealso [RunSpotscape()] for one slice, [SpatialDomainPlot()] for maps side by side, [FindSpatialDomains()] to
#'   cluster again, [SpotscapeIntegration()] for `IntegrateLayers()`.
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' \dontshow{spotscape:::example_results("IntegrateSlices")}
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
                                 checkpoint_minutes = 3, resume = FALSE, threads = NULL, verbose = TRUE,
                                 micrometres_per_unit = NULL, slice_key = NULL, ...) {
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  kind <- kind_of_slices(object)
  for (one in object) require_object(one, "IntegrateSlices() on Seurat objects")
  refuse_settings(object[[1L]], list(layer = layer, reduction.key = reduction.key), kind)
  reduction.name <- reduction.name %||% default_reduction(object[[1L]])
  check_names_to_write(slice_by %||% "slice", reduction.name, reduction.key)
  object <- stats::setNames(object, slice_names(object, slice_by %||% SLICE_COLUMNS))
  slice_by <- slice_by %||% "slice"
  cells <- names_apart(lapply(object, function(one) cell_names(one)))
  slices <- quietly(verbose, Map(function(one, name, coordinates) {
    in_slice(name, slice_of(one, assay, layer, coordinates, condition_key))
  }, object, names(object), coordinates_by_slice(coordinates, length(object))))
  for (i in seq_along(slices)) colnames(slices[[i]]$counts) <- cells[[i]]

  named <- !all(vapply(object, function(one) is.null(colnames(one)), NA))
  merged <- join_slices(object, if (named) cells, slice_by, reduction.name)
  training <- training_settings(
    n_domains, config, seed, device, checkpoint, checkpoint_minutes, resume, threads, verbose, micrometres_per_unit
  )
  result <- integrate_python(slices, slice_by, condition_key, correction, training)
  assay <- quietly(FALSE, assay_to_read(merged, assay))
  merged <- add_embedding(merged, result, reduction.name, reduction.key, assay)
  merged <- add_domains(merged, result, reduction.name)
  if (kind != "Seurat") {
    return(merged)
  }
  # Seurat's log reads the frame and the call that it is called from, so that no generic can call it.
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
                                   micrometres_per_unit = NULL, slice_key = NULL, ...) {
  require_object(object, "IntegrateSlices() on a Seurat object")
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  assay <- quietly(verbose, assay_to_read(object, assay))
  part <- quietly(verbose, part_with(object, assay))
  slice_by <- slice_by %||% usual_slices(part)
  training <- training_settings(
    n_domains, config, seed, device, checkpoint, checkpoint_minutes, resume, threads, verbose, micrometres_per_unit
  )
  object <- integrate_object(
    object, part, slice_by, condition_key, correction, assay, layer, coordinates, reduction.name, reduction.key, training
  )
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
                                                 threads = NULL, verbose = TRUE, micrometres_per_unit = NULL,
                                                 slice_key = NULL, ...) {
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  require_object(object)
  slice_by <- slice_by %||% usual_slices(object)
  training <- training_settings(
    n_domains, config, seed, device, checkpoint, checkpoint_minutes, resume, threads, verbose, micrometres_per_unit
  )
  integrate_object(
    object, object, slice_by, condition_key, correction, assay, NULL, coordinates, reduction.name, NULL, training
  )
}

#' @rdname IntegrateSlices
#' @export
IntegrateSlices.SpatialExperiment <- IntegrateSlices.SingleCellExperiment

#' @rdname IntegrateSlices
#' @export
IntegrateSlices.default <- function(object, ...) {
  input_error("object", describe_class(object), SLICES_EXPECTED)
}

# `part`: the object on the cells of the assay that is read.
integrate_object <- function(object, part, slice_by, condition_key, correction, assay, layer, coordinates, reduction.name,
                             reduction.key, training) {
  check_names_to_write(slice_by, reduction.name, reduction.key)
  quietly(training$verbose, {
    of <- cell_slices(part, slice_by, assay)
    conditions <- condition_column(cell_table(part), condition_key)
    cells <- cell_names(part)
    apart <- names_over_slices(cells, of)
    place <- cell_places(part, NULL, coordinates, apart, of)
    counts <- read_counts(part, assay, layer, of)
  })
  result <- integrate_python(pieces_of(counts, apart, place, conditions, of), slice_by, condition_key, correction, training)
  result <- in_order_of(result, cells, apart, of)
  if (!slice_by %in% colnames(cell_table(object))) {
    object <- add_columns(object, stats::setNames(list(of), slice_by), cells)
  }
  object <- add_embedding(forget_tree(object, reduction.name), result, reduction.name, reduction.key, assay)
  add_domains(object, result, reduction.name)
}
