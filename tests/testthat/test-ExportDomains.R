# Files for viewers, of a Seurat and of a SpatialExperiment object: the same as Python writes of the same domains.

test_that("tables and polygons are Python's", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  for (kind in c("seurat", "spe")) {
    object <- if (kind == "seurat") example_seurat("FOV", n = 300L) else example_spe(n = 300L)
    object <- RunSpotscape(object, n_domains = 3, config = list(n_starts = 2L, n_top_genes = 100L), verbose = FALSE)
    table <- if (kind == "seurat") object[[]] else as.data.frame(SummarizedExperiment::colData(object))
    file <- tempfile(fileext = ".csv")
    expect_identical(ExportDomains(object, file, kind = "xenium"), object)
    found <- utils::read.csv(file, colClasses = "character")
    expect_equal(found, data.frame(cell_id = colnames(object), group = as.character(table$spotscape_domain)))
    ExportDomains(object, file, kind = "loupe")
    expect_named(utils::read.csv(file), c("Barcode", "domain"))
    shapes <- tempfile(c("r", "py"), fileext = ".geojson")
    ExportDomains(object, shapes[1L], kind = "geojson")
    io <- reticulate::import("spotscape")$io
    io$write_viewer(suppressWarnings(as_anndata(object)), shapes[2L], kind = "geojson")
    read <- function(file) jsonlite::fromJSON(file, simplifyVector = FALSE)$features
    expect_equal(read(shapes[1L]), read(shapes[2L]), tolerance = 1e-5)
    expect_input_error(ExportDomains(object, tempfile(fileext = ".txt"), kind = "loupe"), "ends in")
    expect_input_error(ExportDomains(object, file, kind = "napari"), "kind")
  }
  expect_input_error(ExportDomains(example_spe(n = 50L), file, kind = "xenium"), "reduction")
})

test_that("one of several slices is written, by the names that its cells had", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slices <- lapply(example_slices(), function(slice) example_spe(slice = slice))
  both <- suppressWarnings(IntegrateSlices(slices, n_domains = 3, config = fast, verbose = FALSE))
  file <- tempfile(fileext = ".csv")
  expect_input_error(ExportDomains(both, file, kind = "loupe"), "slice_name")
  ExportDomains(both, file, kind = "loupe", slice_name = names(slices)[2L])
  expect_setequal(utils::read.csv(file)$Barcode, colnames(slices[[2L]]))
})

test_that("arguments keep Python's names and defaults", {
  skip_without_python()
  python <- reticulate::import("inspect")$signature(reticulate::import("spotscape")$io$write_viewer)$parameters
  wanted <- c("path", "kind", "slice_name", "scale")
  expect_contains(names(formals(ExportDomains)), wanted)
  for (name in wanted) expect_false(is.null(python[[name]]))
  expect_equal(eval(formals(ExportDomains)$scale), reticulate::py_to_r(python[["scale"]]$default))
  expect_null(formals(ExportDomains)$slice_name)
})
