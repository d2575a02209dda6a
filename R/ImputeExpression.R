#' Denoise expression by the trained model
#'
#' What is to be expected of each gene in each cell, after [RunSpotscape()] or [IntegrateSlices()]. A cell's neighbourhood
#' are the cells of its slice whose embedding is most alike, and a gene is the mean of its expression over it. After a run
#' of the published encoder (`config = "paper"`), the genes that it was trained on come from its decoder instead, at the
#' mean embedding of the neighbourhood.
#'
#' For looking at patterns: maps, markers, hypotheses. Not for tests between cells or domains: a cell's value is made of
#' other cells' counts, so that cells are no longer independent and p-values far too small. Test on the counts (see
#' [CompareDomains()]).
#'
#' @inheritParams RunSpatialPseudotime
#' @param genes Names of the genes; `NULL` for all.
#' @param scale `"log"`: `log(1 + x)` of counts scaled to the run's `target_sum` a cell; `"counts"`: counts, at each
#'   cell's own total.
#' @param n_neighbors Cells of a neighbourhood, the cell itself among them, 1 or more; 1 is the decoder alone, or nothing
#'   but the cell. Not more than a tenth of a slice's cells are taken, as far as that is 5 or more.
#' @param assay,layer Where the raw counts are, as in [RunSpotscape()].
#' @return The same object with the values, never negative. Seurat: the assay `spotscape_imputed` (layer `data`, or
#'   `counts` on that scale), of the genes asked for. Experiments: for all genes the assay `spotscape_imputed`, else the
#'   alternative experiment of that name.
#' @section Errors:
#' Of class `spotscape_input_error`: no trained model, embedding or counts, an unknown gene, or all genes where that would
#' be more than 2^31 values.
#' @eval example_start("run")
#' @examplesIf spotscape_available() && requireNamespace("SpatialExperiment", quietly = TRUE)
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
