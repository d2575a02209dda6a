# What was found of two slices together, in the objects that they were. Runs share Python in this process.

together <- function(objects) suppressWarnings(IntegrateSlices(objects, n_domains = 3, config = fast, verbose = FALSE))

test_that("Seurat objects get domains, embedding, record and identities", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  slices <- example_slices()
  objects <- Map(function(image, slice) example_seurat(image, slice = slice), c("VisiumV2", "VisiumV1"), slices)
  names(objects) <- names(slices)
  result <- together(objects)
  result$spotscape_note <- rep(c("x", "y"), c(140L, 160L))
  back <- ResultsToSlices(result, objects)
  expect_named(back, c("left", "right"))
  for (name in names(back)) {
    one <- back[[name]]
    own <- colnames(objects[[name]])
    expect_identical(colnames(one), own)
    expect_identical(as.character(one$spotscape_domain), as.character(result$spotscape_domain[own]))
    expect_identical(levels(one$spotscape_domain), levels(result$spotscape_domain))
    expect_identical(unname(one$spotscape_confidence), unname(result$spotscape_confidence[own]))
    expect_identical(unname(one$spotscape_note), unname(result$spotscape_note[own]))
    expect_identical(unique(unname(one$slice)), name)
    expect_identical(SeuratObject::Embeddings(one[["spotscape"]]), SeuratObject::Embeddings(result[["spotscape"]])[own, ])
    expect_identical(SeuratObject::Misc(one[["spotscape"]])$params, SeuratObject::Misc(result[["spotscape"]])$params)
    expect_identical(as.character(SeuratObject::Idents(one)), as.character(one$spotscape_domain))
    expect_identical(one[["Spatial"]], objects[[name]][["Spatial"]])
  }
  # A slice is one of its own for what follows.
  expect_identical(nlevels(FindSpatialDomains(back$left, n_domains = 2L)$spotscape_domain), 2L)
})

test_that("SpatialExperiments do, too, and names that slices share are told apart", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slices <- example_slices()
  objects <- lapply(slices, function(slice) {
    colnames(slice$counts) <- paste0("cell", seq_len(ncol(slice$counts)))
    SpatialExperiment::SpatialExperiment(
      assays = list(counts = slice$counts), spatialCoords = unname(as.matrix(slice$coordinates)[, 1:2])
    )
  })
  result <- together(objects)
  back <- ResultsToSlices(result, unname(objects))
  names(back) <- names(objects)
  at <- list(left = seq_len(140L), right = 140L + seq_len(160L))
  for (name in names(back)) {
    expect_identical(colnames(back[[name]]), colnames(objects[[name]]))
    expect_identical(as.character(back[[name]]$spotscape_domain), as.character(result$spotscape_domain[at[[name]]]))
    expect_identical(
      unname(SingleCellExperiment::reducedDim(back[[name]], "SPOTSCAPE")),
      unname(SingleCellExperiment::reducedDim(result, "SPOTSCAPE")[at[[name]], ])
    )
    expect_identical(dim(back[[name]]), dim(objects[[name]]))
  }
  expect_input_error(ResultsToSlices(result, objects["left"]), "slices", "1 slices")
  expect_input_error(ResultsToSlices(result, objects$left), "slices")
  expect_input_error(ResultsToSlices(result, list(left = objects$left, other = objects$right)), "slices", "'other'")
  expect_input_error(ResultsToSlices(result, rev(unname(objects))), "slices", "cells in slice")
  expect_input_error(ResultsToSlices(objects$left, objects), "reduction")
})
