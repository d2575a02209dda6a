#' Write domains for a viewer
#'
#' Files that Xenium Explorer, Loupe Browser, QuPath and QGIS import: `write_viewer()` of the Python package.
#'
#' @inheritParams RunSpatialPseudotime
#' @param path The file to write: `.csv`, or `.geojson`.
#' @param kind `"xenium"`: a table with `cell_id` and `group`, for Xenium Explorer; `"loupe"`: one with `Barcode` and
#'   `domain`, for Loupe Browser; `"geojson"`: polygons of domains, with their size and mean confidence and pseudotime,
#'   for QuPath and QGIS.
#' @param slice_name The slice to write, where the object holds several. Its cells' names are those that they had.
#' @param scale Coordinates are multiplied by this for `"geojson"`: QuPath wants pixels of its image, so `1 / 0.2125`
#'   brings Xenium's micrometres there.
#' @param image,coordinates Where the places are for `"geojson"`, as in [RunSpotscape()].
#' @return The object, invisibly.
#' @section Errors:
#' Of class `spotscape_input_error`: no domains, several slices and none named, a name of another ending, or a file that
#' cannot be written.
#' @seealso [RunSpotscape()], [SpatialDomainPlot()]
#' @eval example_start("ExportDomains", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' file <- tempfile(fileext = ".csv")
#' ExportDomains(spe, file, kind = "xenium")
#' head(read.csv(file), 3)
#' @export
ExportDomains <- function(object, path, kind, slice_name = NULL, scale = 1, image = NULL, coordinates = NULL,
                          reduction = NULL) {
  check_string("path", path)
  check_choice("kind", kind, c("xenium", "loupe", "geojson"))
  run <- run_of(object, reduction)
  columns <- sprintf("%s_%s", run$stem, c("domain", "confidence", "pseudotime"))
  columns <- intersect(columns, colnames(run$table))
  adata <- run_to_python(
    run,
    columns = intersect(columns, domain_column(run$stem)),
    places = if (kind == "geojson") run_places(run$part, run, image, coordinates)
  )
  for (name in setdiff(columns, domain_column(run$stem))) {
    reticulate::py_set_item(adata$obs, name, array(as.double(run$table[[name]])))
  }
  call_python(
    python_module("io")$write_viewer, adata, path.expand(path),
    kind = kind, slice_name = slice_name, key_added = run$stem, scale = scalar_to_python("scale", scale)
  )
  invisible(object)
}
