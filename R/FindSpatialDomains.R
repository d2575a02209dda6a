#' Cluster the embedding of a run again
#'
#' Groups the cells by the embedding that [RunSpotscape()] or [IntegrateSlices()] left in the object, with
#' another number of domains or another method, without training again: `spotscape.tl.spatial_domains` in
#' Python.
#'
#' @inheritParams RunSpotscape
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object after [RunSpotscape()], or an
#'   embedding as a numeric matrix, cells x dimensions.
#' @param n_domains Number of domains; `NULL` has it suggested, except for Leiden, which then follows
#'   `resolution`.
#' @param method `"gmm"`: Gaussian mixture with one covariance shared by all domains (mclust's EEE);
#'   `"kmeans"`; `"leiden"`.
#' @param smooth Give each cell the most frequent label among itself and its neighbours in the tissue.
#'   Needs coordinates, found as in [RunSpotscape()]; after [IntegrateSlices()], neighbours are of the same
#'   slice.
#' @param resolution Leiden's, where `n_domains` is `NULL`.
#' @param n_starts Starts of the mixture and of K-means; the best is kept.
#' @param unit_rows Go by the direction of the embedding only: scale each cell's to unit length first. `NULL`: as
#'   the run did, which is yes for one slice, where the method compares embeddings by cosine, and no for several.
#' @param reduction Name of the reduction to read; the domains' column is named after it.
#' @return The same object with new domains (and, for Seurat, identities). For a matrix, a factor named
#'   by cell.
#' @examplesIf spotscape_available()
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
FindSpatialDomains.Seurat <- function(object, n_domains = NULL, method = "gmm", smooth = FALSE, resolution = 1,
                                      seed = 0L, n_starts = 10L, unit_rows = NULL, image = NULL, coordinates = NULL,
                                      reduction = "spotscape", ...) {
  require_packages("SeuratObject", "FindSpatialDomains() on a Seurat object")
  no_more_arguments(...)
  check_string("reduction", reduction)
  run <- run_of(object, reduction)
  place <- if (isTRUE(smooth)) seurat_places(object, image, coordinates, run$slices)
  result <- cluster_python(run, place, n_domains, method, smooth, resolution, seed, n_starts, unit_rows)
  object <- seurat_add_domains(object, result$domains, reduction)
  kept <- object[[reduction]]
  methods::slot(kept, "misc")$domains <- result$info$domains
  object[[reduction]] <- kept
  coordinates <- loggable(coordinates)
  SeuratObject::LogSeuratCommand(object)
}

#' @rdname FindSpatialDomains
#' @export
FindSpatialDomains.SingleCellExperiment <- function(object, n_domains = NULL, method = "gmm", smooth = FALSE,
                                                    resolution = 1, seed = 0L, n_starts = 10L, unit_rows = NULL,
                                                    coordinates = NULL, reduction = "SPOTSCAPE", ...) {
  require_bioconductor(object)
  no_more_arguments(...)
  check_string("reduction", reduction)
  run <- run_of(object, reduction)
  place <- if (isTRUE(smooth)) sce_places(object, coordinates, run$cells, run$slices)
  result <- cluster_python(run, place, n_domains, method, smooth, resolution, seed, n_starts, unit_rows)
  info <- run$info
  info$domains <- result$info$domains
  object <- sce_set_info(object, info, reduction)
  sce_add_domains(object, result$domains, reduction)
}

#' @rdname FindSpatialDomains
#' @export
FindSpatialDomains.SpatialExperiment <- FindSpatialDomains.SingleCellExperiment

#' @rdname FindSpatialDomains
#' @export
FindSpatialDomains.default <- function(object, n_domains = NULL, method = "gmm", smooth = FALSE, resolution = 1,
                                       seed = 0L, n_starts = 10L, unit_rows = NULL, coordinates = NULL, ...) {
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
  place <- if (isTRUE(smooth)) as_coordinates(coordinates, cells, "coordinates")
  run <- list(embedding = object, cells = cells)
  cluster_python(run, place, n_domains, method, smooth, resolution, seed, n_starts, unit_rows)$domains
}

check_embedding_name <- function(reduction, known) {
  check_choice("reduction", reduction, known, "Call RunSpotscape() first, or name the reduction it wrote.")
}

# `run`: what run_of() gives, or an embedding and its cells.
cluster_python <- function(run, coordinates, n_domains, method, smooth, resolution, seed, n_starts, unit_rows) {
  require_python()
  bridge <- python_module("interop.reticulate")
  columns <- if (!is.null(run$slices)) list(slice = array(as.character(run$slices)))
  adata <- call_python(bridge$embedding_to_anndata, run$embedding, array(run$cells), coordinates, obs = columns)
  if (!is.null(coordinates)) {
    call_python(python_module("gr")$spatial_neighbors, adata, slice_key = names(columns))
  }
  call_python(
    python_module("tl")$spatial_domains, adata,
    n_domains = scalar_to_python("n_domains", n_domains), method = method, smooth = smooth, resolution = resolution,
    seed = scalar_to_python("seed", seed), n_starts = scalar_to_python("n_starts", n_starts),
    unit_rows = unit_rows %||% run$info$params$unit_rows
  )
  result_to_r(adata, run$cells)
}
