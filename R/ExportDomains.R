#' Write domains for a viewer
#'
#' Files that Xenium Explorer, Loupe Browser, QuPath and QGIS import, and meshes of a stack: `write_viewer()` of the
#' Python package.
#'
#' @inheritParams RunSpatialPseudotime
#' @param path The file to write: `.csv`, or `.geojson`; for `"mesh"` a new folder.
#' @param kind `"xenium"`: a table with `cell_id` and `group`, for Xenium Explorer; `"loupe"`: one with `Barcode` and
#'   `domain`, for Loupe Browser; `"geojson"`: polygons of domains, with their size and mean confidence and pseudotime,
#'   for QuPath and QGIS; `"mesh"`: of a stack that [AlignStack()] made, a folder with the surface of the tissue,
#'   `tissue.ply`, and of each domain, `domain_<name>.ply`, for MeshLab, Blender, ParaView and 3D Slicer. Surfaces are
#'   closed alpha shapes, in the unit of the coordinates. A domain that lies in single sections or spots has none, and a
#'   warning says so.
#' @param slice_name The slice to write, where the object holds several. Its cells' names are those that they had.
#'   `NULL` for `"mesh"`, which takes all.
#' @param scale Coordinates are multiplied by this for `"geojson"`: QuPath wants pixels of its image, so `1 / 0.2125`
#'   brings Xenium's micrometres there.
#' @param image,coordinates Where the places are for `"geojson"`, as in [RunSpotscape()].
#' @return The object, invisibly.
#' @section Errors:
#' Of class `spotscape_input_error`: no domains, several slices and none named, a name of another ending, a file that
#' cannot be written, or for `"mesh"` no stack, or fewer than two sections of it that lie above each other.
#' @references Edelsbrunner and Muecke (1994), Three-dimensional alpha shapes, ACM Transactions on Graphics 13.
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
  check_choice("kind", kind, c("xenium", "loupe", "geojson", "mesh"))
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
  if (kind == "mesh") {
    axes <- c("stack_x", "stack_y", "stack_z")
    if (!all(axes %in% colnames(run$table))) {
      input_error("object", "no places in a stack", "a stack of sections", "Call AlignStack() first.")
    }
    places <- unname(vapply(run$table[axes], as.double, numeric(nrow(run$table))))
    reticulate::py_set_item(adata$obsm, "spatial_3d", places)
  }
  call_python(
    python_module("io")$write_viewer, adata, path.expand(path),
    kind = kind, slice_name = slice_name, key_added = run$stem, scale = scalar_to_python("scale", scale)
  )
  invisible(object)
}
