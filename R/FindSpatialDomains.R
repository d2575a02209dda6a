#' Cluster the embedding of a run again
#'
#' Groups the cells by the embedding that [RunSpotscape()] or [IntegrateSlices()] left in the object, with
#' another number of domains or another method: `spotscape.tl.spatial_domains` in
#' Python. With the arguments that the run had, the domains are the run's.
#'
#' Grouping looks at the embedding alone; only `smooth`, and a number of domains to be suggested, ask where the cells lie.
#' Coordinates are found as in [RunSpotscape()], so give `coordinates` or `image` again where the run needed them.
#' After [IntegrateSlices()], neighbours are of the same slice.
#'
#' @inheritParams RunSpotscape
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object after [RunSpotscape()], or an
#'   embedding as a numeric matrix, cells x dimensions.
#' @param n_domains Number of domains; `NULL` has it suggested, except for Leiden, which then follows
#'   `resolution`. Where another number than this is found, a warning says so.
#' @param method `"gmm"`: a Gaussian mixture, with one covariance shared by all domains (mclust's EEE), drawn towards a
#'   round one where there are few cells (Friedman 1989, Regularized discriminant analysis, JASA 84). `"kmeans"`.
#'   `"leiden"`. `NULL`: as the run did, by default the mixture.
#' @param smooth Give each cell the most frequent label among itself and its neighbours in the tissue. Needs
#'   coordinates.
#' @param resolution Leiden's, where `n_domains` is `NULL`.
#' @param n_starts Starts of the mixture and of K-means; the best is kept.
#' @param reduction Name of the reduction to read; the domains' columns are named after it.
#' @return The same object with new domains (and, for Seurat, identities) in `<reduction>_domain`, and in
#'   `<reduction>_confidence` how often a cell like this one is in its right domain, 0 to 1, as annotated tissue has
#'   it: made from the mixture's probability of its domain. K-means and Leiden give none, and the column
#'   goes. For a matrix, a factor named by cell.
#' @examples
#' \dontshow{spotscape:::example_results("FindSpatialDomains")}
#' set.seed(1)
#' towards <- rep(1:2, c(30, 20)) # 30 cells lie along the first axis, 20 along the second
#' embedding <- 9 * diag(2)[towards, ] + matrix(rnorm(100), 50)
#' table(FindSpatialDomains(embedding, n_domains = 2))
#' @export
FindSpatialDomains <- function(object, ...) {
  UseMethod("FindSpatialDomains")
}

#' @rdname FindSpatialDomains
#' @export
FindSpatialDomains.Seurat <- function(object, n_domains = NULL, method = NULL, smooth = FALSE, resolution = 1,
                                      seed = 0L, n_starts = 10L, image = NULL, coordinates = NULL,
                                      reduction = "spotscape", ...) {
  require_object(object, "FindSpatialDomains() on a Seurat object")
  no_more_arguments(...)
  check_string("reduction", reduction)
  run <- run_of(object, reduction)
  method <- method_of(run, method)
  object <- cluster_object(
    object, run, n_domains, method, smooth, resolution, seed, n_starts, image, coordinates, reduction
  )
  coordinates <- loggable(coordinates)
  SeuratObject::LogSeuratCommand(object)
}

#' @rdname FindSpatialDomains
#' @export
FindSpatialDomains.SingleCellExperiment <- function(object, n_domains = NULL, method = NULL, smooth = FALSE,
                                                    resolution = 1, seed = 0L, n_starts = 10L,
                                                    coordinates = NULL, reduction = "SPOTSCAPE", ...) {
  require_object(object)
  no_more_arguments(...)
  check_string("reduction", reduction)
  run <- run_of(object, reduction)
  method <- method_of(run, method)
  cluster_object(object, run, n_domains, method, smooth, resolution, seed, n_starts, NULL, coordinates, reduction)
}

#' @rdname FindSpatialDomains
#' @export
FindSpatialDomains.SpatialExperiment <- FindSpatialDomains.SingleCellExperiment

#' @rdname FindSpatialDomains
#' @export
FindSpatialDomains.default <- function(object, n_domains = NULL, method = NULL, smooth = FALSE, resolution = 1,
                                       seed = 0L, n_starts = 10L, coordinates = NULL, ...) {
  no_more_arguments(...)
  if (!is.matrix(object) || !is.numeric(object)) {
    input_error(
      "object", describe_class(object),
      "a Seurat, SpatialExperiment or SingleCellExperiment object, or an embedding (numeric matrix, cells x dimensions)"
    )
  }
  cells <- rownames(object) %||% as.character(seq_len(nrow(object)))
  if (isTRUE(smooth) && is.null(coordinates)) {
    input_error("coordinates", "NULL", "a row (x, y) for each cell", "`smooth` looks at neighbours in the tissue.")
  }
  run <- list(embedding = object, cells = cells)
  method <- method_of(run, method)
  place <- if (needs_places(smooth, n_domains, !is.null(coordinates))) as_coordinates(coordinates, cells, "coordinates")
  cluster_python(run, place, n_domains, method, smooth, resolution, seed, n_starts)$domains
}

cluster_object <- function(object, run, n_domains, method, smooth, resolution, seed, n_starts, image, coordinates,
                           reduction) {
  known <- has_places(object) || !is.null(image) || !is.null(coordinates)
  place <- NULL
  if (needs_places(smooth, n_domains, known)) {
    run <- with_lost_slices(run, coordinates)
    place <- run_places(run$part, run, image, coordinates)
  }
  result <- cluster_python(run, place, n_domains, method, smooth, resolution, seed, n_starts)
  object <- add_domains(object, result, reduction)
  info <- run$info
  info$domains <- result$info$domains
  write_info(object, info, reduction)
}

check_embedding_name <- function(reduction, known) {
  check_choice("reduction", reduction, known, "Call RunSpotscape() first, or name the reduction it wrote.")
}

# As asked, or as the run did.
method_of <- function(run, method) method %||% run$info$params$cluster_method %||% "gmm"

# Whether to ask an object where its cells lie. Smoothing needs it, and says what is missing; a suggested number of domains
# counts how many neighbours a cell has, where the object says so.
needs_places <- function(smooth, n_domains, known) isTRUE(smooth) || is.null(n_domains) && known

# Whether a run was over several slices, and which cell is of which is not known any more.
slices_are_lost <- function(run) is.null(run$slices) && !is.null(run$info$integration)

# The run with its slices, where the object itself can say which they are.
with_lost_slices <- function(run, coordinates) {
  if (slices_are_lost(run) && is.null(coordinates)) run$slices <- lost_slices(run$part)
  run
}

refuse_lost_slices <- function(run) {
  if (slices_are_lost(run)) {
    # Slices may lie on each other: cells of two would become neighbours.
    key <- run$info$integration$slice_key
    input_error(
      sprintf("column '%s'", key), "nothing there", "the slice of each cell, as the run was over several",
      "Add the column to the object."
    )
  }
}

# The embedding of a run, with the spatial graph where coordinates are given. `run`: what run_of() gives, or an embedding and
# its cells.
embedding_in_python <- function(run, coordinates) {
  if (!is.null(coordinates)) refuse_lost_slices(run)
  require_python()
  bridge <- python_module("interop.reticulate")
  columns <- if (!is.null(run$slices)) list(slice = array(as.character(run$slices)))
  adata <- call_python(bridge$embedding_to_anndata, run$embedding, array(run$cells), coordinates, obs = columns)
  if (!is.null(coordinates)) {
    call_python(python_module("gr")$spatial_neighbors, adata, slice_key = names(columns))
  }
  adata
}

cluster_python <- function(run, coordinates, n_domains, method, smooth, resolution, seed, n_starts) {
  adata <- embedding_in_python(run, coordinates)
  call_python(
    python_module("tl")$spatial_domains, adata,
    n_domains = scalar_to_python("n_domains", n_domains), method = method, smooth = smooth, resolution = resolution,
    seed = scalar_to_python("seed", seed), n_starts = scalar_to_python("n_starts", n_starts)
  )
  result_to_r(adata, run$cells)
}
