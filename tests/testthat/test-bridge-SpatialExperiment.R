skip_if_not_installed("SpatialExperiment")

test_that("counts and coordinates come out of a SpatialExperiment", {
  slice <- example_slice(140L)
  spe <- example_spe(slice = slice)
  expect_identical(sce_counts(spe, NULL), slice$counts)
  expect_identical(sce_coordinates(spe, NULL, colnames(spe)), unname(as.matrix(slice$coordinates)) * 1)
  expect_input_error(sce_counts(spe, "logcounts"), "assay", "'counts'")
})

test_that("a SpatialExperiment without coordinates, or with several slices, is refused", {
  slice <- example_slice(10L)
  bare <- SpatialExperiment::SpatialExperiment(assays = list(counts = slice$counts))
  expect_input_error(sce_coordinates(bare, NULL, colnames(bare)), "spatialCoords(object)", "no columns")
  first <- example_spe(slice = slice)
  second <- first
  second$sample_id <- "two"
  colnames(second) <- paste0(colnames(second), "_2")
  spe <- SummarizedExperiment::cbind(first, second)
  expect_input_error(sce_coordinates(spe, NULL, colnames(spe)), "object", "2 samples \\('one', 'two'\\)")
})

test_that("a SingleCellExperiment needs coordinates, from colData or as numbers", {
  slice <- example_slice(140L)
  sce <- example_sce(slice = slice)
  wanted <- unname(as.matrix(slice$coordinates)) * 1
  expect_identical(sce_coordinates(sce, c("x", "y"), colnames(sce)), wanted)
  expect_identical(sce_coordinates(sce, slice$coordinates, colnames(sce)), wanted)
  expect_input_error(sce_coordinates(sce, NULL, colnames(sce)), "coordinates", "SingleCellExperiment does not say")
})
