#' Levels of a tree of domains as columns
#'
#' Writes the domains of one level of the tree, or of several, as columns. It takes milliseconds, and no Python.
#' `spotscape.tl.cut_domain_tree` in Python writes the same.
#'
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object after [DomainTree()], or a part of its cells.
#' @param n_domains The number of domains of the level, or several.
#' @param reduction Name of the run's embedding; `NULL`: `"spotscape"`, or `"SPOTSCAPE"` in an experiment.
#' @return The same object, with a factor `spotscape_domain_<number>` for each number in its metadata or `colData`: domains by
#'   the names that they have in the tree. Other functions take it as `domain_key` or `group.by`. The columns are also what
#'   `clustree::clustree(object, prefix = "spotscape_domain_")` asks for.
#' @section Errors:
#' Of class `spotscape_input_error`: the object holds no tree, or the tree has no such level.
#' @seealso [DomainTree()], [DomainTreePlot()]
#' @eval example_start("CutDomainTree", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' spe <- CutDomainTree(DomainTree(spe, n_domains = c(2, 6)), n_domains = 3)
#' SpatialDomainPlot(spe, group.by = "spotscape_domain_3")
#' @export
CutDomainTree <- function(object, n_domains, reduction = NULL) {
  tree <- tree_of(object, reduction)
  known <- as.integer(tree$record$n_domains)
  if (!is.numeric(n_domains) || !length(n_domains) || !all(n_domains %in% known)) {
    input_error(
      "n_domains", describe(n_domains), sprintf("integers from %d to %d", min(known), max(known)),
      "Grow the tree further by n_domains = of DomainTree()."
    )
  }
  columns <- lapply(n_domains, function(number) {
    of_leaf <- tree$record$leaves[tree$record$levels[match(number, known), ] + 1L]
    droplevels(factor(of_leaf[as.integer(tree$leaf)], tree$record$leaves))
  })
  names(columns) <- sprintf("%s_%d", domain_column(tree$stem), as.integer(n_domains))
  add_columns(object, columns, colnames(object))
}
