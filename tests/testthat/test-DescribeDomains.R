# Three bands of a square lattice, 12 x 12, after a run that gave them; the last is as large as the others together.
banded_spe <- function() {
  places <- as.matrix(expand.grid(x = 1:12, y = 1:12))
  counts <- matrix(stats::rpois(144 * 20, 2), 20, dimnames = list(paste0("gene", 1:20), paste0("cell", 1:144)))
  spe <- SpatialExperiment::SpatialExperiment(
    assays = list(counts = methods::as(counts, "CsparseMatrix")), spatialCoords = places
  )
  spe <- suppressWarnings(RunSpotscape(spe, n_domains = 3, verbose = FALSE))
  spe$layer <- factor(ifelse(places[, "y"] < 4, "L1", ifelse(places[, "y"] < 7, "L2", "L3")))
  spe
}

test_that("areas and borders of bands are known, and the object is not changed", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- banded_spe()
  before <- spe
  found <- DescribeDomains(spe, domain_key = "layer")
  expect_identical(spe, before)
  expect_identical(found$unit, "spot distance")
  expect_identical(found$domains$domain, c("L1", "L2", "L3"))
  expect_equal(found$domains$area, c(36, 36, 72))
  expect_equal(found$domains$elongation, c(4, 4, 2), tolerance = 1e-6)
  expect_equal(found$domains$n_pieces, c(1, 1, 1))
  expect_equal(found$domains$depth, c(1, 4, 8.5) / 11, tolerance = 1e-6)
  expect_equal(found$borders["L1", "L2"], 12, tolerance = 0.02)
  expect_equal(found$borders["L1", "L3"], 0)
  expect_null(found$domains$confidence)
  known <- DescribeDomains(spe, domain_key = "layer", micrometres_per_unit = 100)
  expect_identical(known$unit, "um")
  expect_equal(known$domains$area, c(36, 36, 72) * 1e4)
})

test_that("a run's domains come with their confidence, the same from both kinds of object", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("Seurat")
  spe <- RunSpotscape(example_spe(), n_domains = 3, verbose = FALSE)
  found <- DescribeDomains(spe)
  expect_equal(found$domains$n_spots, as.vector(table(spe$spotscape_domain)))
  expect_equal(found$domains$confidence, as.vector(tapply(spe$spotscape_confidence, spe$spotscape_domain, mean)))
  seurat <- RunSpotscape(example_seurat("SlideSeq"), n_domains = 3, verbose = FALSE)
  expect_equal(DescribeDomains(seurat), found, tolerance = 1e-6)
})

test_that("slices are told apart", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- banded_spe()
  spe$part <- ifelse(spe$layer == "L3", "lower", "upper")
  each <- DescribeDomains(spe, domain_key = "layer", slice_by = "part", by_slice = TRUE)
  expect_identical(each$domains$slice, rep(c("upper", "lower"), each = 3L))
  expect_equal(each$domains$n_spots, c(36, 36, 0, 0, 0, 72))
  expect_identical(each$domains$elongation[[3L]], NA_real_)
  expect_equal(each$borders$upper["L1", "L2"], 12, tolerance = 0.03)
  expect_equal(each$borders$lower["L2", "L3"], 0)
})

test_that("what is not there is said", {
  expect_input_error(DescribeDomains(letters), "object", "character")
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- banded_spe()
  expect_input_error(DescribeDomains(spe, domain_key = "region"), "domain_key", "region")
  expect_input_error(DescribeDomains(spe, slice_by = "section"), "slice_by", "section")
  expect_input_error(DescribeDomains(spe, by_slice = TRUE), "by_slice", "one slice")
})
