#' A map to explore in a browser
#'
#' Writes one HTML file for up to 100,000 cells, which needs neither a server nor a network: send it to anyone. The page
#' zooms and pans. Under the pointer it shows a cell's name, slice, and what `panels` names. A click on a domain, in the
#' legend or on the map, fades all others. The page is made by `spotscape.pl.interactive_map` in Python.
#'
#' The y axis points down, as in images, also for an FOV.
#'
#' @inheritParams TissueMapPlot
#' @param path File to write, ending in `.html`. It is written whole or not at all.
#' @param panels What the cells can be coloured by, each by its name, as in [TissueMapPlot()]. The first is shown when
#'   the page is opened. The parts in an assay are columns of numbers here.
#' @param img Put the tissue image under the cells, if the object holds one, at 1,500 pixels or less.
#' @param sample How many cells to show, taken at random, of more than that; up to 100,000. The page says so, and
#'   counts of groups are those of all cells. `NULL`: all cells.
#' @param seed Of the sample.
#' @param title Heading of the page.
#' @return The object, invisibly.
#' @section Errors:
#' Of class `spotscape_input_error`: more than 100,000 cells and no `sample`, what a panel names is not there, there are
#' no places, a slice is unknown, or the file cannot be written.
#' @seealso [TissueMapPlot()]; [ExportDomains()] for other viewers.
#' @eval example_start("InteractiveDomainMap", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' file <- tempfile(fileext = ".html")
#' InteractiveDomainMap(spe, file)
#' # browseURL(file)
#' @export
InteractiveDomainMap <- function(object, path, panels = NULL, slice_by = NULL, slices = NULL, layer = NULL, img = TRUE,
                                 sample = NULL, seed = 0L, title = NULL, micrometres_per_unit = NULL, assay = NULL,
                                 image = NULL, coordinates = NULL, reduction = NULL) {
  check_string("path", path)
  micrometres <- check_micrometres(micrometres_per_unit)
  map <- read_map(object, panels, slice_by, slices, layer, assay, img, image, coordinates, reduction)
  adata <- map_to_python(map)
  # A unit that the object does not give is not guessed from its scale factors: Seurat's are those of Visium's spots.
  reticulate::py_set_item(adata$uns, "micrometres_per_unit", micrometres %||% NaN)
  call_python(
    python_module("pl")$interactive_map, adata, path.expand(path),
    panels = as.list(names(map$shown)), slice_key = if (!is.null(map$slices)) "slice_of_map", img = img,
    sample = sample, seed = scalar_to_python("seed", seed), title = title
  )
  invisible(object)
}

# An AnnData of what is shown alone: no counts cross.
map_to_python <- function(map) {
  require_python()
  bridge <- python_module("interop.reticulate")
  columns <- map$shown[!vapply(map$shown, is.matrix, NA)]
  of_run <- names(columns) %in% MAP_WORDS & map$words[names(columns)] != names(columns)
  names(columns) <- ifelse(of_run, paste0("spotscape_", names(columns)), names(columns))
  groups <- vapply(columns, is.factor, NA)
  obs <- lapply(columns[groups], factor_to_python)
  if (!is.null(map$slices)) {
    obs$slice_of_map <- factor_to_python(map$slices)
    if (is.null(obs$library_id)) obs$library_id <- array(map$image_of)
  }
  nothing <- matrix(0, length(map$cells), 1L)
  adata <- call_python(
    bridge$embedding_to_anndata, nothing, array(map$cells), map$places, obs = if (length(obs)) obs
  )
  for (name in names(columns)[groups]) { # those of TissueMapPlot()
    reticulate::py_set_item(adata$uns, paste0(name, "_colors"), as.list(domain_colours(nlevels(columns[[name]]))))
  }
  for (name in names(columns)[!groups]) {
    reticulate::py_set_item(adata$obs, name, array(replace(columns[[name]], is.na(columns[[name]]), NaN)))
  }
  for (name in setdiff(names(map$shown), c(names(columns), MAP_WORDS))) {
    values <- map$shown[[name]]
    values[is.na(values)] <- NaN
    frame <- reticulate::import("pandas", convert = FALSE)$DataFrame(
      values, index = adata$obs_names, columns = as.list(colnames(values))
    )
    reticulate::py_set_item(adata$obsm, name, frame)
  }
  if (length(map$images)) {
    make <- python_module("interop._images")$from_image
    images <- lapply(map$images, function(one) call_python(make, pieces_to_python(one)))
    reticulate::py_set_item(adata$uns, "spatial", do.call(reticulate::dict, images))
  }
  adata
}
