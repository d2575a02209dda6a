#' Genes that mark each domain
#'
#' Ranks the genes of each domain by a test of its cells, or of slices added up, against others. The computation is
#' `spotscape.tl.domain_markers` in Python, and the numbers are the same as there.
#'
#' For Wilcoxon's test raw counts are scaled to 10,000 in each cell, and `log(1 + x)` is taken. Fold changes are those of
#' Seurat 5, scores and p-values those of scanpy (with ties corrected). Cells are taken as independent, and those of one
#' slice are not.
#'
#' By pseudobulk slices are the replicates. In each slice the cells of the domain are added up to one sample, and those it
#' is compared with to another. The differences of their log2 counts per million (with a prior count in proportion to the
#' sample's total, as in edgeR) are tested by a moderated t-test. What differs from slice to slice makes p-values larger. It
#' takes two slices, and three or more do it well.
#'
#' The default looks at the data twice: it tests the counts that domains were found on. So p-values are too small, and
#' small on tissue without any domains as well. Take them as an order of genes.
#'
#' With `split = TRUE` each molecule goes to one of two halves by a fair coin. The run is made again on one half, with its
#' own settings, and genes are tested on the other half. The table then has both p-values. Those of the split are right
#' where counts are Poisson, and close to it where they vary more. A gene that changes smoothly over the tissue is a real
#' difference for either test.
#'
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object with domains in its metadata (`colData`).
#' @param against `"rest"`: all cells of other domains. `"neighbors"`: all cells of those domains that border this one in
#'   the tissue, each with a tenth or more of its border with others.
#' @param method `"wilcoxon"`, or `"pseudobulk"` where there are several slices.
#' @param split Also find the domains anew on one half of the molecules and test on the other. Takes a run more, and works
#'   for the domains of a run only.
#' @param domains Those to test; `NULL` for all.
#' @param genes Those to test; `NULL` for all that have counts. Adjusted p-values count the genes tested.
#' @param domain_key Name of the column with the domains; `NULL`: the one that the run wrote, `spotscape_domain`.
#' @param slice_by Column with the slices (`"seurat_image"`: the images of a Seurat object), for pseudobulk; `NULL`: that
#'   of the run.
#' @param min_spots Cells that a slice needs in the domain, and in what it is compared with, for pseudobulk, 2 or more.
#' @param seed Of the split.
#' @param assay Name of the assay with raw counts; `NULL`: the default assay, or of an experiment `"counts"`.
#' @param layer Name of the layer with raw counts; `NULL` means `"counts"`. Split layers are read together.
#' @param image,coordinates Where cells lie, as in [RunSpotscape()]; asked for by `"neighbors"` and `split`.
#' @param reduction Name of the reduction of the run; `NULL` for the usual one.
#' @return A data frame with a row for each domain and gene, domain by domain, the highest score first; the object is not
#'   changed. Columns: `domain`, `against` (`"rest"`, or the names of the neighbours), `gene`, `log2_fold_change`, `score`
#'   (standard deviations of the rank sum, or the moderated t; above 0 where the gene is higher in the domain), `p_value`,
#'   `p_adjusted` (Benjamini and Hochberg, within a domain), `share` and `share_against` (of cells with the gene). By
#'   pseudobulk also `n_slices`, and genes with few counts are not tested (10 in a sample of median size, in as many samples
#'   as there are slices, and 15 in all). With `split` also `score_split`, `p_value_split`, `p_adjusted_split`, and
#'   `overlap_split`: how much of the domain and of the one that was found anew in its place they share (cells in both, of
#'   cells in either). `NaN` where none was found in its place.
#' @section Errors:
#' Of class `spotscape_input_error`: there are no domains, only one, or one of a single cell is to be tested; a gene or a
#' domain is unknown; counts are not raw; nothing says where cells lie, for neighbours or `split`; with `split`, domains
#' that are of no run, or counts that are not whole numbers; by pseudobulk, no slices, or no domain with enough cells in two
#' of them.
#' @references Neufeld et al. (2024), Inference after latent variable estimation for single-cell RNA sequencing data,
#'   Biostatistics 25. Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression in
#'   microarray experiments, Statistical Applications in Genetics and Molecular Biology 3(1).
#' @seealso [CompareDomains()] for what differs between conditions.
#' @eval example_start("FindDomainMarkers", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' head(FindDomainMarkers(spe), 3)
#'
#' # These counts are random: p-values of genes tested where domains were found are too small
#' both <- FindDomainMarkers(spe, split = TRUE)
#' head(both[c("domain", "gene", "p_value", "p_value_split")], 3)
#' @export
FindDomainMarkers <- function(object, against = "rest", method = "wilcoxon", split = FALSE, domains = NULL,
                              genes = NULL, domain_key = NULL, slice_by = NULL, min_spots = 10L, seed = 0L,
                              assay = NULL, layer = NULL, image = NULL, coordinates = NULL, reduction = NULL) {
  check_object(object)
  reduction <- reduction %||% default_reduction(object)
  check_string("reduction", reduction)
  info <- read_info(object, reduction)
  own <- domain_column(column_stem(object, reduction))
  assay <- assay_to_read(object, assay)
  part <- part_with(object, assay)
  table <- cell_table(part)
  check_column_name("domain_key", domain_key %||% own, table, if (is.null(domain_key)) "Call RunSpotscape() first.")
  run <- list(info = if (is.list(info)) info, slices = recorded_slices(info, table), part = part)
  if (!is.null(slice_by)) {
    run$slices <- column_slices(table_with_images(part, table, slice_by), slice_by, fewest = 1L)
  }
  run$domains <- as_plain(table[[domain_key %||% own]])
  run$column <- if (is.null(domain_key) || domain_key == own) "spotscape_domain" else domain_key
  if (identical(against, "neighbors") || isTRUE(split)) {
    run <- with_lost_slices(run, coordinates)
    refuse_lost_slices(run)
    run$places <- cell_places(part, image, coordinates, names_over_slices(cell_names(part), run$slices), run$slices)
  }
  found <- call_verb(
    "domain_markers", labelled_counts(run, run_counts(part, assay, layer)),
    against = against, method = method, split = split, domains = text_to_python(domains), genes = text_to_python(genes),
    domain_key = run$column, min_spots = scalar_to_python("min_spots", min_spots), seed = scalar_to_python("seed", seed)
  )
  as_table(reticulate::py_to_r(python_module("interop.reticulate")$tables(list(table = found)))$table)
}

# An AnnData of counts and domains, with slices, the record of the run, and where there are places the spatial graph.
labelled_counts <- function(run, counts) {
  require_python()
  bridge <- python_module("interop.reticulate")
  obs <- stats::setNames(list(factor_to_python(run$domains)), run$column)
  record <- run$info[intersect(c("params", "domains", "mapped"), names(run$info))]
  slice_key <- NULL
  if (!is.null(run$slices)) {
    slice_key <- setdiff(c("slice", "slice_of_run"), run$column)[[1L]]
    obs[[slice_key]] <- array(as.character(run$slices))
    record$integration <- list(slice_key = slice_key)
  }
  # Cells by number: names may be shared by slices, and none comes back.
  cells <- array(as.character(seq_len(ncol(counts))))
  adata <- call_python(bridge$to_anndata, counts_to_python(counts), array(rownames(counts)), cells, run$places, obs = obs)
  if (length(record)) adata$uns$update(pieces_to_python(list(spotscape = record)))
  if (!is.null(run$places)) call_python(python_module("gr")$spatial_neighbors, adata, slice_key = slice_key)
  adata
}

text_to_python <- function(values) if (!is.null(values)) as.list(as.character(values))
