# Two slices stay two, columns go by their names, and counts are the raw ones.

two_samples <- function() {
  slices <- example_slices()
  spes <- Map(function(slice, name) {
    spe <- example_spe(slice = slice)
    spe$sample_id <- name
    spe
  }, slices, names(slices))
  SummarizedExperiment::cbind(spes$left, spes$right)
}

test_that("a run refuses an object of several slices, also with coordinates", {
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  local_mocked_bindings(require_python = function() stop("Python was asked for"))
  both <- two_samples()
  place <- SpatialExperiment::spatialCoords(both)
  expect_input_error(RunSpotscape(both), "object", "2 samples \\('left', 'right'\\).*IntegrateSlices")
  expect_input_error(RunSpotscape(both, coordinates = place), "object", "2 samples")
  sce <- methods::as(both, "SingleCellExperiment")
  expect_input_error(RunSpotscape(sce, coordinates = place), "object", "2 slices \\('left', 'right'\\) in column 'sample_id'")

  merged <- merged_seurat()
  merged <- SeuratObject::AddMetaData(merged, data.frame(place, row.names = colnames(merged)))
  xy <- c("x", "y")
  expect_input_error(RunSpotscape(merged, coordinates = xy), "object", "2 images .*of different cells.*IntegrateSlices")
  bare <- merged
  bare@images <- list()
  expect_input_error(RunSpotscape(bare, coordinates = xy), "object", "layers 'counts.1', 'counts.2'.*JoinLayers")
  bare[["Spatial"]] <- SeuratObject::JoinLayers(bare[["Spatial"]])
  bare$slice <- rep(c("a", "b"), c(140L, 160L))
  expect_input_error(RunSpotscape(bare, coordinates = xy), "object", "2 slices \\('a', 'b'\\) in column 'slice'")
  bare$slice <- "a"
  expect_error(RunSpotscape(bare, coordinates = xy), "Python was asked for")
  model <- structure(list(), class = "spotscape_model")
  expect_input_error(MapToSpotscape(model, both, coordinates = place), "object", "2 samples")
})

test_that("an image that holds all cells is one slice, whatever else shows a part of them", {
  skip_if_not_installed("Seurat")
  object <- example_seurat("FOV")
  zoom <- quiet_subset(object[["slice1"]], cells = colnames(object)[1:40])
  SeuratObject::Key(zoom) <- "zoom_"
  suppressWarnings(object[["zoom"]] <- zoom)
  expect_identical(names(own_images(object)), "slice1")
  expect_message(place <- seurat_coordinates(object, NULL, NULL), "image 'slice1', which holds all cells")
  expect_equal(place, unname(as.matrix(example_slice(140L)$coordinates)))
  expect_silent(seurat_one_slice(object, NULL, "Spatial"))
  pieces <- seurat_pieces(object)
  expect_false("seurat_image" %in% names(pieces$obs$columns))
  expect_equal(pieces$spatial, place)
})

test_that("split layers without images are the slices of an integration", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  merged <- merged_seurat()
  place <- seurat_image_places(merged)$xy
  merged@images <- list()
  said <- testthat::capture_messages(suppressWarnings(
    result <- IntegrateSlices(merged, n_domains = 3, config = fast, coordinates = place)
  ))
  expect_match(said, "slices are the layers 'counts.1', 'counts.2'", all = FALSE)
  expect_identical(as.integer(table(result$slice)), c(140L, 160L))
})

test_that("columns of places go by their names, in any order", {
  right <- cbind(1:3, 4:6)
  named <- function(...) `colnames<-`(right[, 2:1], c(...))
  for (names in list(
    c("y", "x"), c("row", "col"), c("array_row", "array_col"), c("imagerow", "imagecol"),
    c("pxl_row_in_fullres", "pxl_col_in_fullres"), c("y_centroid", "x_centroid"), c("CenterY_px", "CenterX_px")
  )) {
    expect_identical(suppressMessages(as_coordinates(named(names), letters[1:3], "object")), right * 1)
  }
  expect_message(as_coordinates(named("row", "col"), letters[1:3], "coordinates"), "x is 'col' and y is 'row'")
  expect_message(
    as_coordinates(named("a", "b"), letters[1:3], "coordinates"), "'a' is taken as x and 'b' as y, by position"
  )
  expect_silent(as_coordinates(unname(right), letters[1:3], "coordinates"))
  expect_silent(as_coordinates(`colnames<-`(right, c("x", "y")), letters[1:3], "coordinates"))
  three <- cbind(z = 7:9, y = 4:6, x = 1:3)
  expect_identical(suppressMessages(as_coordinates(three, letters[1:3], "object")), cbind(1:3, 4:6, 7:9) * 1)
  # As GetTissueCoordinates() gives them.
  table <- data.frame(y = 6:4, x = 3:1, cell = letters[3:1])
  expect_identical(suppressMessages(as_coordinates(table, letters[1:3], "coordinates")), right * 1)
})

test_that("slices whose coordinates stand in another order are joined by name, and drawn the right way round", {
  skip_if_not_installed("SpatialExperiment")
  slices <- lapply(example_slices(), function(slice) example_spe(slice = slice))
  names <- c("pxl_col_in_fullres", "pxl_row_in_fullres")
  SpatialExperiment::spatialCoordsNames(slices$left) <- names
  place <- SpatialExperiment::spatialCoords(slices$right)
  colnames(place) <- names
  SpatialExperiment::spatialCoords(slices$right) <- place[, 2:1]
  joined <- sce_join(slices, NULL, "slice", "SPOTSCAPE")
  expect_identical(SpatialExperiment::spatialCoordsNames(joined), names)
  wanted <- do.call(rbind, lapply(unname(example_slices()), function(slice) as.matrix(slice$coordinates)))
  expect_equal(unname(SpatialExperiment::spatialCoords(joined)), unname(wanted))

  spe <- slices$right
  spe$side <- "in"
  plot <- SpatialDomainPlot(spe, group.by = "side")
  drawn <- ggplot2::ggplot_build(plot)$data[[1L]]
  expect_equal(drawn$x, unname(place[, 1L]))
  expect_equal(drawn$y, -unname(place[, 2L]))
})

test_that("places in another order of columns cross to Python by name, and come back in their own", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- example_spe()
  place <- SpatialExperiment::spatialCoords(spe)
  turned <- place[, 2:1]
  colnames(turned) <- c("row", "col")
  SpatialExperiment::spatialCoords(spe) <- turned
  adata <- as_anndata(spe)
  expect_equal(unname(as.matrix(reticulate::py_to_r(adata$obsm[["spatial"]]))), unname(place))
  expect_equal(SpatialExperiment::spatialCoords(from_anndata(adata)), turned)
})

test_that("genes that a slice never had are no zeros, and genes that are off in one are kept", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  slices <- example_slices()
  slices$left$counts <- slices$left$counts[1:220, ]
  slices$right$counts <- slices$right$counts[41:250, ]
  merged <- suppressWarnings(merge(
    example_seurat("SlideSeq", slice = slices$left), example_seurat("SlideSeq", slice = slices$right)
  ))
  merged[["Spatial"]] <- SeuratObject::JoinLayers(merged[["Spatial"]])
  expect_warning(
    result <- IntegrateSlices(merged, n_domains = 3, config = fast, verbose = FALSE), "share 1[78][0-9] genes"
  ) |> suppressWarnings()
  expect_lte(SeuratObject::Misc(result[["spotscape"]])$integration$n_shared_genes, 185L)

  whole <- example_slices()
  loud <- order(-Matrix::rowSums(whole$right$counts))[1:3]
  whole$left$counts[loud, ] <- 0
  whole$left$counts <- Matrix::drop0(whole$left$counts)
  result <- suppressWarnings(IntegrateSlices(merged_seurat(whole), n_domains = 3, config = fast, verbose = FALSE))
  expect_identical(SeuratObject::Misc(result[["spotscape"]])$integration$n_shared_genes, 250L)
})

test_that("counts that SCTransform() corrected are not taken for raw ones", {
  skip_if_not_installed("Seurat")
  object <- example_seurat()
  counts <- SeuratObject::LayerData(object, layer = "counts")
  corrected <- counts
  corrected@x <- corrected@x + 1
  object[["SCT"]] <- SeuratObject::CreateAssayObject(counts = corrected)
  SeuratObject::DefaultAssay(object) <- "SCT"
  expect_message(assay <- seurat_assay(object, NULL), "'SCT' holds counts that SCTransform.*taken from 'Spatial'")
  expect_identical(assay, "Spatial")
  expect_silent(expect_identical(seurat_assay(object, "SCT"), "SCT"))
  models <- methods::new(methods::getClass("SCTAssay", where = asNamespace("Seurat")), object[["SCT"]])
  model <- methods::new(methods::getClass("SCTModel", where = asNamespace("Seurat")), umi.assay = "Spatial")
  methods::slot(models, "SCTModel.list") <- list(counts = model)
  suppressWarnings(object[["Corrected"]] <- models)
  object[["Other"]] <- SeuratObject::CreateAssay5Object(counts)
  expect_identical(suppressMessages(raw_assay(object, "Corrected")), "Spatial")
  skip_without_python()
  adata <- suppressMessages(as_anndata(object))
  expect_equal(sum(reticulate::py_to_r(adata$X)), sum(counts))
  expect_identical(SeuratObject::DefaultAssay(from_anndata(adata)), "SCT")
})

test_that("of Visium HD's bins the default assay's are taken, and the others get NA", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  slice <- example_slice(140L)
  fine <- example_seurat("FOV", slice = slice)
  coarse <- example_slice(200L)
  coarse <- list(counts = coarse$counts[, 141:200], coordinates = coarse$coordinates[141:200, ])
  colnames(coarse$counts) <- rownames(coarse$coordinates) <- paste0("coarse", 1:60)
  other <- SeuratObject::CreateSeuratObject(coarse$counts, assay = "Coarse")
  other[["slice2"]] <- SeuratObject::CreateFOV(coarse$coordinates, type = "centroids", assay = "Coarse", key = "slice2_")
  both <- suppressWarnings(merge(fine, other))
  said <- testthat::capture_messages(result <- RunSpotscape(both, n_domains = 3, config = fast))
  expect_match(said, "assay 'Spatial' has 140 of the object's 200 cells", all = FALSE)
  alone <- RunSpotscape(fine, n_domains = 3, config = fast, verbose = FALSE)
  expect_identical(SeuratObject::Embeddings(result[["spotscape"]]), SeuratObject::Embeddings(alone[["spotscape"]]))
  expect_identical(colnames(result), colnames(both))
  expect_identical(result$spotscape_domain[colnames(fine)], alone$spotscape_domain)
  expect_true(all(is.na(result$spotscape_domain[colnames(other)])))
  expect_identical(
    as.character(SeuratObject::Idents(result)[colnames(fine)]), as.character(alone$spotscape_domain)
  )
  again <- suppressMessages(FindSpatialDomains(result, n_domains = 3, n_starts = 2))
  expect_identical(again$spotscape_domain, result$spotscape_domain)
  expect_identical(nrow(ggplot2::ggplot_build(SpatialDomainPlot(result))$data[[1L]]), 140L)
  timed <- suppressMessages(RunSpatialPseudotime(result, root = list(domain = "1"), n_neighbors = 15))
  expect_identical(sum(!is.na(timed$spotscape_pseudotime)), 140L)
})

test_that("places in a reduction are hinted at", {
  skip_if_not_installed("Seurat")
  object <- example_seurat("none")
  place <- as.matrix(example_slice(140L)$coordinates)
  colnames(place) <- c("PLACE_1", "PLACE_2")
  object[["spatial"]] <- SeuratObject::CreateDimReducObject(place, key = "PLACE_", assay = "Spatial")
  todo <- "coordinates = Embeddings\\(object\\[\\[\"spatial\"\\]\\]\\)"
  expect_input_error(seurat_coordinates(object, NULL, NULL), "image", todo)
})

test_that("an FOV is drawn as ImageDimPlot() draws it", {
  skip_if_not_installed("Seurat")
  object <- example_seurat("FOV")
  object$side <- "in"
  drawn <- ggplot2::ggplot_build(SpatialDomainPlot(object, group.by = "side"))$data[[1L]]
  SeuratObject::Idents(object) <- "side"
  theirs <- ggplot2::ggplot_build(Seurat::ImageDimPlot(object, axes = TRUE)[[1L]])$data[[1L]]
  sorted <- function(places) as.matrix(places[order(places$x, places$y), c("x", "y")])
  expect_equal(unname(sorted(drawn)), unname(sorted(theirs)))
})

test_that("runs of equal values, time zones and shared barcodes cross", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- two_samples()
  spe$run <- S4Vectors::Rle(factor(spe$sample_id))
  spe$number <- S4Vectors::Rle(rep(1:2, c(140L, 160L)))
  spe$moment <- as.POSIXct("2021-05-05 10:00:00", tz = "Europe/Paris") + seq_len(300L)
  colnames(spe) <- c(sprintf("cell%d", 1:140), sprintf("cell%d", 1:160))
  adata <- as_anndata(spe)
  expect_false(anyDuplicated(as.character(reticulate::py_to_r(adata$obs_names$tolist()))) > 0L)
  back <- from_anndata(adata)
  expect_identical(colnames(back), colnames(spe))
  expect_identical(back$run, factor(spe$sample_id))
  expect_identical(back$number, rep(1:2, c(140L, 160L)))
  expect_identical(back$moment, spe$moment)
  joined <- fill_columns(list(SummarizedExperiment::colData(spe)["run"], S4Vectors::DataFrame(other = 1:2)))
  expect_identical(as.character(joined[[2L]]$run), c(NA_character_, NA_character_))
})

test_that("samples become images of their own in Seurat, whose spots can be seen", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  spe <- two_samples()
  SpatialExperiment::imgData(spe) <- do.call(rbind, lapply(c("left", "right"), function(name) {
    S4Vectors::DataFrame(
      sample_id = name, image_id = "lowres", data = I(list(
        SpatialExperiment::SpatialImage(grDevices::as.raster(array(0.5, c(4L, 4L, 3L)))))), scaleFactor = 0.1
    )
  }))
  object <- from_anndata(as_anndata(spe), "seurat")
  expect_identical(lengths(lapply(object@images, SeuratObject::Cells)), c(left = 140L, right = 160L))
  expect_gt(object[["left"]]@scale.factors$spot, 10)
  back <- from_anndata(as_anndata(object), "spe")
  expect_identical(as.character(back$sample_id), spe$sample_id)
  expect_equal(
    unname(SpatialExperiment::spatialCoords(back)), unname(SpatialExperiment::spatialCoords(spe))
  )
  expect_identical(SpatialExperiment::imgData(back)$sample_id, c("left", "right"))
})

test_that("one argument, slice_by, takes any column of slices, and slice_key goes on with a warning", {
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  local_mocked_bindings(integrate_python = function(slices, slice_by, ...) stop(slice_by, ": ", toString(names(slices))))
  asked <- function(...) expect_error(IntegrateSlices(..., verbose = FALSE))$message
  merged <- merged_seurat()
  expect_identical(asked(merged), "slice: slice1, slice1.2")
  expect_identical(asked(merged, slice_by = "seurat_image"), "seurat_image: slice1, slice1.2")
  merged$sample_id <- rep(c("a", "b"), c(140L, 160L))
  expect_identical(asked(merged, slice_by = "sample_id"), "sample_id: a, b")
  bare <- merged
  bare@images <- list()
  bare$x <- seq_len(300L)
  bare$y <- rep(1:2, 150L)
  expect_identical(asked(bare, coordinates = c("x", "y")), "sample_id: a, b")
  both <- two_samples()
  expect_identical(asked(both), "sample_id: left, right")
  both$slice <- rep(c("a", "b"), c(140L, 160L))
  expect_identical(asked(both), "sample_id: left, right")
  expect_identical(asked(both, slice_by = "slice"), "slice: a, b")
  sce <- methods::as(both, "SingleCellExperiment")
  sce$slice <- NULL
  expect_identical(asked(sce, coordinates = SpatialExperiment::spatialCoords(both)), "sample_id: left, right")
  apart <- unname(lapply(c("left", "right"), function(name) both[, both$sample_id == name]))
  expect_identical(asked(lapply(apart, function(one) `$<-`(one, "slice", NULL))), "slice: left, right")

  expect_warning(
    expect_identical(asked(merged, slice_key = "sample_id"), "sample_id: a, b"), "called `slice_by` now",
    class = "deprecatedWarning"
  )
  expect_input_error(IntegrateSlices(merged, slice_by = "slice", slice_key = "slice"), "slice_key", "`slice_by` alone")
})

test_that("every verb takes slice_by, and the old name with a warning", {
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  model <- structure(list(), class = "spotscape_model")
  map <- function(object, ...) MapToSpotscape(model, object, ...)
  verbs <- list(AlignSlices, IntegrateSlices, CompareDomains, SpatialDomainPlot, map)
  for (object in list(example_seurat(), example_spe(), example_sce(), list(example_spe(), example_spe()))) {
    for (verb in if (is.list(object)) list(IntegrateSlices) else verbs) {
      expect_input_error(verb(object, slice_by = "a", slice_key = "a"), "slice_key", "`slice_by` alone")
    }
    if (!is.list(object)) {
      expect_input_error(TransferDomains(object, "a", slice_by = "a", slice_key = "a"), "slice_key", "`slice_by` alone")
    }
  }
  place <- expand.grid(x = 1:6, y = 1:5)
  plot <- SpatialDomainPlot(place, group.by = rep(1:2, 15), slice_by = rep(c("a", "b"), 15))
  expect_warning(
    old <- SpatialDomainPlot(place, group.by = rep(1:2, 15), slice_key = rep(c("a", "b"), 15)), class = "deprecatedWarning"
  )
  expect_identical(old$data, plot$data)
})
