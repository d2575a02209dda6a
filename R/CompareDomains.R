#' Compare conditions: sizes of domains, and genes within them
#'
#' Compares two or more conditions after [IntegrateSlices()]: how large each domain is, and which genes differ within it.
#' The computation is `spotscape.tl.compare_domains` in Python, and the numbers are the same as there.
#'
#' Slices are the replicates, or donors where `donor_key` says whose slices they are. Slices of one donor are alike, and
#' counting them apart finds differences that are none. Donors with both conditions are compared with themselves, as
#' pairs.
#'
#' The shares of a domain are compared on the arcsine square root scale, as means of a donor's slices. Genes are compared
#' by pseudobulk where both conditions have two or more slices (donors) with enough cells of the domain: counts are
#' added up to one sample of each slice, donor, or donor and condition. Shares and pseudobulk are tested by a moderated
#' t-test. Elsewhere cells are compared by Wilcoxon's test. Cells of one slice are not independent, so its p-values are
#' too small. Use only the order of its genes.
#'
#' @section Errors:
#' Of class `spotscape_input_error`, before any work: a column that is missing, a cell without a slice, condition or
#' donor, a single condition, a slice in two conditions or of two donors, an unknown `reference` or `test`, or counts
#' that are not raw.
#'
#' @inheritParams IntegrateSlices
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object that [IntegrateSlices()] made.
#' @param condition_key,slice_by Names of the metadata (`colData`) columns with the conditions, one to a slice, and
#'   the slices (`"seurat_image"`: the images of a Seurat object); `NULL`: those of [IntegrateSlices()].
#' @param donor_key Name of the column with the donors (patients, animals), one to a slice. `NULL`: each slice is its own
#'   replicate. Of donors with both conditions and others with one, those are compared that leave the test more degrees
#'   of freedom, and a warning names the rest.
#' @param reference The condition that each other one is compared with; `NULL`: the first level (of text, by the
#'   alphabet).
#' @param domain_key Name of the column with the domains; `NULL`: the one [IntegrateSlices()] wrote beside `reduction`,
#'   `spotscape_domain`.
#' @param test How shares are tested: `"moderated t"`, or `"permutation"`, of conditions dealt anew to the slices
#'   (donors) or within each donor. That needs no model, and is exact where there are up to 10,000 ways. It cannot give
#'   small p-values with few slices; `smallest_p` says the smallest.
#' @param min_spots Cells of a domain that a slice or donor (pseudobulk) or a condition (Wilcoxon) needs to be compared,
#'   2 or more.
#' @param assay Name of the assay with raw counts; `NULL`: the default assay, or of an experiment `"counts"`.
#' @param layer Name of the layer with raw counts; `NULL` means `"counts"`. Split layers are read together.
#' @param reduction Name of the reduction that [IntegrateSlices()] wrote, where its record is.
#' @param ... Not used.
#' @return A list; the object is not changed.
#'   - `composition`: a data frame with a row per domain and compared condition: `domain`, `condition`, `reference`,
#'     `share`, `share_reference`, `log2_ratio`, `p_value`, `p_adjusted`, `smallest_p` (of a permutation, else `NaN`),
#'     `method`, `n` and `n_reference` with `unit` (how many were compared, and what: `"slice"`, `"donor"` or `"pair"`),
#'     `only_in` (the condition that has the domain where the other has less than 5 percent of its share, else `""`),
#'     `closest` and `similarity` (of such a domain: the other condition's domain that differs from its slices most alike,
#'     and how much: 1 is the same, 0 is nothing in common, `NaN` where too few cells or too little signal says nothing).
#'     From 0.75 on a warning says so: a difference between slices may pose as a domain.
#'   - `genes`: a row per tested gene, domain and compared condition: `domain`, `condition`, `reference`, `gene`,
#'     `log2_fold_change`, `mean` and `mean_reference` (counts per 10,000), `p_value`, `p_adjusted` (within domain and
#'     comparison), `method` (`"pseudobulk"` or `"wilcoxon"`), `n` and `n_reference` (slices, donors, pairs, or cells).
#'   - `shares`: a row per slice and domain: `slice`, `condition`, `donor` (where given), `domain`, `n_spots`, `share`.
#'   - `condition_key`, `slice_key`, `donor_key` (`""` for none), `domain_key`, `reference`, `test`, `min_spots`,
#'     `warnings`.
#' @references Phipson et al. (2022), propeller: testing for differences in cell type proportions in single cell data,
#'   Bioinformatics 38. Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression
#'   in microarray experiments, Statistical Applications in Genetics and Molecular Biology 3(1).
#' @seealso [IntegrateSlices()], [DomainComparisonPlot()]
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' \dontshow{spotscape:::example_results("CompareDomains")}
#' # Two slices a condition, of random counts, with a gene that changes in the second domain
#' set.seed(1)
#' counts <- matrix(rpois(40 * 240, 3), 40)
#' dimnames(counts) <- list(paste0("gene", 1:40), paste0("cell", 1:240))
#' slice <- rep(c("a", "b", "c", "d"), each = 60)
#' condition <- ifelse(slice %in% c("a", "b"), "control", "case")
#' domain <- rep(c("1", "2"), 120)
#' counts[1, condition == "case" & domain == "2"] <- 12
#' spe <- SpatialExperiment::SpatialExperiment(
#'   assays = list(counts = counts), sample_id = slice, spatialCoords = matrix(runif(480), 240),
#'   colData = S4Vectors::DataFrame(condition = condition, domain = domain)
#' )
#'
#' compared <- CompareDomains(
#'   spe, condition_key = "condition", slice_by = "sample_id", reference = "control",
#'   domain_key = "domain"
#' )
#' compared$composition[c("domain", "share", "share_reference", "p_adjusted")]
#' head(compared$genes[c("domain", "gene", "log2_fold_change", "p_adjusted")], 3)
#' @export
CompareDomains <- function(object, ...) {
  UseMethod("CompareDomains")
}

#' @rdname CompareDomains
#' @export
CompareDomains.Seurat <- function(object, condition_key = NULL, slice_by = NULL, donor_key = NULL, reference = NULL,
                                  domain_key = NULL, test = "moderated t", min_spots = 10L, assay = NULL,
                                  layer = NULL, reduction = "spotscape", slice_key = NULL, ...) {
  require_object(object, "CompareDomains() on a Seurat object")
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  keys <- list(condition_key = condition_key, slice_by = slice_by, domain_key = domain_key, donor_key = donor_key)
  compare_object(object, keys, reference, test, min_spots, assay, layer, reduction)
}

#' @rdname CompareDomains
#' @export
CompareDomains.SingleCellExperiment <- function(object, condition_key = NULL, slice_by = NULL, donor_key = NULL,
                                                reference = NULL, domain_key = NULL, test = "moderated t",
                                                min_spots = 10L, assay = NULL, reduction = "SPOTSCAPE",
                                                slice_key = NULL, ...) {
  require_object(object)
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  keys <- list(condition_key = condition_key, slice_by = slice_by, domain_key = domain_key, donor_key = donor_key)
  compare_object(object, keys, reference, test, min_spots, assay, NULL, reduction)
}

#' @rdname CompareDomains
#' @export
CompareDomains.SpatialExperiment <- CompareDomains.SingleCellExperiment

#' @rdname CompareDomains
#' @export
CompareDomains.default <- function(object, ...) {
  input_error("object", describe_class(object), "a Seurat, SpatialExperiment or SingleCellExperiment object")
}

compare_object <- function(object, keys, reference, test, min_spots, assay, layer, reduction) {
  check_string("reduction", reduction)
  record <- read_info(object, reduction)
  assay <- assay_to_read(object, assay)
  part <- part_with(object, assay)
  keys$domain_key <- keys$domain_key %||% domain_column(column_stem(object, reduction))
  columns <- compared_columns(part, record, keys)
  compare_python(run_counts(part, assay, layer), columns, reference, test, min_spots)
}

# The columns as factors, by argument. Those of the run fill in for conditions and slices; donors may be left out.
compared_columns <- function(object, record, keys) {
  run <- if (is.list(record)) record[["integration"]]
  names <- list(
    condition_key = keys$condition_key %||% run[["condition_key"]], slice_by = keys$slice_by %||% run[["slice_key"]],
    domain_key = keys$domain_key
  )
  names$donor_key <- keys$donor_key
  table <- table_with_images(object, cell_table(object), names$slice_by)
  lapply(stats::setNames(nm = names(names)), function(argument) {
    name <- names[[argument]]
    if (is.null(name)) {
      input_error(
        argument, "NULL, and none in the record of a run", "the name of a column",
        sprintf("Give `%s`, or give it to IntegrateSlices().", argument)
      )
    }
    check_column_name(argument, name, table)
    values <- as_plain(table[[name]])
    list(name = name, values = values)
  })
}

compare_python <- function(counts, columns, reference, test, min_spots) {
  require_python()
  bridge <- python_module("interop.reticulate")
  obs <- lapply(columns, function(column) factor_to_python(column$values))
  keys <- lapply(columns, `[[`, "name")
  # Cells by number: names may be shared by slices, and none comes back.
  cells <- array(as.character(seq_len(ncol(counts))))
  adata <- call_python(
    bridge$to_anndata, counts, array(rownames(counts)), cells, NULL,
    obs = stats::setNames(obs, unlist(keys))[!duplicated(unlist(keys))]
  )
  call_python(
    python_module("tl")$compare_domains, adata,
    condition_key = keys$condition_key, slice_key = keys$slice_by, domain_key = keys$domain_key,
    donor_key = keys$donor_key, reference = reference, test = test, min_spots = scalar_to_python("min_spots", min_spots)
  )
  found <- plain_vectors(reticulate::py_to_r(bridge$from_comparison(adata)))
  tables <- c("composition", "genes", "shares")
  found[tables] <- lapply(found[tables], as_table)
  found$warnings <- as.character(unlist(found$warnings))
  found
}
