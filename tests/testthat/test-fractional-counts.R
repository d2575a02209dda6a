# Counts that are not whole: refused, and taken where the setting says so.

test_that("counts that are not whole are taken by a setting, with a warning and a record", {
  skip_if_not_installed("Seurat")
  skip_without_python()
  slice <- example_slice(140L)
  slice$counts <- slice$counts * 0.93
  object <- example_seurat(slice = slice)
  expect_error(RunSpotscape(object, n_domains = 3, config = fast, verbose = FALSE), "by the setting fractional_counts")
  settings <- c(fast, fractional_counts = TRUE)
  expect_warning(
    result <- RunSpotscape(object, n_domains = 3, config = settings, verbose = FALSE), "wrong for values that were logged"
  )
  whole <- RunSpotscape(example_seurat(), n_domains = 3, config = fast, verbose = FALSE)
  record <- SeuratObject::Misc(result[["spotscape"]])
  expect_true(record$params$fractional_counts)
  expect_false(record$counts$whole)
  # One factor on all counts changes nothing: the same cells are together.
  pairs <- table(result$spotscape_domain, whole$spotscape_domain)
  expect_gt(sum(apply(pairs, 1L, max)), 0.9 * ncol(result))
  expect_identical(levels(result$spotscape_domain), levels(whole$spotscape_domain))
})
