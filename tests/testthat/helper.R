# Objects of every kind around the simulated slice in inst/extdata, and when to skip.

fast <- list(n_starts = 2L)
trained <- list(encoder = "gcn", epochs = 3L, n_starts = 2L)

# Also starts Python, with one thread: runs are tiny, and threads that wait for each other on a busy machine take
# longer than the work. Each test sets it anew, because Leiden's neighbour search (numba) changes it.
skip_without_python <- function() {
  if (!identical(Sys.getenv("SPOTSCAPE_TEST_PYTHON"), "required") && !spotscape_available()) {
    skip("no Python with what spotscape needs (see spotscape_sitrep()); SPOTSCAPE_TEST_PYTHON=required makes this fail")
  }
  require_python()
  reticulate::import("torch")$set_num_threads(1L)
}

slice_file <- function(...) {
  system.file("extdata", "slice", ..., package = "spotscape", mustWork = TRUE)
}

# Counts (dgCMatrix, genes x cells) and coordinates of the first `n` spots; all 700 by default.
example_slice <- function(n = 700L) {
  matrix_file <- function(name) gzfile(slice_file("filtered_feature_bc_matrix", name))
  read_names <- function(name) {
    connection <- matrix_file(name)
    on.exit(close(connection))
    sub("\t.*", "", readLines(connection))
  }
  counts <- methods::as(Matrix::readMM(matrix_file("matrix.mtx.gz")), "CsparseMatrix")
  counts <- methods::as(counts, "dMatrix")
  dimnames(counts) <- list(read_names("features.tsv.gz"), read_names("barcodes.tsv.gz"))
  place <- utils::read.csv(slice_file("spatial", "tissue_positions.csv"), row.names = "barcode")
  cells <- colnames(counts)[seq_len(n)]
  coordinates <- data.frame(x = place[cells, "pxl_col_in_fullres"], y = place[cells, "pxl_row_in_fullres"], row.names = cells)
  list(counts = counts[, cells], coordinates = coordinates)
}

# A Seurat object with one image of the class asked for. Its cells lie in another order in the image.
example_seurat <- function(image = c("VisiumV2", "VisiumV1", "FOV", "SlideSeq", "none"), n = 140L, slice = example_slice(n)) {
  image <- match.arg(image)
  object <- SeuratObject::CreateSeuratObject(slice$counts, assay = "Spatial")
  place <- slice$coordinates[rev(rownames(slice$coordinates)), ]
  by_row <- data.frame(imagerow = place$y, imagecol = place$x, row.names = rownames(place))
  pixels <- array(0.9, c(20L, 20L, 3L))
  factors <- Seurat::scalefactors(spot = 75, fiducial = 120, hires = 0.01, lowres = 20 / 4500)
  # suppressWarnings: Seurat remarks on the order of the cells, which is the point.
  made <- switch(image,
    VisiumV2 = {
      fov <- SeuratObject::CreateFOV(by_row, type = "centroids", radius = 75, assay = "Spatial", key = "slice1_")
      methods::new(methods::getClass("VisiumV2", where = asNamespace("Seurat")),
        boundaries = fov@boundaries, molecules = fov@molecules, assay = "Spatial", key = "slice1_",
        image = pixels, scale.factors = factors
      )
    },
    VisiumV1 = methods::new(methods::getClass("VisiumV1", where = asNamespace("Seurat")),
      assay = "Spatial", key = "slice1_", image = pixels, scale.factors = factors, spot.radius = 0.01,
      coordinates = cbind(data.frame(tissue = 1L, row = seq_len(nrow(place)), col = 1L), by_row)
    ),
    FOV = SeuratObject::CreateFOV(place, type = "centroids", assay = "Spatial", key = "slice1_"),
    SlideSeq = methods::new(methods::getClass("SlideSeq", where = asNamespace("Seurat")),
      assay = "Spatial", key = "slice1_", coordinates = place
    ),
    none = NULL
  )
  if (!is.null(made)) suppressWarnings(object[["slice1"]] <- made)
  object
}

example_spe <- function(n = 140L, slice = example_slice(n)) {
  SpatialExperiment::SpatialExperiment(
    assays = list(counts = slice$counts), spatialCoords = as.matrix(slice$coordinates), sample_id = "one"
  )
}

example_sce <- function(n = 140L, slice = example_slice(n)) {
  SingleCellExperiment::SingleCellExperiment(
    assays = list(counts = slice$counts), colData = S4Vectors::DataFrame(slice$coordinates)
  )
}

# Parts of the simulated slice as slices of their own: counts and coordinates by name.
example_slices <- function(left = 1:140, right = 141:300) {
  whole <- example_slice()
  lapply(list(left = left, right = right), function(cells) {
    list(counts = whole$counts[, cells], coordinates = whole$coordinates[cells, ])
  })
}

# One Seurat object with an image for each slice.
merged_seurat <- function(slices = example_slices()) {
  objects <- lapply(unname(slices), function(slice) example_seurat("SlideSeq", slice = slice))
  suppressWarnings(merge(objects[[1L]], objects[-1L]))
}

# Seurat's subset() warns that it does not validate what it made.
quiet_subset <- function(...) suppressWarnings(subset(...))

# A user's error: of our class, in one line, with no call before it, and naming the argument first.
# Whether inst/known_issues.yaml has a row of this id: only then may a test leave the part out of a comparison.
known_issue <- function(id) {
  lines <- readLines(system.file("known_issues.yaml", package = "spotscape"))
  if (!paste("  - id:", id) %in% lines) stop("known_issues.yaml has no row of id ", id)
  TRUE
}

expect_input_error <- function(code, argument, regexp = NULL) {
  error <- expect_error({{ code }}, class = "spotscape_input_error")
  expect_null(conditionCall(error))
  expect_false(grepl("\n|Traceback", conditionMessage(error)))
  expect_match(conditionMessage(error), argument, fixed = TRUE)
  if (!is.null(regexp)) expect_match(conditionMessage(error), regexp)
}
