page_of <- function(file) {
  text <- paste(readLines(file, encoding = "UTF-8", warn = FALSE), collapse = "\n")
  data <- sub('.*<script type="application/json" id="data">(.*?)</script>.*', "\\1", text)
  jsonlite::fromJSON(data, simplifyVector = FALSE)
}

test_that("the page holds the cells of either kind of object, as TissueMapPlot() shows them", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("jsonlite")
  slice <- example_slice(140L)
  seurat <- example_seurat("VisiumV2", slice = slice)
  spe <- example_spe(slice = slice)
  label <- rep(c("<b>in</b>", "out"), c(50L, 90L))
  seurat$spotscape_domain <- spe$spotscape_domain <- label
  seurat$spotscape_confidence <- spe$spotscape_confidence <- seq(0.3, 0.9, length.out = 140L)
  gene <- names(which.max(Matrix::rowSums(slice$counts)))
  held <- lapply(list(seurat, spe), function(object) {
    file <- withr::local_tempfile(fileext = ".html")
    InteractiveDomainMap(object, file, panels = c("domain", "confidence", gene))
    page_of(file)
  })
  for (one in held) {
    expect_identical(unlist(one$names), colnames(spe))
    domain <- one$panels[[1L]]
    expect_identical(domain$name, "domain")
    expect_identical(unlist(domain$names), c("<b>in</b>", "out"))
    expect_identical(unlist(domain$counts), c(50L, 90L))
    expect_identical(toupper(unlist(domain$colors)), domain_colours(2L))
    expect_equal(c(one$panels[[2L]]$low, one$panels[[2L]]$high), c(0, 1))
    expected <- max(log1p(slice$counts[gene, ] / Matrix::colSums(slice$counts) * 1e4))
    expect_equal(one$panels[[3L]]$high, expected, tolerance = 1e-6)
  }
  expect_identical(held[[1L]]$x, held[[2L]]$x)
  expect_match(held[[1L]]$slices[[1L]]$image$src, "^data:image/jpeg")
  expect_null(held[[2L]]$slices[[1L]]$image)
})

test_that("slices and a sample of them, with the defaults of Python", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("jsonlite")
  spe <- example_spe()
  spe$part <- rep(c("left", "right"), c(40L, 100L))
  parts <- matrix(c(1, 3), 2L, 140L, dimnames = list(c("A", "B"), colnames(spe)))
  SingleCellExperiment::altExp(spe, "types") <- SummarizedExperiment::SummarizedExperiment(list(parts))
  file <- withr::local_tempfile(fileext = ".html")
  expect_identical(InteractiveDomainMap(spe, file, panels = c("part", "types"), slice_by = "part", sample = 30L), spe)
  held <- page_of(file)
  expect_length(held$names, 30L)
  expect_identical(vapply(held$slices, `[[`, "", "name"), c("left", "right"))
  expect_identical(unlist(held$panels[[1L]]$counts), c(40L, 100L))
  expect_identical(vapply(held$panels, `[[`, "", "name"), c("part", "types: A", "types: B"))
  share <- readBin(jsonlite::base64_dec(held$panels[[3L]]$values), "integer", 30L, size = 2L, signed = FALSE)
  expect_equal(share / 65534, rep(0.75, 30L), tolerance = 1e-4)

  inspect <- reticulate::import("inspect")
  for (verb in list(c("InteractiveDomainMap", "interactive_map"), c("TissueMapPlot", "tissue_maps"))) {
    parameters <- inspect$signature(reticulate::py_to_r(python_module("pl")[verb[[2L]]]))$parameters
    parameters <- reticulate::iterate(parameters$values(), function(p) p)
    names(parameters) <- vapply(parameters, function(p) p$name, "")
    ours <- formals(verb[[1L]])
    shared <- setdiff(intersect(names(ours), names(parameters)), "path")
    expect_gte(length(shared), 6L)
    expect_equal(lapply(ours[shared], eval), lapply(parameters[shared], function(p) p$default), label = verb[[1L]])
  }
})

test_that("what is wrong is said, and no file is left", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- example_spe(20L)
  file <- file.path(withr::local_tempdir(), "map.html")
  expect_input_error(InteractiveDomainMap(spe, sub("html$", "png", file), panels = "gene1"), "panels")
  expect_input_error(InteractiveDomainMap(spe, file), "panels", "RunSpotscape")
  spe$side <- "a"
  expect_input_error(InteractiveDomainMap(spe, sub("html$", "png", file), panels = "side"), "path", "html")
  expect_input_error(InteractiveDomainMap(spe, file, panels = "side", sample = 0), "sample", "1")
  expect_length(list.files(dirname(file)), 0L)
})
