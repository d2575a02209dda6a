five_groups <- function() {
  set.seed(1)
  towards <- rep(1:5, each = 60)
  20 * diag(5)[towards, ] + matrix(rnorm(1500), 300)
}

test_that("the curve is Python's, and one number is suggested", {
  skip_without_python()
  curve <- SuggestNDomains(five_groups())
  expect_identical(curve$n_domains, 2:15)
  expect_identical(curve$n_domains[curve$suggested], 5L)
  expect_equal(c(sum(curve$by_data), sum(curve$weight)), c(1, 1))
  fewer <- SuggestNDomains(five_groups(), candidates = c(3, 4))
  expect_identical(fewer$n_domains, 3:4)
  expect_identical(which.max(fewer$weight), which(fewer$suggested))
})

test_that("objects after a run tell the number that the run would take", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- RunSpotscape(example_spe(), verbose = FALSE)
  before <- spe
  curve <- SuggestNDomains(spe)
  expect_identical(curve$n_domains[curve$suggested], nlevels(spe$spotscape_domain))
  expect_identical(spe, before)
})

test_that("stability is Python's, and is drawn where it is known", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- RunSpotscape(example_spe(), n_domains = 3, config = fast, verbose = FALSE)
  curve <- SuggestNDomains(spe, candidates = 3:4, stability = TRUE)
  adata <- as_anndata(spe)
  python_module("tl")$suggest_n_domains(adata, candidates = list(3L, 4L), stability = TRUE)
  found <- reticulate::py_to_r(python_module("interop.reticulate")$from_anndata(adata))$info$n_domains
  expect_equal(curve$stability, as.numeric(found$stability), tolerance = 1e-6)
  expect_equal(curve$weight, as.numeric(found$weights), tolerance = 1e-6)
  drawn <- ggplot2::ggplot_build(NDomainsPlot(curve))
  expect_equal(drawn$data[[4L]]$y, curve$stability)
  expect_identical(as.integer(unique(drawn$data[[4L]]$PANEL)), 2L)
  expect_equal(drawn$data[[1L]]$y, curve$weight)
  expect_input_error(SuggestNDomains(five_groups(), stability = TRUE), "stability", "embedding")
  expect_input_error(SuggestNDomains(spe, stability = "yes"), "stability")
})

test_that("what holds no run, and what is no number, is refused", {
  expect_input_error(SuggestNDomains(letters), "object", "character")
  skip_without_python()
  expect_input_error(SuggestNDomains(five_groups(), candidates = 1), "candidates", "1")
  expect_input_error(SuggestNDomains(five_groups(), candidates = c(2, NA)), "candidates", "NA")
})

test_that("the curve can be drawn", {
  skip_if_not_installed("ggplot2")
  curve <- data.frame(
    n_domains = 2:4, log_likelihood = -1, by_data = c(0.2, 0.3, 0.5), weight = c(0.1, 0.6, 0.3),
    suggested = c(FALSE, TRUE, FALSE)
  )
  drawn <- ggplot2::ggplot_build(NDomainsPlot(curve))
  expect_equal(drawn$data[[1L]]$y, curve$weight)
  expect_equal(drawn$data[[2L]]$y, curve$by_data)
  expect_length(unique(drawn$data[[1L]]$fill), 2L)
  expect_input_error(NDomainsPlot(list()), "curve", "list")
})
