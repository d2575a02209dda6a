# Sections in one volume, on a Seurat and on a SpatialExperiment object.

# The simulated slice twice, with half of the molecules each; the second is turned by 90 degrees.
two_sections <- function(kind) {
  whole <- example_slice(300L)
  part <- function(name, turn) {
    counts <- whole$counts
    counts@x <- withr::with_seed(match(name, LETTERS), as.numeric(stats::rbinom(length(counts@x), counts@x, 0.6)))
    colnames(counts) <- paste0(name, colnames(counts))
    place <- as.matrix(whole$coordinates) %*% turn
    place <- data.frame(x = place[, 1L], y = place[, 2L], row.names = colnames(counts))
    slice <- list(counts = counts, coordinates = place)
    if (kind == "seurat") example_seurat("FOV", slice = slice) else example_spe(slice = slice)
  }
  objects <- list(A = part("A", diag(2)), B = part("B", matrix(c(0, 1, -1, 0), 2L)))
  suppressWarnings(IntegrateSlices(objects, slice_by = "section", n_domains = 3, config = fast, verbose = FALSE))
}

test_that("sections are placed, and tables say how", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  true <- as.matrix(example_slice(300L)$coordinates)
  spacing <- min(stats::dist(true[1:50, ]))
  for (kind in c("seurat", "spe")) {
    object <- two_sections(kind)
    found <- suppressWarnings(AlignStack(object, order = c("A", NA, "B"), thickness = 50))
    table <- if (kind == "seurat") found[[]] else as.data.frame(SummarizedExperiment::colData(found))
    for (name in c("A", "B")) {
      own <- table$section == name
      off <- sqrt((table$stack_x[own] - true[, 1L])^2 + (table$stack_y[own] - true[, 2L])^2) / spacing
      expect_lt(median(off), if (name == "A") 1e-6 else 2)
      expect_equal(unique(table$stack_z[own]), if (name == "A") 0 else 100)
    }
    record <- if (kind == "seurat") SeuratObject::Misc(found, "spotscape_stack") else S4Vectors::metadata(found)$spotscape_stack
    expect_equal(record[c("slice_key", "transform", "skips")], list(slice_key = "section", transform = "rigid", skips = 2))
    expect_equal(record$sections$slice, c("A", "B"))
    expect_equal(record$sections$placed, c(TRUE, TRUE))
    expect_equal(abs(record$sections$rotation[2L]), 90, tolerance = 0.05)
    expect_equal(record$edges[c("slice", "other", "kept")], data.frame(slice = "A", other = "B", kept = TRUE))
    folders <- tempfile(c("r", "py"))
    ExportDomains(found, folders[1L], kind = "mesh")
    adata <- suppressWarnings(as_anndata(found))
    places <- unname(as.matrix(table[c("stack_x", "stack_y", "stack_z")]))
    reticulate::py_set_item(adata$obsm, "spatial_3d", places)
    reticulate::import("spotscape")$io$write_viewer(adata, folders[2L], kind = "mesh")
    mesh <- lapply(file.path(folders, "tissue.ply"), function(file) readBin(file, "raw", file.size(file)))
    expect_identical(rawToChar(mesh[[1L]][1:3]), "ply")
    expect_identical(mesh[[1L]], mesh[[2L]])
    expect_identical(list.files(folders[1L]), list.files(folders[2L]))
    expect_input_error(ExportDomains(object, tempfile(), kind = "mesh"), "object", "AlignStack")
  }
  by_name <- suppressWarnings(AlignStack(object, positions = c(B = 7, A = -1)))
  expect_equal(S4Vectors::metadata(by_name)$spotscape_stack$sections$z, c(-1, 7))
  before <- object
  expect_input_error(AlignStack(object), "thickness and positions", "neither")
  expect_input_error(AlignStack(object, thickness = 1, order = "A"), "order", "no 'B'")
  expect_input_error(AlignStack(object, positions = c(2, 1)), "positions", "rise")
  expect_input_error(AlignStack(object, thickness = 1, slice_by = "nothing"), "slice_by")
  expect_identical(object, before)
})
