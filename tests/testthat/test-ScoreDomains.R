test_that("both kinds of object have the same scores, and truth is a column", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- RunSpotscape(example_spe(), n_domains = 3, verbose = FALSE)
  spe$known <- spe$spotscape_domain
  spe$known[1:20] <- NA
  before <- spe
  found <- ScoreDomains(spe, truth_key = "known", n_permutations = 20)
  expect_identical(spe, before)
  expect_named(found, c("measure", "slice", "value", "better"))
  expect_identical(unique(found$slice), "all")
  values <- stats::setNames(found$value, found$measure)
  expect_equal(unname(values[c("adjusted_rand_index", "inner_accuracy")]), c(1, 1))
  # CHAOS by R: coordinates scaled by the standard deviation of all cells, not of a sample.
  scaled <- scale(SpatialExperiment::spatialCoords(spe)) * sqrt(ncol(spe) / (ncol(spe) - 1))
  between <- as.matrix(stats::dist(scaled))
  diag(between) <- Inf
  domains <- as.character(spe$spotscape_domain)
  own <- vapply(seq_along(domains), function(i) min(between[i, domains == domains[[i]]]), 0)
  expect_equal(values[["chaos"]], mean(own), tolerance = 1e-6)
  expect_identical(found$better[found$measure %in% c("chaos", "pas")], c("lower", "lower"))

  expect_false("adjusted_rand_index" %in% ScoreDomains(spe, n_permutations = 2)$measure)
  expect_input_error(ScoreDomains(spe, truth_key = "region"), "truth_key", "region")
  expect_input_error(ScoreDomains(spe, n_permutations = 1), "n_permutations", "1")

  skip_if_not_installed("Seurat")
  seurat <- RunSpotscape(example_seurat("SlideSeq"), n_domains = 3, verbose = FALSE)
  seurat$known <- as.character(spe$known)
  expect_equal(ScoreDomains(seurat, truth_key = "known", n_permutations = 20), found, tolerance = 1e-6)
})

test_that("slices are taken apart", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- RunSpotscape(example_spe(), n_domains = 3, verbose = FALSE)
  x <- SpatialExperiment::spatialCoords(spe)[, 1L]
  spe$part <- ifelse(x > stats::median(x), "right", "left")
  found <- ScoreDomains(spe, slice_by = "part", n_permutations = 2)
  chaos <- found[found$measure == "chaos", ]
  expect_setequal(chaos$slice, c("all", unique(spe$part)))
  expect_equal(chaos$value[[1L]], mean(chaos$value[-1L]))
  expect_identical(found$slice[found$measure == "ilisi"], "all")
})
