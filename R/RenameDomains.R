#' Domains under new names
#'
#' Gives domains names that say what they are. Their order and confidence stay. Python has it as
#' `spotscape.tl.rename_domains`.
#'
#' @inheritParams FindDomainMarkers
#' @param names New names by the old, as `c("1" = "white matter")`; domains that are not among them keep their own. Or the
#'   table of [SuggestDomainNames()]: its sure names are taken, and unsure domains keep their own.
#' @param merge Make one domain of those that get the same name. It has the place of the first. Its confidence stays that of
#'   the parts, which is a lower bound. What the parts alone had goes, such as the graph over domains of
#'   [RunSpatialPseudotime()].
#' @param reduction Name of the reduction of the run; `NULL` for the usual one.
#' @return The object with the same domains under new names. Identities of a Seurat object follow where they were the
#'   domains. The record of the run has the history, of its own domains: `domains$renamed`, with `from` and `to` of each
#'   call. Domains found anew have none.
#' @section Errors:
#' Of class `spotscape_input_error`: there are no domains, an old name is unknown, a new one is no text, or two domains would
#' have the same name without `merge`.
#' @seealso [SuggestDomainNames()]
#' @eval example_start("RenameDomains", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' spe <- RenameDomains(spe, c("1" = "white matter", "3" = "rim"))
#' table(spe$spotscape_domain)
#' @export
RenameDomains <- function(object, names, merge = FALSE, domain_key = NULL, reduction = NULL) {
  check_object(object)
  reduction <- reduction %||% default_reduction(object)
  check_string("reduction", reduction)
  stem <- column_stem(object, reduction)
  own <- domain_column(stem)
  column <- domain_key %||% own
  table <- cell_table(object)
  check_column_name("domain_key", column, table, if (is.null(domain_key)) "Call RunSpotscape() first.")
  before <- as_plain(table[[column]])
  before <- if (is.factor(before)) before else factor(as.character(before))
  old <- levels(before)
  require_python()
  new <- as.character(unlist(reticulate::py_to_r(call_python(
    python_module("annotation.renaming")$new_names, as.list(old), names_to_python(names), merge = merge
  ))))
  after <- before
  levels(after) <- new
  object <- add_columns(object, stats::setNames(list(after), column))
  object <- follow_domains(object, before, after)
  object <- renamed_tree(object, reduction, column, old, new)
  if (column != own) {
    return(object)
  }
  if (anyDuplicated(new)) object <- add_columns(object, stats::setNames(list(NULL), sprintf("%s_boundary", stem)))
  info <- read_info(object, reduction)
  if (is.list(info)) object <- write_info(object, renamed_record(info, old, new), reduction)
  name <- sprintf("%s_pseudotime", tolower(reduction))
  time <- object_misc(object)[[name]]
  if (setequal(time$groups, old)) object <- add_record(object, name, renamed_groups(time, old, new))
  object
}

# New names by the old, as a dict.
names_to_python <- function(names) {
  if (is.data.frame(names)) {
    columns <- c("domain", "name")
    if (!all(columns %in% colnames(names))) {
      input_error("names", sprintf("a table with columns %s", name_list(colnames(names))), "columns 'domain' and 'name'")
    }
    if (anyDuplicated(names$domain)) input_error("names", "a domain in two rows", "a row for each domain")
    if (!is.null(names$sure)) names <- names[names$sure, ]
    names <- stats::setNames(as.character(names$name), as.character(names$domain))
  }
  if (!is.character(names) && !is.list(names) || length(names) && is.null(base::names(names))) {
    input_error("names", describe(names), "new names by the old, as in c(\"1\" = \"white matter\")")
  }
  twice <- base::names(names)[duplicated(base::names(names))]
  if (length(twice)) input_error("names", sprintf("two names for domain '%s'", twice[[1L]]), "one")
  reticulate::py_dict(as.list(base::names(names)), lapply(unname(as.list(names)), function(x) if (!anyNA(x)) x))
}

# The record of a run with the history, and with new names where it has the old.
renamed_record <- function(info, old, new) {
  history <- info$domains$renamed
  info$domains$renamed[[as.character(length(history) + 1L)]] <- list(from = old, to = new)
  single <- info$integration$single_slice_domains
  if (length(single)) {
    whole <- vapply(split(old %in% single, factor(new, unique(new))), all, NA)
    info$integration$single_slice_domains <- names(whole)[whole]
  }
  info
}

# The object with the new names in the tree that was grown from the domains; without a tree where names would be lost.
renamed_tree <- function(object, reduction, column, old, new) {
  stem <- column_stem(object, reduction)
  tree <- object_misc(object)[[tree_name(stem)]]
  leaf <- cell_table(object)[[leaf_column(stem)]]
  if (is.null(tree) || is.null(leaf) || !identical(tree$domain_key, column)) {
    return(object)
  }
  follow <- function(names) ifelse(names %in% old, new[match(names, old)], names)
  tree$leaves <- follow(tree$leaves)
  if (anyDuplicated(tree$leaves)) {
    return(forget_tree(object, reduction))
  }
  leaf <- factor(follow(as.character(leaf)), tree$leaves)
  object <- add_columns(object, stats::setNames(list(leaf), leaf_column(stem)))
  add_record(object, tree_name(stem), tree)
}

# The record of pseudotime; without the graph over domains where two of them became one.
renamed_groups <- function(time, old, new) {
  if (anyDuplicated(new)) {
    time[c("groups", "connectivities")] <- NULL
    return(time)
  }
  time$groups <- new[match(time$groups, old)]
  dimnames(time$connectivities) <- list(time$groups, time$groups)
  time
}
