# Three bands of a square lattice, 12 x 12, after a run; names that lie freely beside them.
typed_spe <- local({
  made <- NULL
  function() {
    if (is.null(made)) made <<- make_typed_spe()
    made
  }
})

make_typed_spe <- function() {
  set.seed(1)
  places <- as.matrix(expand.grid(x = 1:12, y = 1:12))
  counts <- matrix(stats::rpois(144 * 20, 2), 20, dimnames = list(paste0("gene", 1:20), paste0("cell", 1:144)))
  spe <- SpatialExperiment::SpatialExperiment(
    assays = list(counts = methods::as(counts, "CsparseMatrix")), spatialCoords = places
  )
  spe <- suppressWarnings(RunSpotscape(spe, n_domains = 3, verbose = FALSE))
  spe$layer <- ifelse(places[, "y"] < 4, "L1", ifelse(places[, "y"] < 7, "L2", "L3"))
  spe$type <- sample(c("a", "b", "c"), 144, replace = TRUE)
  spe
}

test_that("contacts of bands are known, smooth, and the object is not changed", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- typed_spe()
  before <- spe
  found <- DomainNeighborhoods(spe, key = "layer", n_permutations = 50)
  expect_identical(spe, before)
  expect_identical(dimnames(found$count), list(c("L1", "L2", "L3"), c("L1", "L2", "L3")))
  expect_equal(found$count["L1", "L3"], 0)
  expect_equal(found$count, t(found$count))
  pairs <- found$pairs
  expect_equal(pairs$contacts, c(
    found$count["L1", "L1"] / 2, found$count["L1", "L2"], 0, found$count["L2", "L2"] / 2, found$count["L2", "L3"],
    found$count["L3", "L3"] / 2
  ))
  total <- sum(pairs$contacts)
  expect_equal(pairs$expected[[2L]], total * 2 * 36 * 36 / (144 * 143))
  expect_gt(min(diag(found$zscore)), 5)
  expect_null(found$slices)
  expect_null(found$differences)
  # The run's own domains, where no column is named.
  own <- DomainNeighborhoods(spe, n_permutations = 10)
  expect_identical(rownames(own$count), levels(spe$spotscape_domain))
  expect_identical(DomainNeighborhoods(spe, n_permutations = 10, seed = 0), own)

  # The same from a Seurat object.
  skip_if_not_installed("Seurat")
  seurat <- SeuratObject::CreateSeuratObject(SingleCellExperiment::counts(spe))
  place <- as.data.frame(SpatialExperiment::spatialCoords(spe))
  seurat$layer <- spe$layer
  seurat <- suppressWarnings(RunSpotscape(seurat, n_domains = 3, coordinates = place, verbose = FALSE))
  expect_equal(DomainNeighborhoods(seurat, key = "layer", n_permutations = 50, coordinates = place), found)
})

test_that("conditions are compared with slices as units", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- typed_spe()
  y <- SpatialExperiment::spatialCoords(spe)[, "y"]
  spe$part <- paste0("s", (y - 1) %/% 3)
  spe$condition <- ifelse(spe$part %in% c("s0", "s1"), "case", "control")
  expect_warning(
    found <- DomainNeighborhoods(
      spe, key = "type", slice_by = "part", condition_key = "condition", reference = "control", n_permutations = 20
    ),
    "So few slices of case and control"
  )
  expect_identical(unique(found$slices$slice), c("s0", "s1", "s2", "s3"))
  rows <- found$slices[found$slices$first == "a" & found$slices$second == "b", "log2_odds"]
  differences <- found$differences[2L, ]
  expect_equal(differences$log2_odds, mean(rows[1:2]))
  expect_equal(differences$difference, mean(rows[1:2]) - mean(rows[3:4]))
  expect_equal(found$differences$smallest_p, rep(1 / 3, 6))
  expect_identical(unique(found$differences$reference), "control")
  expect_s3_class(DomainNeighborhoodsPlot(found, "difference"), "ggplot")
  expect_input_error(
    DomainNeighborhoods(spe, key = "type", slice_by = "part", condition_key = "part"), "part", "two slices or more"
  )
  spe$patient <- ifelse(spe$part %in% c("s0", "s2"), "p", "q")
  by_donor <- suppressWarnings(DomainNeighborhoods(
    spe, key = "type", slice_by = "part", condition_key = "condition", donor_key = "patient", reference = "control",
    n_permutations = 20
  ))$differences
  expect_equal(by_donor$difference, found$differences$difference)
  expect_equal(by_donor$smallest_p, rep(0.5, 6))
  expect_identical(unique(by_donor$unit), "pair")
  expect_input_error(DomainNeighborhoods(spe, key = "type", donor_key = "who"), "donor_key", "who")
})

test_that("what is not there is said", {
  expect_input_error(DomainNeighborhoods(letters), "object", "character")
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- typed_spe()
  expect_input_error(DomainNeighborhoods(spe, key = "region"), "key", "region")
  expect_input_error(DomainNeighborhoods(spe, slice_by = "section"), "slice_by", "section")
  expect_input_error(DomainNeighborhoods(spe, key = "type", condition_key = "x"), "condition_key", "x")
  expect_input_error(DomainNeighborhoods(spe, key = "type", condition_key = "layer"), "slice_by", "NULL")
  spe$type[1:20] <- NA
  expect_warning(DomainNeighborhoods(spe, key = "type", n_permutations = 10), "20 of 144 spots")
  spe$type <- "a"
  expect_input_error(DomainNeighborhoods(spe, key = "type"), "type", "one name, 'a'")
})
