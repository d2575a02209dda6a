#' Find the spatial domains of one slice
#'
#' Gives the same object back with an embedding and the spatial domains in it. The computation is
#' `spotscape.tl.run_spotscape` in Python, and the numbers are the same as there.
#'
#' What happens to a slice, in order:
#'
#' 1. Each cell is joined to its neighbours in the tissue.
#' 2. Counts are scaled to the slice's median total, and `log(1 + x)` is taken.
#' 3. The 3,000 genes with the clearest spatial pattern are kept.
#' 4. Twenty components are made: directions of expression that vary over the tissue and not between neighbours. Each
#'    cell's components are averaged over two rings of neighbours.
#' 5. The averages are given new axes, in which differences between groups of cells weigh more than differences within
#'    them.
#' 6. A Gaussian mixture groups the cells into domains, and says how sure it is.
#'
#' None of these steps is trained. `config = "paper"` trains the published graph autoencoder in place of steps 4 and 5,
#' and takes the published settings elsewhere.
#'
#' Cells keep their order. Images, other reductions and other assays stay as they are. If a run fails or is interrupted
#' (Ctrl-C, Esc), your object is as it was.
#'
#' @section What is written:
#' | what | Seurat | SpatialExperiment, SingleCellExperiment |
#' | --- | --- | --- |
#' | embedding, 20 columns | reduction `spotscape`, key `SPOTSCAPE_` | `reducedDim(x, "SPOTSCAPE")` |
#' | domains | metadata `spotscape_domain`, and `Idents` | `colData(x)$spotscape_domain` |
#' | how sure a cell's domain is, 0 to 1 | metadata `spotscape_confidence` | `colData(x)$spotscape_confidence` |
#' | parameters, versions | `Misc(x[["spotscape"]])` and the command log | `metadata(x)$spotscape` |
#' | model | `Misc(x, "spotscape_model")` | `metadata(x)$spotscape_model` |
#'
#' Another `reduction.name` changes the other names with it, so that two runs can stand side by side. The embedding has
#' as many columns as `config$n_components`, fewer where there are few genes or cells. The first columns tell groups of
#' cells apart best. K-means (`config = "paper"`) does not say how sure a domain is. Then no column says it, and an
#' earlier one is removed: see [FindSpatialDomains()].
#'
#' @section Coordinates:
#' From a Seurat object: the image (VisiumV1, VisiumV2, FOV, SlideSeq or STARmap), in full-resolution units.
#' From a SpatialExperiment: `spatialCoords`. Otherwise, or to override these: `coordinates`. Of several images, one that
#' holds all cells is taken.
#'
#' Columns are told apart by their names, in any order. The one with the word `x` or `col` in its name is x, to the right
#' (`x`, `pxl_col_in_fullres`, `imagecol`, `array_col`, `col`, `x_centroid`). The one with `y` or `row` is y, downward.
#' Columns whose names say nothing are taken in their order. A message says which column was taken as x, unless they are
#' called x and y. A column `cell`, as `GetTissueCoordinates()` adds, gives the names of the rows.
#'
#' @section One slice:
#' A run is refused where the object holds several slices, also with `coordinates`. These are samples of a
#' SpatialExperiment, images that hold different cells, a column `slice` or `sample_id`, or split layers without an image
#' that holds all cells. [IntegrateSlices()] takes several.
#'
#' @section Counts:
#' A run needs raw counts only. `NormalizeData()`, `ScaleData()` and `RunPCA()` are not needed, and do not change the
#' result. Where `SCTransform()` has made its assay the default, counts are taken from the assay that it started from.
#' `assay = "SCT"` takes the corrected counts. The default assay may have a part of the cells only, as Visium HD has an
#' assay for each size of bins. The run is then on these, and the others get `NA`.
#'
#' Counts are whole numbers. Other values are refused, unless `config = list(fractional_counts = TRUE)` is set. The run
#' then takes values of 0 or more that are not whole, such as decontaminated or volume-normalised counts. They are scaled
#' and logged as counts are, and a warning says what that does to the results. Values that were logged or scaled before
#' give wrong results.
#'
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object, or a matrix (dense or
#'   sparse) of raw counts, genes x cells.
#' @param n_domains Number of domains; `NULL` has it suggested from the data (see [SuggestNDomains()]).
#' @param config Settings of the run: `NULL` (the default settings), the name of a preset (`"default"`,
#'   `"paper"`), or a named list of settings to change, such as `list(n_components = 30)`. Its element `preset` names the
#'   settings to start from. `list(fractional_counts = TRUE)` takes counts that are not whole, with a warning.
#' @param seed Integer of 0 or more that all randomness of the run comes from. The same seed, machine and number of
#'   threads give the same result to the bit. R's own random numbers are not used.
#' @param device `"auto"` (an NVIDIA GPU if there is one), `"cpu"`, `"cuda"`, `"cuda:1"`, `"mps"`. An NVIDIA GPU does what
#'   is large after the choice of genes: covariances, the rings of neighbours, the axes in which groups differ, domains, a
#'   training. Where its memory is too small, the CPU does the step, and a warning says so. Apple's GPU (`"mps"`) trains,
#'   and nothing else.
#' @param assay Name of the assay with the counts. `NULL`: the default assay (Seurat), or `"counts"`.
#' @param layer Name of the layer with raw counts; `NULL` means `"counts"`. Where the assay holds several
#'   (`counts.1`, `counts.2`), they are joined for the run.
#' @param image Name of the image whose coordinates to use; `NULL` where there is one only. The record of the run keeps
#'   it, and [SpatialDomainPlot()] draws by it.
#' @param coordinates Names of two or three columns of the metadata (`colData`), or a numeric matrix or
#'   data frame with a row per cell.
#' @param micrometres_per_unit How many micrometres one unit of the coordinates is, for a `scale` given as a distance. `NULL`
#'   where that is not known.
#' @param reduction.name,reduction.key Name of the reduction to write, and the key of its columns (`NULL`: the
#'   name in capitals). The domains' columns are named `<reduction.name>_domain` and `<reduction.name>_confidence` (in
#'   lower case in a SpatialExperiment).
#' @param checkpoint File in which a long run saves its state, so that a killed one can go on; `NULL` for none. A
#'   training saves it as it goes, any other run after the spatial graph and after the embedding. It has the system's
#'   usual permissions and holds no code. It stays after the run: delete it then.
#' @param checkpoint_minutes Minutes between writes of it, and before the first; 0 writes after every epoch or step.
#' @param resume Go on from the checkpoint, where there is one; the result is that of a run without a break. The data
#'   and all settings have to be the same.
#' @param threads Threads to compute with, kept for the whole run and restored after it; `NULL` takes
#'   `OMP_NUM_THREADS`, else as many as the process may use.
#' @param verbose Show messages, and the progress of a training: epoch, loss, memory in use, time left.
#' @param ... Passed to methods; nothing else is taken.
#' @return The same object with the result in it. For a matrix, a list: `embedding` (cells x
#'   dimensions), `domains` (a factor named by cell), `confidence` (numbers named by cell, or `NULL`), `info`
#'   (parameters, versions), `model` (what puts other slices into the same space).
#' @seealso [RunSpatialPseudotime()], [ImputeExpression()] and [SaveSpotscape()] for what follows a run; [IntegrateSlices()]
#'   for several slices, [FindSpatialDomains()] to cluster again, [SpatialDomainPlot()]; `vignette("spotscape")`.
#' @examples
#' \dontshow{spotscape:::example_results("RunSpotscape")}
#' # A small simulated slice, laid out as Space Ranger does
#' folder <- system.file("extdata", "slice", package = "spotscape")
#' counts <- Matrix::readMM(gzfile(file.path(folder, "filtered_feature_bc_matrix", "matrix.mtx.gz")))
#' place <- read.csv(file.path(folder, "spatial", "tissue_positions.csv"), row.names = "barcode")
#' place <- place[c("pxl_col_in_fullres", "pxl_row_in_fullres")]
#' dimnames(counts) <- list(paste0("gene", seq_len(nrow(counts))), rownames(place))
#'
#' result <- RunSpotscape(counts, coordinates = place, n_domains = 5)
#' table(result$domains)
#'
#' if (requireNamespace("SpatialExperiment", quietly = TRUE)) {
#'   spe <- SpatialExperiment::SpatialExperiment(
#'     assays = list(counts = counts), spatialCoords = as.matrix(place)
#'   )
#'   spe <- RunSpotscape(spe, n_domains = 5, verbose = FALSE)
#'   table(spe$spotscape_domain)
#' }
#' @export
RunSpotscape <- function(object, ...) {
  UseMethod("RunSpotscape")
}

#' @rdname RunSpotscape
#' @export
RunSpotscape.Seurat <- function(object, n_domains = NULL, config = NULL, seed = 0L, device = "auto", assay = NULL,
                                layer = NULL, image = NULL, coordinates = NULL, reduction.name = "spotscape",
                                reduction.key = NULL, checkpoint = NULL, checkpoint_minutes = 3, resume = FALSE,
                                threads = NULL, verbose = TRUE, micrometres_per_unit = NULL, ...) {
  require_object(object, "RunSpotscape() on a Seurat object")
  no_more_arguments(...)
  check_string("reduction.name", reduction.name)
  if (!is.null(reduction.key)) check_string("reduction.key", reduction.key)
  assay <- quietly(verbose, assay_to_read(object, assay))
  training <- training_settings(
    n_domains, config, seed, device, checkpoint, checkpoint_minutes, resume, threads, verbose, micrometres_per_unit
  )
  object <- run_object(object, assay, layer, image, coordinates, reduction.name, reduction.key, training)
  config <- loggable(config)
  coordinates <- loggable(coordinates)
  SeuratObject::LogSeuratCommand(object)
}

#' @rdname RunSpotscape
#' @export
RunSpotscape.SingleCellExperiment <- function(object, n_domains = NULL, config = NULL, seed = 0L, device = "auto",
                                              assay = NULL, coordinates = NULL, reduction.name = "SPOTSCAPE",
                                              checkpoint = NULL, checkpoint_minutes = 3, resume = FALSE,
                                              threads = NULL, verbose = TRUE, micrometres_per_unit = NULL, ...) {
  require_object(object)
  no_more_arguments(...)
  check_string("reduction.name", reduction.name)
  training <- training_settings(
    n_domains, config, seed, device, checkpoint, checkpoint_minutes, resume, threads, verbose, micrometres_per_unit
  )
  run_object(object, assay, NULL, NULL, coordinates, reduction.name, NULL, training)
}

#' @rdname RunSpotscape
#' @export
RunSpotscape.SpatialExperiment <- RunSpotscape.SingleCellExperiment

#' @rdname RunSpotscape
#' @export
RunSpotscape.default <- function(object, n_domains = NULL, config = NULL, seed = 0L, device = "auto",
                                 coordinates = NULL, checkpoint = NULL, checkpoint_minutes = 3, resume = FALSE,
                                 threads = NULL, verbose = TRUE, micrometres_per_unit = NULL, ...) {
  no_more_arguments(...)
  if (length(dim(object)) != 2L || is.data.frame(object)) {
    input_error(
      "object", describe_class(object),
      "a Seurat, SpatialExperiment or SingleCellExperiment object, or a matrix of counts (genes x cells)"
    )
  }
  if (is.null(coordinates)) {
    input_error("coordinates", "NULL", "a matrix or data frame with a row (x, y) for each column of `object`")
  }
  counts <- as_counts(object, "object")
  place <- quietly(verbose, as_coordinates(coordinates, colnames(counts), "coordinates"))
  training <- training_settings(
    n_domains, config, seed, device, checkpoint, checkpoint_minutes, resume, threads, verbose, micrometres_per_unit
  )
  run_python(counts, place, training)
}

run_object <- function(object, assay, layer, image, coordinates, reduction.name, reduction.key, training) {
  quietly(training$verbose, {
    part <- part_with(object, assay)
    check_one_slice(part, image, assay)
    counts <- joined_counts(part, assay, layer, training$verbose)
    place <- cell_places(part, image, coordinates)
  })
  result <- run_python(counts, place, training)
  result$info$image <- image
  object <- add_embedding(forget_tree(object, reduction.name), result, reduction.name, reduction.key, assay)
  add_domains(object, result, reduction.name)
}

# S3 methods take `...`; a misspelt argument must not vanish in it.
no_more_arguments <- function(...) {
  given <- names(list(...))
  if (...length()) {
    found <- if (is.null(given)) sprintf("%d unnamed arguments", ...length()) else name_list(given)
    arguments <- setdiff(names(formals(sys.function(-1L))), c("object", "..."))
    input_error("...", found, paste("none but", name_list(arguments, 20L)))
  }
}
