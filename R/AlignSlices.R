#' Bring slices of one tissue into one frame, and match their cells
#'
#' Cells that are among each other's nearest in an embedding are matches. RANSAC finds a transform that most matches agree
#' on, and under which cells that lie on each other are most alike. Once the slices are aligned, each cell is matched again
#' among the cells near it. A cell has one match, and one of the reference may have many: to find all cells of each spot of
#' another technology, take the slice of spots as the reference.
#'
#' A slice may fit as well another way, such as its mirror image or after a half turn. A warning then names both. A slice
#' that does not fit is left out, and a warning says why. No transform is forced on it.
#'
#' @inheritParams RunSpatialPseudotime
#' @inheritParams IntegrateSlices
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object with several slices, after
#'   [IntegrateSlices()].
#' @param slice_by Column with the slices, or `"seurat_image"`: the images of a Seurat object. `NULL`: that of the run.
#' @param reference Name of the slice whose frame is taken; `NULL`: the first.
#' @param transform `"rigid"`: turned, shifted and turned over; `"similarity"`: also scaled, for slices in different units;
#'   `"affine"`: also sheared; `"nonrigid"`: after the rigid step bent by a smooth deformation, as sections bend on the
#'   glass, so that cells come to lie on those that are like them; `"none"`: nothing is moved, and cells are matched by their
#'   embedding alone, wherever these lie. Take a transform where both slices show the same parts in the same arrangement,
#'   however they lie: rigid where these are of one shape, nonrigid where one grew or bent. Take none where they do not, as
#'   slices of different animals often; `agreement` below 0.4 is a sign.
#' @param matching How cells are matched once the slices are aligned. `"nearest"`: each cell to the most alike of those
#'   near it. `"transport"`: by unbalanced optimal transport, so that few cells share a partner.
#' @param representation What cells are matched by. `"matching"`: embeddings made here from the counts, with more components
#'   and less smoothing than domains want. Expression is averaged over footprints of two sizes, the same area in both slices
#'   where their cells differ in density. Of these, the one is taken under which most cells' nearest lie within a distance of
#'   neighbours once they are aligned, and the run's embedding where none is clearly better. With `transform = "none"` nothing
#'   is averaged, so that cells are matched by their own expression, such as to cells of their type. `"domains"`: the run's
#'   embedding. `NULL` is `"matching"`, and `"domains"` where there are no counts or with `transform = "none"`.
#' @param n_neighbors How many of a cell's nearest in the embedding are looked at for matches, 1 or more.
#' @param landmarks Points that are known in a slice and in the reference, as from their images: a data frame with the columns
#'   `slice`, `x`, `y`, `reference_x` and `reference_y`, in the unit of the coordinates. Three or more of a slice, not on one
#'   line. The transform of that slice is then fitted to them in place of matches; with `"nonrigid"` they pull beside the
#'   embedding. Slices without any are aligned as ever.
#' @param seed Integer of 0 or more, of RANSAC's samples.
#' @param assay,layer Where the counts are, as in [RunSpotscape()].
#' @param image,coordinates Where the places of the cells are, as in [IntegrateSlices()].
#' @return The same object. `aligned_x` and `aligned_y` in its metadata or `colData` are coordinates in the reference's
#'   frame: `NA` for a slice that could not be aligned, and not with `"none"`. `Misc(object, "spotscape_alignment")` or
#'   `metadata(object)$spotscape_alignment` is a list:
#'   - `reference`, `slice_key` (the column of the slices), `transform`, `matching`, `representation`;
#'   - `slices`, a data frame with a row for each slice: whether it is aligned, the transform y = A x + b, rotation in
#'     degrees, scale, whether it was turned over, agreement (share of the matches in the overlap that lie on each other: 1
#'     is all, 0 is chance), how alike cells are that lie on each other, overlap, another fit that is as good; with
#'     `"nonrigid"` how far cells are moved by bending (`bent_by`, the median, in distances of neighbouring cells) and the
#'     smallest and largest factor that an area changes by (`jacobian_low`, `jacobian_high`); the median distance of its
#'     landmarks to where they should lie (`landmark_error`); the share of cells that have no
#'     counterpart, as they lie where the other slice has no tissue, of the slice and of the reference (`unmatched`,
#'     `reference_unmatched`); how many cells were averaged to match by (`footprint`, `reference_footprint`; 0 where that was
#'     the run's embedding);
#'   - `matches`, a data frame of matched cells: cell, partner in the reference, score, distance.
#' @section Errors:
#' Of class `spotscape_input_error`: no such embedding, fewer than two slices, an unknown reference, coordinates in three
#' dimensions, landmarks that are too few, lie on a line or far from their slice.
#' @references Fischler and Bolles (1981), Communications of the ACM 24; Chizat et al. (2018), Mathematics of Computation 87;
#'   Rueckert et al. (1999), IEEE Transactions on Medical Imaging 18.
#' @seealso [TransferDomains()]
#' @eval example_start("AlignSlices", "slice", "both")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' both <- AlignSlices(both, transform = "none")
#' head(S4Vectors::metadata(both)$spotscape_alignment$matches)
#' @export
AlignSlices <- function(object, slice_by = NULL, reference = NULL, transform = "rigid", matching = "nearest",
                        representation = NULL, n_neighbors = 10L, landmarks = NULL, seed = 0L, assay = NULL,
                        layer = NULL, image = NULL, coordinates = NULL, reduction = NULL, slice_key = NULL) {
  slice_by <- renamed(slice_by, slice_key)
  if (!is.null(landmarks)) {
    if (!is.data.frame(landmarks)) {
      input_error("landmarks", describe_class(landmarks), "a data frame with slice, x, y, reference_x and reference_y")
    }
    landmarks <- reticulate::r_to_py(as.data.frame(landmarks))
  }
  run <- with_slices(run_of(object, reduction), slice_by)
  places <- if (!identical(transform, "none")) run_places(run$part, run, image, coordinates)
  adata <- run_to_python(run, counts = counts_to_match(run, representation, transform, assay, layer), places = places)
  call_verb(
    "align_slices", adata,
    slice_key = "slice", reference = reference, transform = transform, matching = matching,
    representation = representation, n_neighbors = scalar_to_python("n_neighbors", n_neighbors),
    landmarks = landmarks, seed = scalar_to_python("seed", seed)
  )
  found <- verb_to_r(
    adata, obsm = if (!is.null(places)) "spatial_aligned", uns = "spotscape_alignment"
  )
  if (!is.null(found$values)) {
    found$values[is.nan(found$values)] <- NA
    object <- add_columns(object, list(aligned_x = found$values[, 1L], aligned_y = found$values[, 2L]), run$cells)
  }
  record <- found$record
  record[c("slices", "matches")] <- lapply(record[c("slices", "matches")], as_table)
  record$slice_key <- run$slice_by
  add_record(object, sprintf("%s_alignment", run$stem), record)
}

# Raw counts where cells are matched by them. An object without counts is matched by its run, and Python says so.
counts_to_match <- function(run, representation, transform, assay, layer) {
  by_run <- is.null(representation) && identical(transform, "none")
  if (by_run || identical(representation, "domains")) {
    return(NULL)
  }
  if (!is.null(representation) || !is.null(assay) || !is.null(layer)) {
    return(run_counts(run$part, assay, layer))
  }
  tryCatch(run_counts(run$part, assay, layer), spotscape_input_error = function(e) NULL)
}

# The slices of a run as asked for, else as the run had them.
with_slices <- function(run, slice_by) {
  run$slice_by <- slice_by %||% run$info$integration$slice_key
  if (is.null(run$slice_by)) {
    input_error(
      "slice_by", "NULL, and none in the record of a run", "the name of a column",
      "Give `slice_by`, or put the slices into one space with IntegrateSlices()."
    )
  }
  run$slices <- column_slices(table_with_images(run$part, run$table, run$slice_by), run$slice_by)
  run
}
