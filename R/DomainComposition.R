#' Cell types that each domain is made of
#'
#' Which cell types each domain is made of, and which of them are more or less than expected there. The computation is
#' `spotscape.tl.domain_composition` in Python, and the numbers are the same as there.
#'
#' The share of a type in a domain is its mean over the domain's cells or spots, which all count alike. Expected is its
#' share in the slice.
#'
#' In one slice, chance is taken from moved maps. The domains are turned, turned over and shifted as a whole within the
#' tissue, and the correlation of a domain with a type is compared with those after each move. Domains and types both
#' lie in patches, and so would two maps that have nothing to do with each other. Shuffling single spots ignores that:
#' for such maps, 40 to 80 percent of its p-values are below 0.05, and 4 to 6 percent of these. The fewer patches a
#' slice has, the less can be said of it.
#'
#' With several slices these are the replicates, or donors where `donor_key` says whose slices they are. Their
#' coordinates are not used. What a type's share in a domain differs from that in the slice is compared with 0 over
#' slices (or means of donors) by a moderated t-test. Slices of one donor are alike, and counting them apart finds
#' differences that are none.
#'
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object with domains in its metadata (`colData`).
#' @param cell_types One type a cell: the name of a column. Proportions: names of several columns, or a matrix or data
#'   frame, cells x types, with the cells' names (cells that it lacks are left out). Proportions of SPOTlight
#'   (`res$mat`) sum to 1. Weights of RCTD (`rctd@results$weights`) do not, and need `normalize`. Abundances of
#'   cell2location are known by their columns' names (`q05cell_abundance_w_sf_`), and are normalised.
#' @param signatures In place of `cell_types`: a matrix or data frame, genes x types, of mean counts of a cell of each
#'   type. The counts of each spot are fitted by non-negative least squares, genes weighted by one over the root of
#'   their mean. Where the profiles' totals are those of cells, shares are of cells; where all have the same total, of
#'   molecules.
#' @param normalize Divide the proportions of each spot by their sum. Without it, spots that do not sum to 1 (by 0.01)
#'   are an error.
#' @param domain_key Name of the column with the domains; `NULL`: the one that the run wrote, `spotscape_domain`.
#' @param slice_by Column with the slices (`"seurat_image"`: the images of a Seurat object); `NULL`: that of the run.
#' @param condition_key Column with conditions, one to a slice; `NULL`: that of [IntegrateSlices()], or none. Shares in
#'   each domain are then compared between conditions, with slices or donors as replicates, as [CompareDomains()] does.
#' @param donor_key Column with the donors (patients, animals), one to a slice; `NULL`: each slice is its own replicate.
#'   Donors with both conditions are compared with themselves, as pairs.
#' @param reference The condition that each other one is compared with; `NULL`: the first level (of text, by the
#'   alphabet).
#' @param min_spots With several slices: cells of a domain that a slice needs to be compared, 1 or more.
#' @param n_permutations With one slice: moves of the map; 0 for no test, which needs no coordinates.
#' @param seed Of the moves.
#' @param assay,layer Where the raw counts are, for `signatures`, as in [FindDomainMarkers()].
#' @param image,coordinates Where cells lie, as in [RunSpotscape()].
#' @param reduction Name of the reduction of the run; `NULL` for the usual one.
#' @return A list of data frames; the object is not changed.
#'   - `composition`: a row for each domain and cell type: `domain`, `cell_type`, `n_spots` (with a domain and a type),
#'     `share`. With several slices a row for each slice, and `slice` first; with conditions `condition` after it,
#'     with donors `donor`. `NA` where a slice lacks a domain.
#'   - `enrichment`: a row for each domain and cell type: `domain`, `cell_type`, `share`, `expected` (both means over
#'     the slices or donors compared), `log2_ratio`, `z` (above 0 where there is more: standard deviations of the moved maps, or
#'     of slices that number of a normal distribution which has the same p-value), `p_value`, `p_adjusted` (Benjamini
#'     and Hochberg, over all rows), `n_slices`, with donors `n_donors`, and `method` (`"moves"`, `"moderated t"`, or
#'     `"none"` where nothing was tested).
#'   - `comparison`: only with conditions, a row for each domain, cell type and compared condition: `domain`,
#'     `cell_type`, `condition`, `reference`, `share`, `share_reference`, `log2_ratio`, `p_value`, `p_adjusted` (within
#'     a comparison), `method`, `n` and `n_reference` with `unit` (how many were compared, and what: `"slice"`,
#'     `"donor"` or `"pair"`).
#' @section Errors:
#' Of class `spotscape_input_error`: domains, cell types, slices, donors or places are missing or wrong; proportions are
#' negative, partly missing, or do not sum to 1; the genes of the object do not tell the signatures apart.
#' @references Mrkvicka et al. (2021), Revisiting the random shift approach for testing in spatial statistics, Spatial
#'   Statistics 42. Smyth (2004), Linear models and empirical Bayes methods for assessing differential expression in
#'   microarray experiments, Statistical Applications in Genetics and Molecular Biology 3(1).
#' @seealso [DomainCompositionPlot()], [DescribeDomains()]
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' \dontshow{spotscape:::example_results("DomainComposition")}
#' # Glia are frequent in the first domain
#' places <- as.matrix(expand.grid(x = 1:16, y = 1:16))
#' set.seed(1)
#' domain <- ifelse(places[, "x"] < 6, "outer", "inner")
#' spe <- SpatialExperiment::SpatialExperiment(
#'   assays = list(counts = matrix(rpois(256 * 5, 3), 5)), spatialCoords = places,
#'   colData = S4Vectors::DataFrame(
#'     domain = domain,
#'     cell = ifelse(runif(256) < ifelse(domain == "outer", 0.8, 0.2), "glia", "neuron")
#'   )
#' )
#' made <- DomainComposition(spe, "cell", domain_key = "domain", n_permutations = 199)
#' made$enrichment[c("domain", "cell_type", "share", "expected", "p_value")]
#' @export
DomainComposition <- function(object, cell_types = NULL, signatures = NULL, normalize = FALSE, domain_key = NULL,
                              slice_by = NULL, condition_key = NULL, donor_key = NULL, reference = NULL,
                              min_spots = 10L, n_permutations = 999L, seed = 0L, assay = NULL, layer = NULL,
                              image = NULL, coordinates = NULL, reduction = NULL) {
  run <- domains_of(object, domain_key, slice_by, assay, reduction)
  run <- with_lost_slices(run, coordinates)
  refuse_lost_slices(run)
  several <- nlevels(run$slices) > 1L
  condition_key <- condition_key %||% recorded_conditions(run)
  condition <- if (!is.null(condition_key)) "condition"
  if (!is.null(condition)) {
    check_column_name("condition_key", condition_key, run$table)
    run$conditions <- as_plain(run$table[[condition_key]])
  }
  if (!is.null(donor_key)) {
    check_column_name("donor_key", donor_key, run$table)
    run$donors <- as_plain(run$table[[donor_key]])
  }
  types <- types_to_r(cell_types, run$table, cell_names(run$part))
  if (!several && !identical(as.integer(n_permutations), 0L)) {
    if (is.null(run$slices)) check_one_slice(run$part, image, run$assay)
    cells <- names_over_slices(cell_names(run$part), run$slices)
    run$places <- cell_places(run$part, image, coordinates, cells, run$slices)
  }
  counts <- if (!is.null(signatures)) run_counts(run$part, run$assay, layer)
  found <- call_verb(
    "domain_composition", composition_to_python(run, types, counts), types_to_python(types),
    signatures = signatures_to_python(signatures), normalize = normalize, domain_key = "domain",
    slice_key = if (several) "slice", condition_key = condition,
    donor_key = if (!is.null(donor_key)) "donor", reference = reference,
    min_spots = scalar_to_python("min_spots", min_spots),
    n_permutations = scalar_to_python("n_permutations", n_permutations), seed = scalar_to_python("seed", seed)
  )
  found <- reticulate::py_to_r(python_module("interop.reticulate")$from_composition(found))
  lapply(Filter(Negate(is.null), found), function(columns) {
    table <- as_table(columns)
    table[] <- lapply(table, function(values) if (is.numeric(values)) replace(values, is.nan(values), NA) else values)
    table
  })
}

# The domains of an object and its slices, of a run or not.
domains_of <- function(object, domain_key, slice_by, assay, reduction) {
  check_object(object)
  reduction <- reduction %||% default_reduction(object)
  check_string("reduction", reduction)
  info <- read_info(object, reduction)
  assay <- assay_to_read(object, assay)
  part <- part_with(object, assay)
  table <- table_with_images(part, cell_table(part), slice_by)
  todo <- if (is.null(domain_key)) "Call RunSpotscape() first."
  domain_key <- domain_key %||% domain_column(column_stem(object, reduction))
  check_column_name("domain_key", domain_key, table, todo)
  slices <- if (is.null(slice_by)) recorded_slices(info, table) else column_slices(table, slice_by, fewest = 1L)
  list(
    info = if (is.list(info)) info, slices = slices, part = part, table = table, assay = assay,
    domains = as_plain(table[[domain_key]])
  )
}

# The column with conditions that a run has recorded, where it still tells two or more apart.
recorded_conditions <- function(run) {
  name <- intersect(run$info$integration$condition_key, colnames(run$table))
  if (length(name) && length(unique(as_plain(run$table[[name]]))) > 1L) name
}

# A factor with the type of each cell, or a matrix of proportions by cell; NULL for none.
types_to_r <- function(cell_types, table, cells) {
  if (is.null(cell_types)) {
    return(NULL)
  }
  if (is.character(cell_types) && is.null(dim(cell_types))) {
    for (name in cell_types) check_column_name("cell_types", name, table)
    if (length(cell_types) == 1L) {
      values <- as_plain(table[[cell_types]])
      if (is_measure(values)) {
        todo <- "For proportions name all their columns, or give a matrix."
        input_error(sprintf("column '%s'", cell_types), "decimal numbers", "the cell type of each cell", todo)
      }
      return(factor(values))
    }
    cell_types <- as.data.frame(lapply(stats::setNames(nm = cell_types), function(name) as_plain(table[[name]])),
      check.names = FALSE
    )
    rownames(cell_types) <- NULL
  }
  values <- numbers_of("cell_types", cell_types, "cells x types")
  # A data frame numbers its rows where they have no names.
  if (is.data.frame(cell_types) && is.integer(attr(cell_types, "row.names"))) rownames(values) <- NULL
  if (is.null(rownames(values))) {
    if (nrow(values) != length(cells)) {
      found <- sprintf("%d rows without names", nrow(values))
      input_error("cell_types", found, sprintf("names of cells, or a row for each of %d", length(cells)))
    }
    return(values)
  }
  if (anyDuplicated(rownames(values))) {
    found <- sprintf("row '%s' twice", rownames(values)[anyDuplicated(rownames(values))])
    input_error("cell_types", found, "each cell once")
  }
  if (!any(cells %in% rownames(values))) {
    input_error("cell_types", paste("rows such as", name_list(rownames(values), 1L)), "names of cells")
  }
  values[match(cells, rownames(values)), , drop = FALSE]
}

# A matrix of numbers with names of columns.
numbers_of <- function(name, table, expected) {
  is_table <- is.data.frame(table) || is.matrix(table) || methods::is(table, "Matrix")
  if (!is_table) input_error(name, describe_class(table), paste0("a matrix or data frame, ", expected))
  values <- as.matrix(table)
  if (!is.numeric(values)) input_error(name, "columns that are not of numbers", expected)
  if (is.null(colnames(values))) input_error(name, "columns without names", "the names of the cell types")
  values
}

composition_to_python <- function(run, types, counts) {
  require_python()
  bridge <- python_module("interop.reticulate")
  obs <- list(domain = factor_to_python(run$domains))
  if (!is.null(run$slices)) obs$slice <- factor_to_python(run$slices)
  if (!is.null(run$conditions)) obs$condition <- factor_to_python(run$conditions)
  if (!is.null(run$donors)) obs$donor <- factor_to_python(run$donors)
  if (is.factor(types)) obs$cell_type <- factor_to_python(types)
  # Cells by number: names may be shared by slices, and none comes back.
  cells <- array(as.character(seq_along(run$domains)))
  if (is.null(counts)) {
    return(call_python(bridge$embedding_to_anndata, matrix(0, length(cells), 1L), cells, run$places, obs = obs))
  }
  call_python(bridge$to_anndata, counts_to_python(counts), array(rownames(counts)), cells, run$places, obs = obs)
}

types_to_python <- function(types) {
  if (is.null(types)) {
    return(NULL)
  }
  if (is.factor(types)) {
    return("cell_type")
  }
  cells <- array(as.character(seq_len(nrow(types))))
  python_module("interop.reticulate")$data_frame(unname(types), cells, array(colnames(types)))
}

signatures_to_python <- function(signatures) {
  if (is.null(signatures)) {
    return(NULL)
  }
  values <- numbers_of("signatures", signatures, "genes x cell types")
  if (is.null(rownames(values))) input_error("signatures", "rows without names", "the names of the genes")
  python_module("interop.reticulate")$data_frame(unname(values), array(rownames(values)), array(colnames(values)))
}
