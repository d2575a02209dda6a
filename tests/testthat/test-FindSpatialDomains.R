test_that("the embedding is clustered again, without training", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  object <- RunSpotscape(example_seurat(), n_domains = 4, config = fast, verbose = FALSE)
  # As the run did, to the last digit.
  same <- expect_no_message(FindSpatialDomains(object, n_domains = 4, n_starts = 2))
  expect_identical(same$spotscape_domain, object$spotscape_domain)
  expect_identical(same$spotscape_confidence, object$spotscape_confidence)
  expect_true(all(same$spotscape_confidence > 0 & same$spotscape_confidence <= 1))

  result <- expect_no_warning(FindSpatialDomains(object, n_domains = 2, method = "kmeans", smooth = TRUE))
  expect_identical(nlevels(result$spotscape_domain), 2L)
  expect_identical(SeuratObject::Idents(result), result$spotscape_domain)
  expect_setequal(colnames(object[[]]), c(colnames(result[[]]), "spotscape_confidence"))
  expect_identical(SeuratObject::Misc(result[["spotscape"]])$domains$method, "kmeans")
  expect_identical(SeuratObject::Misc(result[["spotscape"]])$params, SeuratObject::Misc(object[["spotscape"]])$params)
  expect_identical(
    SeuratObject::Embeddings(result[["spotscape"]]), SeuratObject::Embeddings(object[["spotscape"]])
  )
  expect_true("FindSpatialDomains" %in% SeuratObject::Command(result))
})

test_that("Bioconductor's objects and matrices give the same domains", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- RunSpotscape(example_spe(), n_domains = 4, config = fast, verbose = FALSE)
  same <- FindSpatialDomains(spe, n_domains = 4, n_starts = 2)
  expect_identical(SummarizedExperiment::colData(same), SummarizedExperiment::colData(spe))
  for (method in c("kmeans", "leiden")) {
    none <- FindSpatialDomains(spe, n_domains = 3, method = method)
    expect_null(none$spotscape_confidence)
  }
  result <- FindSpatialDomains(spe, n_domains = 3, smooth = TRUE)
  expect_identical(nlevels(result$spotscape_domain), 3L)
  expect_true(S4Vectors::metadata(result)$spotscape$domains$smooth)
  plain <- FindSpatialDomains(
    SingleCellExperiment::reducedDim(spe, "SPOTSCAPE"),
    n_domains = 3, smooth = TRUE, coordinates = SpatialExperiment::spatialCoords(spe)
  )
  expect_identical(unname(plain), result$spotscape_domain)
  expect_named(plain, colnames(spe))
})

test_that("where cells lie is not asked for, and a suggested number is the run's", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  sce <- RunSpotscape(
    example_sce(slice = example_slice(140L)), coordinates = c("x", "y"), n_domains = 4, config = fast, verbose = FALSE
  )
  again <- expect_no_message(FindSpatialDomains(sce, n_domains = 4, n_starts = 2))
  expect_identical(again$spotscape_domain, sce$spotscape_domain)
  plain <- FindSpatialDomains(SingleCellExperiment::reducedDim(sce, "SPOTSCAPE"), n_domains = 4, n_starts = 2)
  expect_identical(unname(plain), sce$spotscape_domain)

  spe <- RunSpotscape(example_spe(slice = example_slice(140L)), config = fast, verbose = FALSE)
  again <- FindSpatialDomains(spe, n_starts = 2)
  expect_identical(again$spotscape_domain, spe$spotscape_domain)
})

test_that("fewer domains than asked for are said", {
  skip_without_python()
  two_places <- rbind(matrix(0, 10, 2), matrix(5, 20, 2))
  expect_warning(
    found <- FindSpatialDomains(two_places, n_domains = 4, method = "kmeans"), "n_domains: 4 were asked for, 2 found"
  )
  expect_identical(nlevels(found), 2L)
})

test_that("Leiden finds its own number of domains", {
  skip_without_python()
  set.seed(1)
  towards <- rep(1:2, c(70L, 50L))
  embedding <- 30 * diag(2)[towards, ] + matrix(rnorm(240), 120L)
  domains <- FindSpatialDomains(embedding, method = "leiden", resolution = 0.05)
  expect_identical(as.integer(domains), towards)
})

test_that("wrong input is refused", {
  embedding <- matrix(rnorm(40), 20L)
  expect_input_error(FindSpatialDomains(letters), "object", "character")
  expect_input_error(FindSpatialDomains(embedding, smooth = TRUE), "coordinates", "NULL")
  expect_input_error(FindSpatialDomains(embedding, k = 3), "...", "'k'")
  skip_if_not_installed("Seurat")
  expect_input_error(FindSpatialDomains(example_seurat(n = 20L)), "reduction", "RunSpotscape\\(\\) first")
  skip_without_python()
  expect_input_error(FindSpatialDomains(embedding, n_domains = 3, method = "louvain"), "method", "'leiden'")
  expect_input_error(FindSpatialDomains(embedding, n_domains = 21), "n_domains", "21")
})
