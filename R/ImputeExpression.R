#' Denoise expression: estimate each gene in each cell
#'
#' The estimate is the mean of the gene over the cell's neighbourhood: the `n_neighbors` cells of its slice whose embedding
#' is most alike. A run of the published encoder (`config = "paper"`) also has a decoder. The decoder then estimates the
#' run's genes, at the mean embedding of the neighbourhood.
#'
#' Use imputed values to look at patterns: maps, markers, hypotheses. Do not test on them. A cell's value is made of other
#' cells' counts, so cells are no longer independent, and p-values are far too small. Test on the counts (see
#' [CompareDomains()]). Averaging removes what the embedding does not tell apart, such as a rare state of a few cells.
#'
#' @inheritParams RunSpatialPseudotime
#' @param genes Names of the genes; `NULL` for all.
#' @param scale `"log"`: `log(1 + x)` of counts scaled to the run's `target_sum` a cell; `"counts"`: counts, at each
#'   cell's own total.
#' @param n_neighbors Cells of a neighbourhood, 1 or more; the cell itself is one of them. 1 gives the decoder's value, or
#'   the cell's own. At most a tenth of a slice's cells are taken, or 5 where a tenth is fewer.
#' @param assay,layer Where the raw counts are, as in [RunSpotscape()].
#' @return The same object with the values, never negative. Seurat: the assay `spotscape_imputed` (layer `data`, or
#'   `counts` on that scale), of the genes asked for. Experiments: for all genes the assay `spotscape_imputed`, else the
#'   alternative experiment of that name.
#' @section Errors:
#' Of class `spotscape_input_error`: no model of a run, no embedding or counts, an unknown gene, or all genes where the
#' result would have more than 2^31 values.
#' @eval example_start("ImputeExpression", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' spe <- ImputeExpression(spe)
#' SummarizedExperiment::assay(spe, "spotscape_imputed")[1:3, 1:3]
#' @export
ImputeExpression <- function(object, genes = NULL, scale = "log", n_neighbors = 100L, assay = NULL, layer = NULL,
                             reduction = NULL) {
  run <- run_of(object, reduction)
  model_to_python(run$model)
  counts <- run_counts(run$part, assay, layer)
  adata <- run_to_python(run, counts = counts, model = TRUE)
  call_verb(
    "impute", adata,
    genes = if (!is.null(genes)) as.list(genes), scale = scale, n_neighbors = scalar_to_python("n_neighbors", n_neighbors)
  )
  found <- verb_to_r(adata, obsm = "spotscape_imputed")
  values <- t(found$values)
  dimnames(values) <- list(found$columns %||% rownames(counts), colnames(run$part))
  add_imputed(object, values, sprintf("%s_imputed", run$stem), scale, whole = is.null(genes))
}
