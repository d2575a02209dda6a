#' Gene sets among the markers of each domain
#'
#' Tests which gene sets are over-represented among the markers of each domain. The computation is
#' `spotscape.tl.domain_gene_sets` in Python, and the numbers are the same as there.
#'
#' Fisher's exact test, one-sided (the tail of the hypergeometric distribution). The background is the genes that were
#' tested for being markers of the domain, also those in no set.
#'
#' Genes of a set vary together, and the test takes them as independent. So p-values are too small, and more so as markers
#' were tested on the counts that domains were found on. Take them as an order of sets.
#'
#' @inheritParams SuggestDomainNames
#' @param gene_sets Genes by the name of their set: a named list of character vectors; a data frame with a row for each gene,
#'   in columns `gs_name` and `gene_symbol` (msigdbr), `source` and `target` (decoupleR) or `name` and `gene`; the path of
#'   a `.gmt` file, or of such a table (`.csv`, `.tsv`).
#' @param markers What [FindDomainMarkers()] gave, such as against neighbours; `NULL` calls it. Where it has both, p-values
#'   of the split are taken.
#' @param max_p_adjusted,min_log2_fold_change A gene is a marker with an adjusted p-value up to this, and a log2 fold change
#'   from that on.
#' @param min_size,max_size Sets with fewer or more of the tested genes are left out.
#' @return A data frame with a row for each domain and set, domain by domain, the smallest p-value first: `domain`,
#'   `gene_set`, `n_common` (markers in the set), `set_size` (tested genes in it), `n_markers`, `n_tested`,
#'   `log2_odds_ratio` (0.5 added to each count), `p_value`, `p_adjusted` (Benjamini and Hochberg, within a domain) and
#'   `genes`, the markers in the set, the best first. The object is not changed.
#' @section Errors:
#' Of class `spotscape_input_error`: `gene_sets` is damaged, none of its genes is in the object, no set is of a size that is
#' asked for, `markers` is not from [FindDomainMarkers()], or what that refuses.
#' @seealso [FindDomainMarkers()], [SuggestDomainNames()]
#' @eval example_start("DomainGeneSets", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' sets <- list(first = paste0("gene", 1:9), second = paste0("gene", 10:30))
#' head(DomainGeneSets(spe, sets), 2)
#' @export
DomainGeneSets <- function(object, gene_sets, markers = NULL, max_p_adjusted = 0.05, min_log2_fold_change = 0.5,
                           min_size = 5L, max_size = 500L, gene_key = NULL, domain_key = NULL, assay = NULL, layer = NULL,
                           reduction = NULL) {
  labelled <- labelled_object(object, domain_key, gene_key, assay, layer, reduction)
  if (!is.null(markers)) {
    if (!is.data.frame(markers)) input_error("markers", describe_class(markers), "what FindDomainMarkers() gave, or NULL")
    markers <- reticulate::r_to_py(as.data.frame(markers))
  }
  table_to_r(call_verb(
    "domain_gene_sets", labelled$adata,
    gene_sets = lists_to_python("gene_sets", gene_sets), markers = markers, max_p_adjusted = max_p_adjusted,
    min_log2_fold_change = min_log2_fold_change, min_size = scalar_to_python("min_size", min_size),
    max_size = scalar_to_python("max_size", max_size), gene_key = gene_key, domain_key = labelled$column
  ))
}
