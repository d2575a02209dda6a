# One argument, `slice_by`, says which column has the slices. Python and the shell call it `slice_key`, and so does the
# record of a run, which all three read.

# The value of an argument that had another name.
renamed <- function(slice_by, slice_key) {
  if (is.null(slice_key)) {
    return(slice_by)
  }
  if (!is.null(slice_by)) input_error("slice_key", "both `slice_by` and `slice_key`", "`slice_by` alone")
  warning(warningCondition(
    "`slice_key` is called `slice_by` now, and will go.", class = c("spotscape_deprecated", "deprecatedWarning")
  ))
  slice_key
}

# The column that tells the slices of an object apart, where nobody names one. Images and split layers go under the
# name "slice", which is then written.
usual_slices <- function(object) {
  columns <- if (methods::is(object, "SpatialExperiment")) c("sample_id", "slice") else SLICE_COLUMNS
  table <- cell_table(object)
  several <- Filter(function(name) name %in% colnames(table) && length(unique(as_plain(table[[name]]))) > 1L, columns)
  if (inherits(object, "Seurat")) {
    if ("slice" %in% colnames(table) || length(own_images(object)) > 1L || !length(several)) {
      return("slice")
    }
  }
  c(several, columns)[[1L]]
}

# The image that each cell lies in.
image_slices <- function(object) factor(seurat_image_places(object)$image, levels = names(own_images(object)))

# The table about cells, with the image of each where that is the column asked for.
table_with_images <- function(table, object, slice_by) {
  if (identical(slice_by, SEURAT_IMAGE) && !slice_by %in% colnames(table) && inherits(object, "Seurat")) {
    table[[SEURAT_IMAGE]] <- image_slices(object)
  }
  table
}
