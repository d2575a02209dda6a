#' Order the cells along the change of the tissue
#'
#' The pseudo-spatiotemporal map: diffusion pseudotime on the embedding of [RunSpotscape()] or [IntegrateSlices()], and
#' PAGA over the domains. Several slices in one space are ordered together.
#'
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object after a run.
#' @param root Where time starts: the name of a cell, a domain or a gene (looked for in this order), or a position on
#'   the tissue as `c(x, y)`; or a list that says which is meant: `list(domain = "3")`, `list(gene = "MBP")`,
#'   `list(spot = "AAAC-1")`, `list(position = c(10, 20))`. `NULL` takes an end of the first diffusion component, and
#'   says which in a warning: time has no direction without a root.
#' @param n_neighbors Neighbours in the embedding, 2 or more; not more than a quarter of the cells are taken.
#' @param domain_key Column with the groups that PAGA connects; `NULL`: the run's domains.
#' @param seed Integer, of the approximate search for neighbours.
#' @param assay,layer,image,coordinates Where the counts (for a root by gene) and the places (for a root by position)
#'   are, as in [RunSpotscape()].
#' @param reduction Name of the run's embedding; `NULL`: `"spotscape"`, or `"SPOTSCAPE"` in an experiment.
#' @return The same object, with `spotscape_pseudotime` (0 at the root to 1; `NA` where no path leads) in its metadata or
#'   `colData`, and the root, why it is that, and PAGA's connectivities in `Misc(object, "spotscape_pseudotime")` or
#'   `metadata(object)$spotscape_pseudotime`.
#' @section Errors:
#' Of class `spotscape_input_error`: no such embedding, a root that does not exist or whose name is of several things,
#' fewer than 20 cells.
#' @references Haghverdi et al. (2016), Nature Methods 13; Wolf et al. (2019), Genome Biology 20.
#' @seealso [SpatialDomainPlot()]
#' @eval example_start("RunSpatialPseudotime", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' spe <- RunSpatialPseudotime(spe, root = list(domain = "1"))
#' summary(spe$spotscape_pseudotime)
#' @export
RunSpatialPseudotime <- function(object, root = NULL, n_neighbors = 100L, domain_key = NULL, seed = 0L, assay = NULL,
                                 layer = NULL, image = NULL, coordinates = NULL, reduction = NULL) {
  run <- run_of(object, reduction)
  column <- domain_key %||% domain_column(run$stem)
  if (!is.null(domain_key)) check_column_name("domain_key", domain_key, run$table)
  kind <- if (is.list(root)) names(root) else if (is.numeric(root)) "position" else "name"
  adata <- run_to_python(
    run,
    columns = intersect(column, colnames(run$table)),
    counts = if (!is.null(root) && any(kind %in% c("gene", "name"))) run_counts(run$part, assay, layer),
    places = if ("position" %in% kind) run_places(run$part, run, image, coordinates)
  )
  call_verb(
    "pseudotime", adata,
    root = root_to_python(root), n_neighbors = scalar_to_python("n_neighbors", n_neighbors),
    domain_key = column_or_null(column, run), seed = scalar_to_python("seed", seed)
  )
  found <- verb_to_r(adata, "spotscape_pseudotime", uns = "spotscape_pseudotime")
  name <- sprintf("%s_pseudotime", run$stem)
  if (!is.null(found$record$groups)) {
    found$record$groups <- as.character(unlist(found$record$groups))
    dimnames(found$record$connectivities) <- list(found$record$groups, found$record$groups)
  }
  object <- add_columns(object, stats::setNames(found$obs, name), run$cells)
  add_record(object, name, found$record)
}

column_or_null <- function(column, run) if (column %in% colnames(run$table)) column

# A vector of numbers as a list, which Python takes as a position.
root_to_python <- function(root) {
  if (is.list(root)) {
    return(do.call(reticulate::dict, lapply(root, function(x) if (is.numeric(x) && length(x) > 1L) as.list(x) else x)))
  }
  if (is.numeric(root) && length(root) > 1L) as.list(root) else root
}
