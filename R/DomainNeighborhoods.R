#' Which domains or cell types lie beside which
#'
#' Counts contacts between domains, or between cell types, and compares them with chance. The computation is
#' `spotscape.tl.domain_neighborhoods` in Python, and the numbers are the same as there. Counts and z-scores are those of
#' squidpy's `nhood_enrichment` and `interaction_matrix`.
#'
#' A contact is an edge of the spatial graph that a run makes. Chance is that the names are dealt anew to the cells of each
#' slice.
#'
#' This answers which cell types lie beside which. Of domains it says little: they are smooth, so each lies beside itself
#' far more than names that are dealt freely, and beside others far less. Their z-scores are large on any tissue. Cell types
#' in patches are smooth as well. z-scores also grow with the number of cells, so compare tissues by `log2_odds`, which do
#' not. What domains border on is in [DescribeDomains()].
#'
#' With `condition_key` slices are the units: the mean `log2_odds` of two conditions are compared by all ways to deal the
#' conditions to the slices (10,000 draws where there are more). Few slices give no small p: 2 against 2 give 0.33 at best,
#' 3 against 3 give 0.1, 4 against 4 give 0.03. `smallest_p` says it. With `donor_key` donors are the units, by the means of
#' their slices. Slices of one donor are alike, and counting them apart finds differences that are none. Donors with both
#' conditions are compared with themselves: the two are dealt anew within each.
#'
#' @inheritParams DescribeDomains
#' @param key Column with the names, domains or cell types; `NULL`: the run's domains. Cells without one are left out.
#' @param condition_key Column with the conditions, one to a slice, two slices or more each; `NULL` to compare none.
#' @param donor_key Column with the donors (patients, animals), one to a slice; of each compared condition two or more.
#'   `NULL`: each slice is its own replicate.
#' @param reference The condition that each other one is compared with; `NULL`: the first level (of text, by the alphabet).
#' @param n_permutations How often names are dealt anew for z-scores and p-values of the tissue, 10 or more.
#' @param seed Of all draws.
#' @return A list; the object is not changed.
#'   - `zscore`, `count`: matrices, name x name. Edges are counted from both ends, so that a count on the diagonal is twice
#'     the number of contacts.
#'   - `pairs`: a data frame with a row for each two names, and for each name with itself, over all slices: `first`,
#'     `second`, `contacts`, `expected` (by chance, exact), `log2_odds` (log2 of the odds that a contact is one of these,
#'     over those odds by chance; half a contact is added to each number), `zscore`, `p_value` (two-sided, of the draws, not
#'     adjusted).
#'   - `slices`: such rows for each `slice`, without z-scores and p-values; `log2_odds` are `NA` where a slice lacks a name.
#'     `NULL` for one slice.
#'   - `differences`: a row for each pair and compared condition: `first`, `second`, `condition`, `reference`, `log2_odds`
#'     and `log2_odds_reference` (means over slices or donors), `difference`, `p_value` (two-sided), `p_adjusted`
#'     (Benjamini and Hochberg, within a comparison), `smallest_p` (that so many can give), `n` and `n_reference` with `unit`
#'     (how many have both names, and of what: `"slice"`, `"donor"` or `"pair"`). `NULL` without `condition_key`.
#' @section Errors:
#' Of class `spotscape_input_error`: no run, no such column, one name only or more than 1000, no places, or a condition that
#' changes inside a slice or has fewer than two slices (or donors).
#' @references Palla et al. (2022), Squidpy: a scalable framework for spatial omics analysis, Nature Methods 19.
#' @seealso [DomainNeighborhoodsPlot()], [DescribeDomains()]
#' @eval example_start("DomainNeighborhoods", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' spe$type <- rep_len(c("neuron", "glia", "vessel"), ncol(spe))
#' found <- DomainNeighborhoods(spe, key = "type", n_permutations = 100)
#' found$pairs[c("first", "second", "contacts", "expected", "log2_odds")]
#' @export
DomainNeighborhoods <- function(object, key = NULL, slice_by = NULL, condition_key = NULL, donor_key = NULL,
                                reference = NULL, n_permutations = 1000L, seed = 0L, image = NULL, coordinates = NULL,
                                reduction = NULL) {
  run <- with_slices_of(with_lost_slices(run_of(object, reduction), coordinates), slice_by)
  column <- key %||% domain_column(run$stem)
  check_column_name("key", column, run$table)
  if (!is.null(condition_key)) check_column_name("condition_key", condition_key, run$table)
  if (!is.null(donor_key)) check_column_name("donor_key", donor_key, run$table)
  places <- run_places(run$part, run, image, coordinates)
  adata <- run_to_python(run, columns = unique(c(column, condition_key, donor_key)), places = places)
  found <- call_verb(
    "domain_neighborhoods", adata,
    key = column, slice_key = if (!is.null(run$slices)) "slice", condition_key = condition_key,
    donor_key = donor_key, reference = reference,
    n_permutations = scalar_to_python("n_permutations", n_permutations), seed = scalar_to_python("seed", seed),
    key_added = run$stem
  )
  neighborhoods_to_r(found)
}

neighborhoods_to_r <- function(found) {
  found <- reticulate::py_to_r(python_module("interop.reticulate")$from_neighborhoods(found))
  names <- as.character(unlist(found$names))
  squares <- lapply(found[c("zscore", "count")], function(values) {
    matrix(replace(values, is.nan(values), NA), length(names), dimnames = list(names, names))
  })
  tables <- lapply(stats::setNames(nm = c("pairs", "slices", "differences")), function(name) {
    if (!is.null(found[[name]])) without_nan(as_table(found[[name]]))
  })
  c(squares, tables)
}
