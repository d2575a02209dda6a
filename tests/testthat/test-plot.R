test_that("domains are drawn where they lie: y down, one scale, a colour each", {
  place <- data.frame(x = c(0, 10, 0), y = c(0, 0, 5))
  plot <- SpatialDomainPlot(place, group.by = c("b", "a", "b"))
  built <- ggplot2::ggplot_build(plot)
  drawn <- built$data[[1L]]
  expect_identical(drawn$x, place$x)
  expect_identical(drawn$y, -place$y)
  expect_identical(drawn$colour, domain_colours(2L)[c(2L, 1L, 2L)])
  expect_identical(plot$coordinates$ratio, 1)
  named <- SpatialDomainPlot(place, group.by = c("b", "a", "b"), cols = c(b = "#000000", a = "#FFFFFF"))
  expect_identical(ggplot2::ggplot_build(named)$data[[1L]]$colour, c("#000000", "#FFFFFF", "#000000"))
})

test_that("a measure is drawn on a scale of colours, whole numbers as groups", {
  place <- data.frame(x = c(0, 10, 0), y = c(0, 0, 5))
  plot <- SpatialDomainPlot(place, group.by = c(0.5, 1, NA))
  expect_identical(plot$scales$get_scales("colour")$name, "value")
  expect_identical(ggplot2::ggplot_build(plot)$data[[1L]]$colour, c("#440154", "#FDE725", "grey85"))
  plot <- SpatialDomainPlot(place, group.by = c(0.5, 1, 0.5), cols = c("#000000", "#FFFFFF"))
  expect_identical(ggplot2::ggplot_build(plot)$data[[1L]]$colour, c("#000000", "#FFFFFF", "#000000"))
  expect_input_error(SpatialDomainPlot(place, group.by = c(0.5, 1, 0), cols = "red"), "cols", "1 colours")
  whole <- ggplot2::ggplot_build(SpatialDomainPlot(place, group.by = c(1, 2, 1)))$data[[1L]]
  expect_identical(whole$colour, domain_colours(2L)[c(1L, 2L, 1L)])
})

test_that("every kind of object can be drawn, by any column", {
  skip_if_not_installed("Seurat")
  slice <- example_slice(140L)
  label <- rep(c("in", "out"), 70L)
  object <- SeuratObject::AddMetaData(example_seurat(slice = slice), label, "side")
  spe <- example_spe(slice = slice)
  spe$side <- label
  sce <- example_sce(slice = slice)
  sce$side <- label
  drawn <- lapply(
    list(
      SpatialDomainPlot(object, group.by = "side"), SpatialDomainPlot(spe, group.by = "side"),
      SpatialDomainPlot(sce, group.by = "side", coordinates = c("x", "y"))
    ),
    function(plot) ggplot2::ggplot_build(plot)$data[[1L]][c("x", "y", "colour")]
  )
  expect_equal(drawn[[2L]], drawn[[1L]])
  expect_equal(drawn[[3L]], drawn[[1L]])
  object$spotscape_confidence <- spe$spotscape_confidence <- seq(0.3, 1, length.out = 140L)
  for (one in list(object, spe)) {
    plot <- SpatialDomainPlot(one, group.by = "spotscape_confidence")
    expect_length(unique(ggplot2::ggplot_build(plot)$data[[1L]]$colour), 140L)
    expect_identical(plot$scales$get_scales("colour")$name, "spotscape_confidence")
  }
})

test_that("wrong input is refused", {
  place <- data.frame(x = 1:3, y = 1:3)
  expect_input_error(SpatialDomainPlot(place, group.by = "a"), "group.by", "1 values")
  expect_input_error(SpatialDomainPlot(place, group.by = 1:3, cols = "red"), "cols", "1 colours")
  expect_input_error(SpatialDomainPlot(place, group.by = 1:3, palette = "red"), "...", "'palette'")
  skip_if_not_installed("SpatialExperiment")
  expect_input_error(SpatialDomainPlot(example_spe(20L)), "group.by", "RunSpotscape\\(\\) first")
})

test_that("the colours are Python's", {
  skip_without_python()
  palette <- unlist(reticulate::py_to_r(python_module("pl._palette")$PALETTE))
  expect_identical(domain_colours(length(palette)), as.character(palette))
  expect_identical(domain_colours(length(palette) + 1L)[length(palette) + 1L], palette[1L])
})
