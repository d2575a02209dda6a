neighborhood_tables <- function() {
  names <- c("a", "b", "c")
  pairs <- data.frame(
    first = c("a", "a", "a", "b", "b", "c"), second = c("a", "b", "c", "b", "c", "c"),
    log2_odds = c(5, -1, NA, 4, 0.5, 3)
  )
  differences <- cbind(pairs, condition = "case", reference = "control")
  differences$difference <- 0:5
  differences$p_adjusted <- c(1, 0.01, NA, 1, 1, 0.04)
  later <- transform(differences, condition = "late", difference = -difference, p_adjusted = NA)
  list(
    zscore = matrix(c(40, -3, NA, -3, 30, 8, NA, 8, -20), 3, dimnames = list(names, names)),
    count = matrix(c(12, 3, 0, 3, 1234, 5, 0, 5, 6), 3, dimnames = list(names, names)),
    pairs = pairs, differences = rbind(differences, later)
  )
}

# What is written into the map, row by row from the top.
written <- function(...) {
  plot <- DomainNeighborhoodsPlot(neighborhood_tables(), ...)
  texts <- ggplot2::ggplot_build(plot)$data[[2L]]
  texts <- texts[order(-as.integer(texts$y), as.integer(texts$x)), ]
  list(text = texts$label, limits = plot$scales$get_scales("fill")$limits, title = plot$scales$get_scales("fill")$name)
}

test_that("the scale ends off the diagonal", {
  drawn <- written()
  expect_equal(drawn$text, c("40", "-3", "", "-3", "30", "8", "", "8", "-20"))
  expect_equal(drawn$limits, c(-8, 8))
  drawn <- written("count")
  expect_equal(drawn$text, c("12", "3", "0", "3", "1,234", "5", "0", "5", "6"))
  expect_equal(drawn$limits, c(0, 5))
})

test_that("pairs are drawn on both sides, with stars where conditions differ", {
  expect_equal(written("log2_odds")$text, c("5", "-1", "", "-1", "4", "0.5", "", "0.5", "3"))
  drawn <- written("difference")
  expect_equal(drawn$text, c("0", "1*", "2", "1*", "3", "4", "2", "4", "5*"))
  expect_equal(drawn$title, "log2 odds,\ncase less control")
  expect_equal(written("difference", condition = "late")$text[[9L]], "-5")
})

test_that("bad input is refused in one line", {
  tables <- neighborhood_tables()
  expect_input_error(DomainNeighborhoodsPlot(list(1)), "found", "DomainNeighborhoods")
  expect_input_error(DomainNeighborhoodsPlot(tables, "p_value"), "value", "'zscore', 'count'")
  expect_input_error(DomainNeighborhoodsPlot(tables, "difference", "control"), "condition", "'case', 'late'")
  tables$differences <- NULL
  expect_input_error(DomainNeighborhoodsPlot(tables, "difference"), "value", "no conditions were compared")
})
