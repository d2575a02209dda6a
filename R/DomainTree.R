#' Domains as a tree
#'
#' Grows a tree of domains: any number of them, nested, from the domains at hand. The domains themselves are one level.
#' Below it, domains merge pair by pair. Above it, they are halved one by one. Each step is the one that the mixture finds
#' likeliest. The computation is `spotscape.tl.domain_tree` in Python.
#'
#' Every level follows from its neighbours: a border that is there at 5 domains is there at 7. [DomainTreePlot()] shows which
#' domain becomes which, and [CutDomainTree()] writes levels as columns. Domains keep their names. Where two merge, that of
#' the larger one stays. Where one is halved, the larger half keeps it, and the other is called by the next number (`"8"`
#' after seven domains), or, where domains have names of their own, by a number after the name.
#'
#' A level is not the grouping that [FindSpatialDomains()] finds for its number, which may draw other borders. On labelled
#' tissue of seven studies, the level with the annotators' number of domains had an adjusted Rand index that was 0.01 lower
#' than that of the grouping where the tree was grown from one domain more, and 0.02 lower from three more. Grown from
#' fewer domains it was not lower. So grow the tree from the number that you trust most.
#'
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object after a run.
#' @param n_domains Numbers of domains of the first and the last level, 2 or more. The number of the domains at hand is
#'   always a level.
#' @param domain_key Column with the domains to grow from; `NULL`: those of the run. Cells without one stay without.
#' @param seed Integer, of K-means, which halves domains.
#' @param reduction Name of the run's embedding; `NULL`: `"spotscape"`, or `"SPOTSCAPE"` in an experiment.
#' @return The same object, with the domain of each cell at the last level in `spotscape_leaf` (metadata or `colData`), and in
#'   `Misc(object, "spotscape_tree")` or `metadata(object)$spotscape_tree` a list: `n_domains` of each level, ascending;
#'   `leaves`, their names; `levels`, a matrix, levels x leaves, of the number (from 0) of the leaf by whose name the domain
#'   goes; `log_likelihood` of a cell, up to a constant; `grown_from`, how many domains; `domain_key` and `seed`.
#' @section Errors:
#' Of class `spotscape_input_error`: no such embedding or column, one domain only, or numbers that are none of domains.
#' @references Fraley (1998), Algorithms for model-based Gaussian hierarchical clustering, SIAM Journal on Scientific
#'   Computing 20.
#' @seealso [DomainTreePlot()], [CutDomainTree()], [SuggestNDomains()]
#' @eval example_start("DomainTree", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' spe <- DomainTree(spe, n_domains = c(2, 6))
#' spe <- CutDomainTree(spe, n_domains = 2:4)
#' table(spe$spotscape_domain_2, spe$spotscape_domain_4)
#' @export
DomainTree <- function(object, n_domains = c(2L, 15L), domain_key = NULL, seed = 0L, reduction = NULL) {
  run <- run_of(object, reduction)
  column <- domain_key %||% domain_column(run$stem)
  check_column_name("domain_key", column, run$table)
  adata <- run_to_python(run, columns = column)
  call_verb(
    "domain_tree", adata,
    n_domains = lapply(n_domains, scalar_to_python, name = "n_domains"), domain_key = column,
    seed = scalar_to_python("seed", seed)
  )
  found <- verb_to_r(adata, "spotscape_leaf", uns = "spotscape_tree")
  tree <- found$record
  tree$n_domains <- as.integer(tree$n_domains)
  tree$leaves <- as.character(unlist(tree$leaves))
  tree$levels <- matrix(as.integer(tree$levels), ncol = length(tree$leaves))
  leaf <- factor(found$obs$spotscape_leaf, tree$leaves)
  object <- add_columns(object, stats::setNames(list(leaf), leaf_column(run$stem)), run$cells)
  add_record(object, tree_name(run$stem), tree)
}

# The object without a tree that was grown in an earlier embedding.
forget_tree <- function(object, reduction) {
  stem <- tolower(reduction)
  if (is.null(object_misc(object)[[tree_name(stem)]])) {
    return(object)
  }
  object <- add_record(object, tree_name(stem), NULL)
  add_columns(object, stats::setNames(list(NULL), leaf_column(stem)))
}

# The column with the leaf of each cell, and the record of the levels.
leaf_column <- function(stem) paste0(stem, "_leaf")

tree_name <- function(stem) paste0(stem, "_tree")

# The tree that DomainTree() left: its `record`, the `leaf` of each cell as a factor of all leaves, and the `stem`.
tree_of <- function(object, reduction) {
  check_object(object)
  reduction <- reduction %||% default_reduction(object)
  check_string("reduction", reduction)
  stem <- tolower(reduction)
  record <- object_misc(object)[[tree_name(stem)]]
  if (!is.list(record) || !all(c("n_domains", "leaves", "levels") %in% names(record))) {
    input_error("object", "no tree of domains", "one that DomainTree() left", "Call DomainTree() first.")
  }
  column <- leaf_column(stem)
  table <- cell_table(object)
  check_column_name("object", column, table, "Call DomainTree() first.")
  record$leaves <- as.character(unlist(record$leaves))
  record$levels <- matrix(as.integer(record$levels), ncol = length(record$leaves))
  leaf <- as.character(table[[column]])
  strange <- setdiff(leaf, c(record$leaves, NA))
  if (length(strange)) {
    input_error(
      sprintf("column '%s'", column), sprintf("'%s', which is no leaf of the tree", strange[[1L]]),
      "the leaves that DomainTree() gave", "Call DomainTree() again."
    )
  }
  list(record = record, leaf = factor(leaf, record$leaves), stem = stem)
}
