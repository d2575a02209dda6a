#' Bring many sections in order into one volume
#'
#' Each section is aligned to the next, and to the one after it, as by [AlignSlices()]. One motion for each section is then
#' found from all of these together: it does not drift as a chain of motions does, and it bridges a section that is torn or
#' missing. An alignment that contradicts the others is left out. A section that fits nowhere is not placed, and a warning
#' says why. Warnings also name neighbours that seem to be in different units, sections that fit the others as well another
#' way, such as their mirror image, and those whose cells are alike to those that they lie on at less than 0.45, as of
#' sections that do not overlap. Where layers look alike all along, such a section may get a place without a word.
#'
#' @inheritParams AlignSlices
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object with the sections of one tissue, after
#'   [IntegrateSlices()].
#' @param slice_by Column with the sections, or `"seurat_image"`: the images of a Seurat object. `NULL`: that of the run.
#' @param order Names of all sections from one end to the other, with `NA` for each that is missing. `NULL`: in the order of
#'   the run.
#' @param thickness Distance from a section to the next, in the unit of the coordinates. Give this or `positions`.
#' @param positions Where each section lies along z, in that unit: numbers with the sections' names, or in their order.
#' @param transform `"rigid"`: turned, shifted and turned over; `"nonrigid"`: each section is then bent towards its
#'   neighbours, half the way, where cells that it was not fitted to bear that out.
#' @param skips How many of those that follow a section it is aligned to. 1 is a chain: errors add up, and no alignment can
#'   be checked by another.
#' @return The same object. `stack_x`, `stack_y` and `stack_z` in its metadata or `colData` are places in the volume, in the
#'   frame of the first section that is placed: `NA` for a section that could not be placed.
#'   `Misc(object, "spotscape_stack")` or `metadata(object)$spotscape_stack` is a list:
#'   - `slice_key` (the column of the sections), `transform`, `skips`;
#'   - `sections`, a data frame with a row for each section: `z`, whether it is placed, the motion y = A x + b, rotation in
#'     degrees, whether it was turned over, how many alignments hold it, and with `"nonrigid"` how far it is bent (`bent_by`,
#'     the median, in distances of neighbouring cells) and the smallest and largest factor that an area changes by;
#'   - `edges`, a data frame with a row for each pair that was aligned: numbers of matches and of those that agree,
#'     agreement, overlap, whether the stack is made from it (`kept`), whether by its second best motion (`other_way`), how
#'     far its motion is off that of the stack (`off`, in distances of neighbouring cells), and why there is none.
#' @section Errors:
#' Of class `spotscape_input_error`: no such embedding, fewer than two sections, an order that lacks a section, positions
#' that do not rise, neither or both of `thickness` and `positions`, no two sections that can be aligned, coordinates in
#' three dimensions.
#' @references Govindu (2004), Lie-algebraic averaging for globally consistent motion estimation, CVPR.
#' @seealso [AlignSlices()]
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' \dontshow{spotscape:::example_results("AlignStack")}
#' # Two sections with half of a small simulated slice's molecules each, the second turned
#' folder <- system.file("extdata", "slice", package = "spotscape")
#' matrix_file <- file.path(folder, "filtered_feature_bc_matrix", "matrix.mtx.gz")
#' counts <- as.matrix(Matrix::readMM(gzfile(matrix_file)))
#' place <- read.csv(file.path(folder, "spatial", "tissue_positions.csv"), row.names = "barcode")
#' place <- as.matrix(place[c("pxl_col_in_fullres", "pxl_row_in_fullres")])
#' section <- function(name, turn) {
#'   counts[] <- rbinom(length(counts), counts, 0.5)
#'   rownames(counts) <- paste0("gene", seq_len(nrow(counts)))
#'   colnames(counts) <- paste0(name, seq_len(ncol(counts)))
#'   SpatialExperiment::SpatialExperiment(
#'     assays = list(counts = counts), sample_id = name, spatialCoords = place %*% turn
#'   )
#' }
#' both <- list(A = section("A", diag(2)), B = section("B", matrix(c(0, 1, -1, 0), 2)))
#' both <- IntegrateSlices(both, n_domains = 5, verbose = FALSE)
#' both <- AlignStack(both, order = c("A", NA, "B"), thickness = 100)
#' S4Vectors::metadata(both)$spotscape_stack$sections[c("slice", "z", "placed", "rotation")]
#' @export
AlignStack <- function(object, slice_by = NULL, order = NULL, thickness = NULL, positions = NULL, transform = "rigid",
                       skips = 2L, n_neighbors = 10L, seed = 0L, image = NULL, coordinates = NULL, reduction = NULL) {
  run <- with_slices(run_of(object, reduction), slice_by)
  adata <- run_to_python(run, places = run_places(run$part, run, image, coordinates))
  call_verb(
    "align_stack", adata,
    slice_key = "slice", order = order_to_python(order %||% levels(run$slices)),
    thickness = thickness, positions = if (!is.null(positions)) as.list(positions), transform = transform,
    skips = scalar_to_python("skips", skips), n_neighbors = scalar_to_python("n_neighbors", n_neighbors),
    seed = scalar_to_python("seed", seed)
  )
  found <- verb_to_r(adata, obsm = "spatial_3d", uns = "spotscape_stack")
  found$values[is.nan(found$values)] <- NA
  places <- stats::setNames(asplit(found$values, 2L), c("stack_x", "stack_y", "stack_z"))
  object <- add_columns(object, lapply(places, as.vector), run$cells)
  record <- found$record
  record[c("sections", "edges")] <- lapply(record[c("sections", "edges")], as_table)
  record$slice_key <- run$slice_by
  add_record(object, sprintf("%s_stack", run$stem), record)
}

# Names as a list, NULL for a section that is missing.
order_to_python <- function(order) {
  lapply(as.character(order), function(name) if (!is.na(name)) name)
}
