#' What the domains are on the map
#'
#' Size, confidence, place, shape, pieces, and the lengths of the borders between domains. The computation is
#' `spotscape.tl.describe_domains` in Python, and the numbers are the same as there.
#'
#' Each cell or spot stands for the ground that is nearer to it than to any other. At the rim of the tissue, and at its
#' holes, that ground ends about half a spot distance away. Gaps that are as small as a missing spot are closed. Borders
#' and outlines are lengths of the line that runs along the edges of this ground, without its zigzag. On lattices they are
#' within 3 percent of the true line. Among cells that lie freely they are some 5 percent too long. Each sharp corner is
#' rounded, by about half a spot distance.
#'
#' @inheritParams RunSpatialPseudotime
#' @param domain_key Column with the domains; `NULL`: the run's.
#' @param slice_by Column with the slices (`"seurat_image"`: the images of a Seurat object); `NULL`: that of the run.
#' @param by_slice Rows for each slice and domain. Otherwise several slices are taken together: cells, areas, lengths and
#'   pieces are added up, the others are means over cells.
#' @param micrometres_per_unit How many micrometres one unit of the coordinates is; `NULL` where that is not known.
#' @param image,coordinates Where the places are, as in [RunSpotscape()].
#' @return A list; the object is not changed.
#'   - `domains`: a data frame with a row for each domain: `domain`, `n_spots`, `share` (of the cells that have a domain),
#'     `confidence` (its mean, where the run has one), `depth` (mean place along the tissue's main axis, from 0 at the
#'     end of the first domains to 1; `NA` where the domains do not follow one direction), `area`, `perimeter`, `outline`
#'     (the part of it along the rim or the holes of the tissue), `elongation` (length by width of the largest piece),
#'     `n_pieces`, `largest_piece` (its part of the domain), `unit`; with `by_slice`, `slice` first.
#'   - `borders`: a matrix, domain x domain, with the length of the border between two; with `by_slice` a list of them.
#'   - `unit`: `"um"`, or `"spot distance"` (that of nearest spots) where micrometres are not known. Areas are in its
#'     square.
#' @section Errors:
#' Of class `spotscape_input_error`: no run, no such column, no places, or a slice that does not lie in one plane.
#' @seealso [SpatialDomainPlot()], [CompareDomains()]
#' @eval example_start("DescribeDomains", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' found <- DescribeDomains(spe)
#' found$domains[c("domain", "n_spots", "area", "perimeter", "n_pieces")]
#' round(found$borders, 1)
#' @export
DescribeDomains <- function(object, domain_key = NULL, slice_by = NULL, by_slice = FALSE, micrometres_per_unit = NULL,
                            image = NULL, coordinates = NULL, reduction = NULL) {
  run <- with_slices_of(with_lost_slices(run_of(object, reduction), coordinates), slice_by)
  column <- domain_key %||% domain_column(run$stem)
  check_column_name("domain_key", column, run$table)
  adata <- run_to_python(run, columns = column, places = run_places(run$part, run, image, coordinates))
  confidence <- confidence_column(run$stem)
  if (confidence %in% colnames(run$table)) {
    reticulate::py_set_item(adata$obs, confidence, array(as.double(run$table[[confidence]])))
  }
  if (!is.null(micrometres_per_unit)) {
    reticulate::py_set_item(
      adata$uns, "micrometres_per_unit", scalar_to_python("micrometres_per_unit", micrometres_per_unit)
    )
  }
  found <- call_verb(
    "describe_domains", adata,
    domain_key = column, slice_key = if (!is.null(run$slices)) "slice", by_slice = by_slice, key_added = run$stem
  )
  description_to_r(found)
}

# A run, with the slices of a column where one is named.
with_slices_of <- function(run, slice_by) {
  if (!is.null(slice_by)) {
    table <- table_with_images(run$part, run$table, slice_by)
    check_column_name("slice_by", slice_by, table)
    run$slices <- table[[slice_by]]
  }
  run
}

# A table with NA for what Python has as NaN.
without_nan <- function(table) {
  table[] <- lapply(table, function(values) if (is.numeric(values)) replace(values, is.nan(values), NA) else values)
  table
}

description_to_r <- function(found) {
  found <- reticulate::py_to_r(python_module("interop.reticulate")$from_description(found))
  domains <- without_nan(as_table(found$domains))
  names <- as.character(unlist(found$names))
  borders <- found$borders
  if (is.null(domains$slice)) {
    dimnames(borders) <- list(names, names)
  } else {
    slices <- unique(domains$slice)
    borders <- lapply(stats::setNames(nm = slices), function(slice) {
      matrix(borders[domains$slice == slice, ], length(names), dimnames = list(names, names))
    })
  }
  list(domains = domains, borders = borders, unit = found$unit)
}
