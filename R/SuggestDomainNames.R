#' What each domain may be called
#'
#' Suggests a name for each domain: that of the marker list which fits it best. The computation is
#' `spotscape.tl.suggest_domain_names` in Python, and the numbers are the same as there.
#'
#' A cell's level of a list is the mean over its genes of `log(1 + counts per 10,000)`, each gene divided by its standard
#' deviation. A list's score in a domain is how often a cell of the domain has a higher level than a cell of another
#' domain (the area under the ROC curve): 0.5 by chance, 1 at best.
#'
#' A name is sure where its score is `margin` ahead of the second list's and of chance, and as far ahead as three standard
#' deviations of chance, which small domains need. All else is unsure. Two domains may get the same name.
#'
#' The margin was chosen on three sections of human cortex with known layers (DLPFC). Of the 20 domains of default runs,
#' `"cortex layers"` gave 10 sure names. Nine are the layer that most of the domain's spots are of. One is wrong: a domain
#' across the border of layer 6 and white matter. Of the 10 unsure names, 5 are right. On four sections of mouse cortex
#' (STARmap), which no choice was made on, `"mouse brain"` gave 11 sure names for 24 domains, and 10 are right. On three of
#' breast tumour (her2st), `"tumour"` gave none for 16.
#'
#' @inheritParams FindDomainMarkers
#' @param markers Genes by name: a named list of character vectors; a data frame with a row for each gene, in columns `name`
#'   and `gene` (or `gs_name` and `gene_symbol`, as msigdbr has them, or `source` and `target`); the path of such a table
#'   (`.csv`, `.tsv`) or of a `.gmt` file; or lists that ship, each gene with its paper: `"cortex layers"` (human),
#'   `"mouse brain"`, `"tumour"`, `"immune"` (both human).
#' @param margin Lead that makes a name sure, 0 to 0.5.
#' @param gene_key Column of `rowData`, or of the features' metadata of a Seurat assay, with gene symbols. `NULL`: the genes'
#'   names, or a column of a usual name (`Symbol`, `gene_symbols`, ...) where more genes are found by it, as with Ensembl
#'   identifiers.
#' @param reduction Name of the reduction of the run; `NULL` for the usual one.
#' @return A data frame with a row for each domain: `domain`, `name`, `score`, `second` and `second_score` (the list that
#'   fits second best; `""` and `NA` where there is none), `sure`, and `genes`, those of the name's list that the object has.
#'   The object is not changed.
#' @section Errors:
#' Of class `spotscape_input_error`: `markers` is damaged or none of its genes is in the object, there are fewer than two
#' domains, or counts are not raw. A warning says where no gene of a list is in the object, and where genes were found by
#' another case (as MBP and Mbp).
#' @seealso [RenameDomains()] takes the table.
#' @eval example_start("SuggestDomainNames", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#'
#' # These counts are random: no name is sure
#' SuggestDomainNames(spe, markers = list(one = c("gene1", "gene2"), other = c("gene3", "gene4")))
#' @export
SuggestDomainNames <- function(object, markers, margin = 0.1, gene_key = NULL, domain_key = NULL, assay = NULL, layer = NULL,
                               reduction = NULL) {
  labelled <- labelled_object(object, domain_key, gene_key, assay, layer, reduction)
  found <- call_verb(
    "suggest_domain_names", labelled$adata,
    markers = lists_to_python("markers", markers), margin = margin, gene_key = gene_key, domain_key = labelled$column
  )
  found <- table_to_r(found)
  found$second_score[is.nan(found$second_score)] <- NA
  found
}

# An AnnData of counts and domains, with what the object says of the symbols of its genes.
labelled_object <- function(object, domain_key, gene_key, assay, layer, reduction) {
  check_object(object)
  reduction <- reduction %||% default_reduction(object)
  check_string("reduction", reduction)
  info <- read_info(object, reduction)
  own <- domain_column(column_stem(object, reduction))
  assay <- assay_to_read(object, assay)
  part <- part_with(object, assay)
  table <- cell_table(part)
  check_column_name("domain_key", domain_key %||% own, table, if (is.null(domain_key)) "Call RunSpotscape() first.")
  run <- list(info = if (is.list(info)) info, domains = as_plain(table[[domain_key %||% own]]))
  run$column <- if (is.null(domain_key) || domain_key == own) "spotscape_domain" else domain_key
  counts <- run_counts(part, assay, layer)
  genes <- gene_table(part, assay)
  if (!is.null(gene_key)) check_column_name("gene_key", gene_key, genes)
  adata <- labelled_counts(run, counts)
  usual <- as.character(unlist(reticulate::py_to_r(python_module("annotation.lists")$SYMBOL_COLUMNS)))
  for (name in gene_key %||% intersect(usual, colnames(genes))) {
    symbols <- as.character(as_plain(genes[[name]]))[match(rownames(counts), rownames(genes))]
    reticulate::py_set_item(adata$var, name, array(symbols))
  }
  list(adata = adata, column = run$column)
}

# Lists of genes as Python reads them: text (a path, or the name of lists), a dict or a data frame.
lists_to_python <- function(argument, lists) {
  if (is.data.frame(lists) || methods::is(lists, "DataFrame")) {
    return(text_table(lists))
  }
  if (is.character(lists) && length(lists) == 1L && is.null(names(lists))) {
    return(if (grepl("[./\\\\~]", lists)) path.expand(lists) else lists)
  }
  if (!is.list(lists) || is.null(names(lists)) || !all(nzchar(names(lists)))) {
    expected <- "a named list of character vectors, a data frame, the path of a file, or the name of lists that ship"
    input_error(argument, describe(lists), expected)
  }
  twice <- names(lists)[duplicated(names(lists))]
  if (length(twice)) input_error(argument, sprintf("'%s' twice", twice[[1L]]), "each list once")
  reticulate::py_dict(names(lists), unname(lapply(lists, text_with_gaps)))
}

# The columns of text of a table, as a pandas table.
text_table <- function(table) {
  columns <- lapply(stats::setNames(nm = colnames(table)), function(name) as_plain(table[[name]]))
  columns <- columns[vapply(columns, function(x) is.character(x) || is.factor(x), NA)]
  reticulate::import("pandas", convert = FALSE)$DataFrame(
    reticulate::py_dict(names(columns), unname(lapply(columns, text_with_gaps)))
  )
}

# Text as a list, in which NULL stands for NA.
text_with_gaps <- function(values) {
  texts <- as.list(as.character(values))
  if (anyNA(values)) texts[is.na(values)] <- list(NULL)
  texts
}

table_to_r <- function(found) {
  as_table(reticulate::py_to_r(python_module("interop.reticulate")$tables(list(table = found)))$table)
}
