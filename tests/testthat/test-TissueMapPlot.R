# Layers over a 12 x 10 lattice with a gene that follows x, and parts of two types.
layered_spe <- function() {
  places <- as.matrix(expand.grid(x = 1:12, y = 1:10))
  counts <- rbind(gene1 = places[, "x"], gene2 = 20 - places[, "x"])
  colnames(counts) <- paste0("cell", seq_len(120L))
  spe <- SpatialExperiment::SpatialExperiment(
    assays = list(counts = methods::as(counts, "CsparseMatrix")), spatialCoords = places, sample_id = "one"
  )
  spe$layer <- factor(c("top", "below")[1 + (places[, "y"] > 4)], c("top", "below"))
  spe$depth <- places[, "y"] / 10
  parts <- rbind(A = places[, "x"] / 12, B = 1 - places[, "x"] / 12)
  parts[, 1L] <- 0
  colnames(parts) <- colnames(spe)
  SingleCellExperiment::altExp(spe, "types") <- SummarizedExperiment::SummarizedExperiment(list(parts))
  spe
}

layer_of <- function(plot, geom) {
  at <- which(vapply(plot$layers, function(one) inherits(one$geom, geom), NA))
  lapply(at, function(i) ggplot2::layer_data(plot, i))
}

test_that("each name is drawn as what it is", {
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("patchwork")
  spe <- layered_spe()
  plots <- TissueMapPlot(spe, panels = c("layer", "depth", "gene1", "types"))
  expect_identical(vapply(1:4, function(i) plots[[i]]$labels$title, ""), c("layer", "depth", "gene1", "types"))
  drawn <- lapply(1:3, function(i) layer_of(plots[[i]], "GeomPoint")[[1L]])
  expect_identical(drawn[[1L]]$colour, unname(domain_colours(2L)[as.integer(spe$layer)]))
  expect_equal(drawn[[1L]]$y, -unname(SpatialExperiment::spatialCoords(spe)[, "y"]))
  expect_identical(plots[[2L]]$scales$get_scales("colour")$limits, c(0.1, 1))
  expected <- log1p(SummarizedExperiment::assay(spe)["gene1", ] / 20 * 1e4)
  expect_equal(plots[[3L]]$data$value, unname(expected))
  # Pies: pieces have the area of the part, and a cell without parts is grey.
  pieces <- layer_of(plots[[4L]], "GeomPolygon")[[1L]]
  areas <- vapply(split(pieces, pieces$group), function(one) {
    after <- c(2:nrow(one), 1L)
    abs(sum(one$x * one$y[after] - one$x[after] * one$y)) / 2
  }, 0)
  expect_equal(sum(areas), 119 * pi * 0.475^2, tolerance = 0.03)
  expect_equal(max(areas) / (pi * 0.475^2), 1, tolerance = 0.05)
  expect_identical(layer_of(plots[[4L]], "GeomPoint")[[1L]]$colour, "grey85")
  as_is <- TissueMapPlot(spe, panels = "gene1", layer = "counts")
  expect_equal(as_is$data$value, as.vector(SummarizedExperiment::assay(spe)["gene1", ]))
})

test_that("slices are rows at one scale with a bar where the unit is known", {
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("patchwork")
  spe <- layered_spe()
  plots <- TissueMapPlot(spe, panels = c("depth", "gene1"), slice_by = "layer", micrometres_per_unit = 100)
  expect_length(plots$patches$plots, 3L) # and the last is the plot itself
  rows <- vapply(1:4, function(i) nrow(layer_of(plots[[i]], "GeomPoint")[[1L]]), 0L)
  expect_identical(rows, c(48L, 48L, 72L, 72L))
  heights <- vapply(1:4, function(i) diff(plots[[i]]$coordinates$limits$y), 0)
  expect_equal(heights, rep(5 * 1.04, 4L))
  limits <- lapply(1:4, function(i) plots[[i]]$scales$get_scales("colour")$limits)
  expect_identical(limits[[1L]], limits[[3L]])
  bar <- layer_of(plots[[3L]], "GeomSegment")[[1L]]
  expect_equal(bar$xend - bar$x, 2)
  expect_identical(layer_of(plots[[3L]], "GeomText")[[1L]]$label, "200 \u00b5m")
  expect_length(layer_of(plots[[1L]], "GeomSegment"), 0L)
  one <- TissueMapPlot(spe, panels = "depth", slice_by = "layer", slices = "below")
  expect_identical(nrow(one$data), 72L)
})

test_that("the image lies under the cells, from Seurat as from an experiment", {
  skip_if_not_installed("Seurat")
  skip_if_not_installed("patchwork")
  seurat <- example_seurat("VisiumV2")
  seurat$side <- rep(c("in", "out"), 70L)
  raster_of <- function(plot) Find(function(one) inherits(one$geom, "GeomRasterAnn"), plot$layers)$geom_params
  plot <- TissueMapPlot(seurat, panels = "side")
  under <- raster_of(plot)
  expect_true(under$xmin <= min(plot$data$x) && under$xmax >= max(plot$data$x))
  expect_true(under$ymin <= min(plot$data$y) && under$ymax >= max(plot$data$y))
  expect_null(raster_of(TissueMapPlot(seurat, panels = "side", img = FALSE)))
})

test_that("cells lie as SpatialDomainPlot() draws them, an FOV turned", {
  skip_if_not_installed("Seurat")
  skip_if_not_installed("patchwork")
  for (kind in c("FOV", "SlideSeq")) {
    object <- example_seurat(kind)
    object$side <- rep(c("in", "out"), 70L)
    drawn <- ggplot2::layer_data(SpatialDomainPlot(object, group.by = "side"))
    ours <- layer_of(TissueMapPlot(object, panels = "side"), "GeomPoint")[[1L]]
    expect_equal(ours[c("x", "y")], drawn[c("x", "y")])
  }
})

test_that("what is wrong is said", {
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("patchwork")
  spe <- layered_spe()
  expect_input_error(TissueMapPlot(letters), "object", "character")
  expect_input_error(TissueMapPlot(spe), "panels", "RunSpotscape\\(\\) first")
  expect_input_error(TissueMapPlot(spe, panels = "gene9"), "panels", "Did you mean 'gene1'")
  expect_input_error(TissueMapPlot(spe, panels = "layer", slices = "top"), "slices", "slice_by")
  unknown <- "'top', 'below'"
  expect_input_error(TissueMapPlot(spe, panels = "layer", slice_by = "layer", slices = "none"), "slices", unknown)
  expect_input_error(TissueMapPlot(spe, panels = "layer", alpha = 2), "alpha", "0 to 1")
  expect_input_error(TissueMapPlot(spe, panels = "layer", micrometres_per_unit = 0), "micrometres_per_unit", "above 0")
  expect_input_error(TissueMapPlot(spe, panels = "gene1", layer = "data"), "layer", "data")
  spe$many <- rep(NA_real_, 120L)
  expect_input_error(TissueMapPlot(spe, panels = "many"), "panels", "no number in 'many'")
})
