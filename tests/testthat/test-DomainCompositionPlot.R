made_tables <- function() {
  composition <- data.frame(
    slice = rep(c("a", "b"), each = 6), domain = rep(rep(c("10", "2"), each = 3), 2),
    cell_type = rep(c("glia", "B cell", "neuron"), 4),
    share = c(0.5, 0.3, 0.2, 0.1, 0.2, 0.7, 0.7, 0.1, 0.2, NA, NA, NA)
  )
  enrichment <- composition[1:6, ]
  enrichment$log2_ratio <- c(2, -Inf, 0, -1, 0, 1)
  enrichment$p_adjusted <- c(1e-6, 0.04, 0.9, NA, 1, 1)
  list(composition = composition, enrichment = enrichment)
}

drawn_by <- function(...) as.data.frame(ggplot2::ggplot_build(DomainCompositionPlot(made_tables(), ...))$data[[1L]])

test_that("bars are means over slices, and small types one grey part", {
  bars <- drawn_by()
  height <- function(colour) with(bars[bars$fill == colour, ], (ymax - ymin)[order(x)])
  expect_equal(height(domain_colours(3L)[[1L]]), c(0.6, 0.1))
  expect_equal(height(domain_colours(3L)[[2L]]), c(0.2, 0.2))
  expect_equal(height(domain_colours(3L)[[3L]]), c(0.2, 0.7))
  expect_equal(bars$ymin[bars$fill == domain_colours(1L)], c(0, 0))
  bars <- drawn_by(n_types = 2)
  expect_equal(height("#D9D9D9"), c(0.2, 0.2))
})

test_that("dots say how far and how sure", {
  dots <- drawn_by(panel = "enrichment")
  expect_equal(nrow(dots), 6L)
  expect_equal(as.integer(dots$x), c(1L, 1L, 1L, 2L, 2L, 2L))
  expect_gt(dots$size[[1L]], dots$size[[2L]])
  expect_equal(dots$size[[4L]], dots$size[[5L]])
  expect_identical(dots$fill[[2L]], "#2166AC")
})

test_that("bad input is refused in one line", {
  expect_input_error(DomainCompositionPlot(made_tables()$composition), "made", "DomainComposition")
  expect_input_error(DomainCompositionPlot(made_tables(), panel = "both"), "panel", "'shares', 'enrichment'")
  expect_input_error(DomainCompositionPlot(made_tables(), n_types = 0), "n_types")
})
