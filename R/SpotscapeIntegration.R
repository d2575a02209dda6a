#' Integrate the layers of a Seurat assay by spotscape
#'
#' A `method` for Seurat's `IntegrateLayers()`: each layer of a split assay is a slice, and the new reduction is the
#' embedding that [IntegrateSlices()] finds. Raw counts are read (`counts.1` beside `data.1`), and genes are chosen by
#' spotscape, so that neither `orig.reduction` nor `features` changes the result. [FindSpatialDomains()] finds domains
#' in the new reduction, of 20 columns by default; [IntegrateSlices()] does all in one step.
#'
#' @inheritParams IntegrateSlices
#' @param object,assay,orig,layers,features,scale.layer What `IntegrateLayers()` hands over: the assay (v5), its name,
#'   a reduction, and names of layers, genes and the scaled layer.
#' @param coordinates Where the cells lie, which `IntegrateLayers()` does not hand over: a numeric matrix or data frame
#'   with a row (x, y) named by each cell, or the Seurat object, whose images then say it.
#' @param new.reduction,key Name of the new reduction, and the key of its columns (`NULL`: the name in capitals).
#' @param n_domains Number of domains that a training of the published encoder uses; `NULL` has it suggested. The
#'   default embedding does not depend on it.
#' @return A list with the new reduction, as `IntegrateLayers()` expects. It has no room for the model, so
#'   [ImputeExpression()] and [SaveSpotscape()] need a run of [IntegrateSlices()] instead.
#' @examplesIf interactive() && exists("object")
#' # `object`: a Seurat object with split layers, images and a PCA
#' object <- Seurat::IntegrateLayers(object, method = SpotscapeIntegration, coordinates = object)
#' object <- FindSpatialDomains(object, n_domains = 7)
#' @export
SpotscapeIntegration <- function(object, assay = NULL, orig = NULL, layers = NULL, features = NULL, scale.layer = NULL,
                                 coordinates = NULL, new.reduction = "spotscape", key = NULL, n_domains = NULL,
                                 correction = 1, config = NULL, seed = 0L, device = "auto", checkpoint = NULL,
                                 checkpoint_minutes = 3, resume = FALSE, threads = NULL, verbose = TRUE, ...) {
  require_packages("SeuratObject", "SpotscapeIntegration()")
  no_more_arguments(...)
  check_names_to_write("slice", new.reduction, key)
  if (!inherits(object, "StdAssay")) {
    input_error("object", describe_class(object), "a v5 assay", "Call it by IntegrateLayers().")
  }
  slices <- layer_slices(object, layers)
  cells <- intersect(colnames(object), names(slices))
  of <- unname(slices[cells])
  place <- named_coordinates(coordinates, cells)
  counts <- seurat_slice_counts(object, assay %||% "", NULL, split(cells, of))
  training <- training_settings(n_domains, config, seed, device, checkpoint, checkpoint_minutes, resume, threads, verbose)
  result <- integrate_python(pieces_of(counts, cells, place, NULL, of), "slice", NULL, correction, training)
  embedding <- embedding_reduction(in_order_of(result, cells, cells, of), assay, new.reduction, key)
  stats::setNames(list(embedding), new.reduction)
}
attr(SpotscapeIntegration, "Seurat.method") <- "integration"

# The layer of each cell, by the cells' names; named by what follows the first dot in `data.1`.
layer_slices <- function(data, layers) {
  layers <- layers %||% assay_layers(data, "", "counts")
  cells <- lapply(layers, function(layer) SeuratObject::Cells(data, layer = layer))
  names <- sub("^[^.]*\\.", "", layers)
  if (length(layers) < 2L || anyDuplicated(unlist(cells)) || anyDuplicated(names)) {
    input_error(
      "layers", name_list(layers), "two layers or more, one for each slice",
      "Split the assay first: object[[\"RNA\"]] <- split(object[[\"RNA\"]], f = object$slice)."
    )
  }
  stats::setNames(factor(rep(names, lengths(cells)), levels = names), unlist(cells))
}

# Numbers by the cells' names, or those of an object's images.
named_coordinates <- function(coordinates, cells) {
  if (inherits(coordinates, "Seurat")) {
    found <- seurat_image_places(coordinates)$xy
    rownames(found) <- colnames(coordinates)
    return(as_coordinates(found, cells, "coordinates"))
  }
  if (is.null(rownames(coordinates)) || !length(intersect(rownames(coordinates), cells))) {
    found <- if (is.null(coordinates)) "NULL" else "no rows named by cell"
    input_error("coordinates", found, "a matrix with a row (x, y) named by each cell, or the Seurat object itself")
  }
  as_coordinates(coordinates, cells, "coordinates")
}
