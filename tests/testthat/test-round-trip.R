# A few of the kinds of objects there and back; scripts/round_trip.R takes all, and the shell as well.

test_that("objects come back whole, and domains are those of Python", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  kinds <- round_trip_kinds()
  expect_gte(nrow(kinds), 40L)
  expect_identical(anyDuplicated(kinds$kind), 0L)
  few <- c(
    "Seurat v5 VisiumV2 two", "Seurat v3 FOV one", "SpatialExperiment row,col none two",
    "SpatialExperiment x,y none two shared barcodes"
  )
  expect_contains(kinds$kind, few)
  for (i in match(few, kinds$kind)) {
    kind <- kinds[i, ]
    object <- round_trip_object(kind)
    back <- from_anndata(suppressWarnings(as_anndata(object)))
    expect_identical(round_trip_losses(object, back), NULL, label = kind$kind)
    expect_identical(domains_of(round_trip_in_r(object, kind)), round_trip_in_python(object, kind), label = kind$kind)
  }
})

test_that("what is lost is found", {
  skip_if_not_installed("SpatialExperiment")
  object <- round_trip_object(round_trip_kinds()[round_trip_kinds()$kind == "SpatialExperiment x,y none one", ])
  other <- object
  other$text <- NULL
  SpatialExperiment::spatialCoords(other)[1L, 1L] <- -1
  SummarizedExperiment::assay(other)[1L, 1L] <- 99
  expect_setequal(round_trip_losses(object, other), c("column 'text'", "counts", "places"))
})
