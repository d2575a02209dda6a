compared_tables <- function() {
  list(
    composition = data.frame(
      domain = c("1", "10", "2"), condition = rep(c("case", "late"), each = 3), reference = "control",
      p_adjusted = c(0.01, 0.6, NA, 1, 1, 1)
    ),
    shares = data.frame(
      slice = rep(c("a", "b", "c", "d"), 3), condition = rep(c("control", "control", "case", "case"), 3),
      domain = rep(c("1", "10", "2"), each = 4), share = c(0.3, 0.4, 0.6, 0.7, 0.5, 0.5, 0.2, 0.2, 0.2, 0.1, 0.2, 0.1)
    ),
    genes = data.frame(
      domain = c("1", "1", "10", "1"), condition = c("case", "case", "case", "late"), gene = c("A", "B", "A", "C"),
      log2_fold_change = c(2, -1, 0.5, 3), p_adjusted = c(1e-9, 0.04, 0.5, 0.5)
    )
  )
}

built <- function(...) lapply(ggplot2::ggplot_build(DomainComparisonPlot(compared_tables(), ...))$data, as.data.frame)

test_that("shares are drawn by domain and condition, with means, and stars where they differ", {
  drawn <- built()
  expect_equal(sort(drawn[[1L]]$y), sort(c(0.35, 0.65, 0.5, 0.2, 0.15, 0.15)))
  expect_equal(sort(drawn[[2L]]$y), sort(compared_tables()$shares$share))
  expect_equal(as.integer(drawn[[3L]]$x), 1L)
  # The reference comes first, whatever the alphabet says.
  reference <- drawn[[2L]][drawn[[2L]]$colour == domain_colours(1L), ]
  expect_equal(sort(reference$y), c(0.1, 0.2, 0.3, 0.4, 0.5, 0.5))
})

test_that("the first genes of each domain are drawn over all domains", {
  drawn <- built(panel = "genes", n_genes = 1)[[1L]]
  expect_equal(as.integer(drawn$x), c(1L, 2L))
  expect_equal(nrow(built(panel = "genes")[[1L]]), 3L)
  expect_gt(drawn$size[[1L]], drawn$size[[2L]])
  expect_equal(nrow(built(panel = "genes", condition = "late")[[1L]]), 1L)
  none <- compared_tables()
  none$genes <- none$genes[0L, ]
  expect_match(ggplot2::ggplot_build(DomainComparisonPlot(none, "genes"))$data[[1L]]$label, "no genes")
})

test_that("bad input is refused in one line", {
  expect_input_error(DomainComparisonPlot(list(1)), "compared", "CompareDomains")
  expect_input_error(DomainComparisonPlot(compared_tables(), panel = "both"), "panel", "'shares', 'genes'")
  expect_input_error(DomainComparisonPlot(compared_tables(), condition = "control"), "condition", "'case', 'late'")
  expect_input_error(DomainComparisonPlot(compared_tables(), n_genes = 0), "n_genes")
})
