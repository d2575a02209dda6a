# A real slice, where it is there: SPOTSCAPE_DATA, or beside the checkout. None of it comes with the package.

read_dlpfc <- function() {
  folder <- Sys.getenv("SPOTSCAPE_DATA", testthat::test_path("..", "..", "..", "shared", "data"))
  file <- file.path(folder, "dlpfc_151673.h5ad")
  skip_if_not(file.exists(file), paste("no real slices: SPOTSCAPE_DATA has no dlpfc_151673.h5ad"))
  adata <- reticulate::import("anndata", convert = FALSE)$read_h5ad(file)
  counts <- reticulate::py_to_r(adata$X$T$tocsc())
  cells <- as.character(reticulate::py_to_r(adata$obs_names$tolist()))
  dimnames(counts) <- list(as.character(reticulate::py_to_r(adata$var_names$tolist())), cells)
  place <- reticulate::py_to_r(adata$obsm["spatial"])
  truth <- as.character(reticulate::py_to_r(adata$obs["ground_truth"]$astype("str")$tolist()))
  list(counts = counts, coordinates = data.frame(x = place[, 1L], y = place[, 2L], row.names = cells), truth = truth)
}

test_that("a cortex as Seurat and as SpatialExperiment gives the same layers", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  slice <- read_dlpfc()
  settings <- list(n_starts = 2L, n_top_genes = 1000L)
  object <- example_seurat("VisiumV2", slice = slice)
  seurat <- RunSpotscape(object, n_domains = 7, config = settings, verbose = FALSE)
  expect_identical(nlevels(seurat$spotscape_domain), 7L)
  expect_s3_class(Seurat::SpatialDimPlot(seurat), "ggplot")

  # A fifth of the labels' entropy, at the least: far from chance, and reached in a twentieth of the epochs.
  known <- slice$truth != "nan"
  joint <- prop.table(table(slice$truth[known], seurat$spotscape_domain[known]))
  expected <- outer(rowSums(joint), colSums(joint))
  information <- sum(joint[joint > 0] * log(joint[joint > 0] / expected[joint > 0]))
  entropy <- -sum(rowSums(joint) * log(rowSums(joint)))
  expect_gt(information / entropy, 0.2)

  spe <- RunSpotscape(example_spe(slice = slice), n_domains = 7, config = settings, verbose = FALSE)
  expect_equal(
    unname(SingleCellExperiment::reducedDim(spe, "SPOTSCAPE")),
    unname(SeuratObject::Embeddings(seurat[["spotscape"]])), tolerance = 1e-6
  )
})
