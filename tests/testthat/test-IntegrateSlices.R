# Two parts of the simulated slice, 140 and 160 spots, as slices. Runs share Python in this process.

# What integrate_slices() in Python makes of the same slices, without our way there.
python_integration <- function(slices, ...) {
  anndata <- reticulate::import("anndata", convert = FALSE)
  adatas <- lapply(slices, function(slice) {
    names <- function(x) reticulate::import("pandas", convert = FALSE)$DataFrame(index = array(x))
    adata <- anndata$AnnData(
      X = Matrix::t(slice$counts), obs = names(colnames(slice$counts)), var = names(rownames(slice$counts))
    )
    reticulate::py_set_item(adata$obsm, "spatial", reticulate::r_to_py(unname(as.matrix(slice$coordinates)) * 1))
    adata
  })
  adatas <- reticulate::py_dict(as.list(names(slices)), unname(adatas), convert = FALSE)
  joined <- reticulate::py_get_item(python_module("interop.reticulate")$call(
    python_module("tl")$integrate_slices, adatas, n_domains = 3L, config = do.call(reticulate::dict, fast),
    progress = FALSE, ...
  ), "value")
  list(
    embedding = reticulate::py_to_r(reticulate::py_get_item(joined$obsm, "X_spotscape")$astype("float64")),
    domains = as.character(reticulate::py_to_r(reticulate::py_get_item(joined$obs, "spotscape_domain")$tolist())),
    confidence = unlist(reticulate::py_to_r(reticulate::py_get_item(joined$obs, "spotscape_confidence")$tolist()))
  )
}

# Runs this short may warn of how slices mix, which is not the point; `heard` is what they said.
integrate <- function(object, ..., config = fast) {
  heard <<- testthat::capture_warnings(
    result <- IntegrateSlices(object, n_domains = 3, config = config, verbose = FALSE, ...)
  )
  result
}
heard <- NULL

# Both slices in one, taking turns, each in its own order.
taking_turns <- order(c(seq_len(140L), seq_len(160L) + 0.5))

seurat_embedding <- function(object) unname(SeuratObject::Embeddings(object[["spotscape"]]))
sce_embedding <- function(object) unname(SingleCellExperiment::reducedDim(object, "SPOTSCAPE"))

# The object with one of its images far away.
move_image <- function(object, image) {
  object@images[[image]]@coordinates <- object@images[[image]]@coordinates + 1e6
  object
}

test_that("a list of Seurat objects becomes one, with Python's numbers and all that the objects held", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  slices <- example_slices()
  objects <- Map(function(image, slice) example_seurat(image, slice = slice), c("VisiumV2", "VisiumV1"), slices)
  names(objects) <- names(slices)
  objects$left$mine <- seq_len(140L)
  objects$right$batch <- "b"
  objects$right[["More"]] <- SeuratObject::CreateAssay5Object(counts = slices$right$counts[1:60, ])
  before <- objects
  result <- integrate(objects)
  python <- python_integration(slices)

  expect_identical(objects, before)
  expect_s4_class(result, "Seurat")
  expect_identical(colnames(result), unlist(lapply(slices, function(s) colnames(s$counts)), use.names = FALSE))
  expect_identical(seurat_embedding(result), python$embedding)
  expect_identical(as.character(result$spotscape_domain), python$domains)
  expect_identical(unname(result$spotscape_confidence), python$confidence)
  expect_identical(SeuratObject::Idents(result), result$spotscape_domain)
  expect_identical(unname(result$slice), factor(rep(c("left", "right"), c(140L, 160L))))
  expect_identical(SeuratObject::Layers(result), c("counts.1", "counts.2"))
  expect_identical(names(result@assays), c("Spatial", "More"))
  expect_length(SeuratObject::Images(result), 2L)
  expect_identical(unname(result$mine), c(seq_len(140L), rep(NA, 160L)))
  expect_identical(unname(result$batch), rep(c(NA, "b"), c(140L, 160L)))
  place <- rbind(as.matrix(slices$left$coordinates), as.matrix(slices$right$coordinates))
  expect_equal(seurat_image_places(result)$xy, unname(place))

  info <- SeuratObject::Misc(result[["spotscape"]])
  expect_identical(info$integration$slices, c("left", "right"))
  expect_identical(info$integration$slice_key, "slice")
  expect_identical(info$integration$n_shared_genes, 250L)
  expect_type(info$integration$mixing, "double")
  expect_length(info$integration$mixing_per_slice, 2L)
  expect_type(info$integration$single_slice_domains, "character")
  expect_identical(info$params$correction, 1)
  expect_identical(SeuratObject::Command(result), "IntegrateSlices.Spatial")
  expect_output(print(SeuratObject::Command(result, "IntegrateSlices.Spatial")), "n_starts = 2")
})

test_that("a merged Seurat object goes by its images or its metadata, and keeps the order of its cells", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  slices <- example_slices()
  object <- merged_seurat(slices)
  result <- integrate(object)
  wanted <- python_integration(slices)
  expect_identical(seurat_embedding(result), wanted$embedding)
  expect_identical(levels(result$slice), SeuratObject::Images(object))
  expect_identical(result[["Spatial"]], object[["Spatial"]])
  expect_identical(result@images, object@images)
  expect_identical(SeuratObject::Command(result), "IntegrateSlices.Spatial")

  # Interleaved, in one layer, with the slices in the metadata; numbers stay with their cells.
  whole <- example_slice(300L)
  mixed <- taking_turns
  whole <- list(counts = whole$counts[, mixed], coordinates = whole$coordinates[mixed, ])
  object <- example_seurat("none", slice = whole)
  object <- SeuratObject::AddMetaData(object, whole$coordinates)
  object$side <- factor(ifelse(mixed <= 140L, "left", "right"), levels = c("right", "left", "other"))
  object$dose <- ifelse(mixed <= 140L, "low", "high")
  result <- integrate(object, slice_by = "side", condition_key = "dose", coordinates = c("x", "y"), correction = 0.5)
  expect_match(heard, "Condition '(low|high)' has one slice", all = FALSE)
  wanted <- python_integration(slices[c("right", "left")], correction = 0.5)
  rows <- match(colnames(object), unlist(lapply(slices[c("right", "left")], function(s) colnames(s$counts))))
  expect_identical(colnames(result), colnames(object))
  expect_identical(seurat_embedding(result), wanted$embedding[rows, ])
  expect_identical(rownames(SeuratObject::Embeddings(result[["spotscape"]])), colnames(object))
  expect_identical(as.character(result$spotscape_domain), wanted$domains[rows])
  expect_identical(unname(result$spotscape_confidence), wanted$confidence[rows])
  expect_identical(result$side, object$side)
  record <- SeuratObject::Misc(result[["spotscape"]])$integration
  expect_identical(record$slices, c("right", "left"))
  expect_identical(record$condition_key, "dose")
  expect_false("slice" %in% colnames(result[[]]))
})

test_that("names of cells that slices share are told apart, images and all", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  slices <- example_slices(right = 141:280)
  colnames(slices$right$counts) <- rownames(slices$right$coordinates) <- colnames(slices$left$counts)
  objects <- suppressWarnings(unname(Map(example_seurat, c("VisiumV2", "FOV"), slice = slices)))
  result <- integrate(objects)
  expect_match(heard, "now starts with .* 'slice1_slice1_001'", all = FALSE)
  expect_identical(colnames(result)[c(1L, 141L)], c("slice1_slice1_001", "slice2_slice1_001"))
  place <- rbind(as.matrix(slices$left$coordinates), as.matrix(slices$right$coordinates))
  expect_equal(seurat_image_places(result)$xy, unname(place))
  again <- integrate(stats::setNames(objects, c("a", "b")))
  expect_match(heard, "'a_slice1_001'", all = FALSE)
  expect_identical(seurat_embedding(again), seurat_embedding(result))
})

test_that("genes are those that the slices share, whatever the merged object holds", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  slices <- example_slices()
  slices$left$counts <- slices$left$counts[1:220, ]
  slices$right$counts <- slices$right$counts[250:41, ]
  objects <- lapply(slices, function(slice) example_seurat("SlideSeq", slice = slice))
  result <- integrate(objects)
  expect_match(heard, "share 180 genes; the others are left out \\(left: 220, right: 210\\)", all = FALSE)
  expect_equal(nrow(result), 250L)
  wanted <- python_integration(slices)
  expect_identical(seurat_embedding(result), wanted$embedding)
  again <- integrate(suppressWarnings(merge(objects$left, objects$right)))
  expect_match(heard, "share 180 genes", all = FALSE)
  expect_identical(seurat_embedding(again), wanted$embedding)
})

test_that("a list of SpatialExperiments becomes one by cbind, with images, columns and metadata", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slices <- example_slices()
  objects <- lapply(slices, function(slice) example_spe(slice = slice))
  objects$left$mine <- seq_len(140L)
  objects$right$kind <- factor(rep(c("u", "v"), 80L))
  SummarizedExperiment::rowData(objects$left)$symbol <- rownames(objects$left)
  SummarizedExperiment::assay(objects$left, "logcounts") <- log1p(SummarizedExperiment::assay(objects$left))
  SpatialExperiment::spatialCoordsNames(objects$right) <- c("u", "v")
  S4Vectors::metadata(objects$right)$note <- "kept"
  image <- slice_file("spatial", "tissue_lowres_image.png")
  objects$left <- SpatialExperiment::addImg(
    objects$left, image, sample_id = "one", image_id = "lowres", scaleFactor = 0.05
  )
  before <- objects
  expect_no_message(result <- integrate(objects))
  wanted <- python_integration(slices)

  expect_identical(objects, before)
  expect_s4_class(result, "SpatialExperiment")
  expect_identical(colnames(result), unlist(lapply(slices, function(s) colnames(s$counts)), use.names = FALSE))
  expect_identical(sce_embedding(result), wanted$embedding)
  expect_identical(as.character(result$spotscape_domain), wanted$domains)
  expect_identical(result$spotscape_confidence, wanted$confidence)
  expect_identical(result$sample_id, rep(c("left", "right"), c(140L, 160L)))
  expect_identical(as.character(result$slice), result$sample_id)
  expect_identical(result$mine, c(seq_len(140L), rep(NA, 160L)))
  expect_identical(as.character(result$kind), c(rep(NA, 140L), rep(c("u", "v"), 80L)))
  expect_identical(SpatialExperiment::imgData(result)$sample_id, "left")
  expect_identical(S4Vectors::metadata(result)$note, "kept")
  expect_identical(S4Vectors::metadata(result)$spotscape$integration$slices, c("left", "right"))
  place <- as.matrix(do.call(rbind, lapply(slices, `[[`, "coordinates")))
  expect_equal(unname(SpatialExperiment::spatialCoords(result)), unname(place))

  # The joined object again, by its samples; taking turns, and with barcodes that are in both.
  again <- integrate(result)
  expect_identical(sce_embedding(again), wanted$embedding)
  mixed <- taking_turns
  shuffled <- result[, mixed]
  shuffled$sample_id <- factor(shuffled$sample_id, levels = c("left", "right"))
  colnames(shuffled) <- sprintf("cell%d", ifelse(mixed <= 140L, mixed, mixed - 140L))
  again <- integrate(shuffled)
  expect_false(any(grepl("names", heard)))
  expect_identical(colnames(again), colnames(shuffled))
  expect_identical(rownames(SingleCellExperiment::reducedDim(again, "SPOTSCAPE")), colnames(shuffled))
  expect_identical(sce_embedding(again), wanted$embedding[mixed, ])

  domains <- FindSpatialDomains(again, n_domains = 2, smooth = TRUE)
  expect_identical(nlevels(domains$spotscape_domain), 2L)
  place <- SpatialExperiment::spatialCoords(again)
  again$u <- place[, 1L]
  again$v <- place[, 2L]
  expect_identical(sce_embedding(integrate(again, coordinates = c("u", "v"))), sce_embedding(again))
})

test_that("SingleCellExperiments give the same, in a list or as one", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slices <- example_slices()
  objects <- lapply(slices, function(slice) example_sce(slice = slice))
  result <- integrate(objects, coordinates = c("x", "y"))
  wanted <- python_integration(slices)
  expect_s4_class(result, "SingleCellExperiment")
  expect_identical(sce_embedding(result), wanted$embedding)
  again <- integrate(result, coordinates = c("x", "y"), reduction.name = "Second")
  expect_identical(unname(SingleCellExperiment::reducedDim(again, "Second")), wanted$embedding)
  expect_identical(again$second_domain, result$spotscape_domain)
  expect_identical(again$second_confidence, result$spotscape_confidence)
  given <- integrate(objects, coordinates = lapply(unname(slices), `[[`, "coordinates"))
  expect_identical(sce_embedding(given), wanted$embedding)
})

test_that("domains of several slices are found again, and drawn side by side", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  slices <- example_slices()
  result <- integrate(merged_seurat(slices))
  same <- expect_no_message(FindSpatialDomains(result, n_domains = 3, n_starts = 2))
  expect_identical(same$spotscape_domain, result$spotscape_domain)
  expect_identical(same$spotscape_confidence, result$spotscape_confidence)
  plain <- FindSpatialDomains(result, n_domains = 8)
  smoothed <- FindSpatialDomains(result, n_domains = 8, smooth = TRUE)
  expect_true(SeuratObject::Misc(smoothed[["spotscape"]])$domains$smooth)
  expect_false(identical(smoothed$spotscape_domain, plain$spotscape_domain))
  # Neighbours are those of the own slice: where the other slice lies makes no difference.
  away <- FindSpatialDomains(move_image(result, "slice1.2"), n_domains = 8, smooth = TRUE)
  expect_identical(away$spotscape_domain, smoothed$spotscape_domain)

  for (group in c("spotscape_domain", "orig.ident")) {
    plot <- SpatialDomainPlot(result, group.by = group)
    built <- ggplot2::ggplot_build(plot)
    expect_identical(as.character(built$layout$layout$slice), levels(result$slice))
    expect_identical(as.integer(table(built$data[[1L]]$PANEL)), c(140L, 160L))
  }
  drawn <- ggplot2::ggplot_build(SpatialDomainPlot(result))$data[[1L]]
  place <- do.call(rbind, lapply(unname(slices), `[[`, "coordinates"))
  for (panel in 1:2) {
    inside <- as.integer(drawn$PANEL) == panel
    shape <- function(x, y) diff(range(x)) / diff(range(y))
    expect_equal(shape(drawn$x[inside], drawn$y[inside]), shape(place$x[inside], place$y[inside]))
    expect_equal(max(diff(range(drawn$x[inside])), diff(range(drawn$y[inside]))), 1)
  }
  expect_identical(unique(drawn$colour[order(result$spotscape_domain)]), domain_colours(3L))
  one <- quiet_subset(result, cells = colnames(result)[1:140])
  expect_length(unique(ggplot2::ggplot_build(SpatialDomainPlot(one))$data[[1L]]$PANEL), 1L)
})

test_that("IntegrateLayers() takes spotscape as a method", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if(utils::packageVersion("Seurat") < "5.0.0", "IntegrateLayers() came with Seurat 5")
  expect_identical(attr(SpotscapeIntegration, "Seurat.method"), "integration")
  slices <- example_slices()
  object <- Seurat::NormalizeData(merged_seurat(slices), verbose = FALSE)
  object <- Seurat::FindVariableFeatures(object, nfeatures = 50, verbose = FALSE)
  object <- Seurat::ScaleData(object, verbose = FALSE)
  pca <- matrix(stats::rnorm(600), 300L, dimnames = list(colnames(object), c("PC_1", "PC_2")))
  object[["pca"]] <- SeuratObject::CreateDimReducObject(pca, assay = "Spatial", key = "PC_")
  run <- function(...) {
    Seurat::IntegrateLayers(
      object, method = SpotscapeIntegration, orig.reduction = "pca", n_domains = 3, config = fast, verbose = FALSE, ...
    )
  }
  place <- as.matrix(do.call(rbind, unname(lapply(slices, `[[`, "coordinates"))))
  result <- run(new.reduction = "joint", coordinates = place[300:1, ])
  joint <- result[["joint"]]
  expect_identical(unname(SeuratObject::Embeddings(joint)), python_integration(slices)$embedding)
  expect_identical(rownames(SeuratObject::Embeddings(joint)), colnames(object))
  expect_identical(SeuratObject::Key(joint), "JOINT_")
  expect_identical(SeuratObject::DefaultAssay(joint), "Spatial")
  expect_identical(SeuratObject::Misc(joint)$integration$slices, c("1", "2"))
  expect_identical(seurat_embedding(run(coordinates = object)), unname(SeuratObject::Embeddings(joint)))

  # No column says which cell is of which slice, but each slice has its image: the domains are those of one step.
  found <- expect_no_message(FindSpatialDomains(result, n_domains = 3, n_starts = 2, reduction = "joint"))
  python <- python_integration(slices)
  expect_identical(as.character(found$joint_domain), python$domains)
  expect_identical(unname(found$joint_confidence), python$confidence)
  expect_identical(sum(expect_no_message(SuggestNDomains(result, reduction = "joint"))$suggested), 1L)
  result@images <- list()
  again <- function(...) FindSpatialDomains(result, n_domains = 3, n_starts = 2, reduction = "joint", ...)
  expect_no_message(again())
  expect_input_error(again(coordinates = place, smooth = TRUE), "column 'slice'", "several")

  expect_input_error(run(), "coordinates", "NULL")
  expect_input_error(run(coordinates = unname(place)), "coordinates", "no rows named by cell")
  expect_input_error(run(coordinates = place[-1L, ]), "coordinates", "1 of 300 cells")
  expect_input_error(run(coordinates = place, layers = "data.1"), "layers", "two layers or more")
  expect_input_error(run(coordinates = place, colour = "red"), "...", "'colour'")
})

test_that("what is not several slices is refused before Python starts, and objects are as they were", {
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  slices <- example_slices()
  left <- example_seurat("SlideSeq", slice = slices$left)
  right <- example_seurat("SlideSeq", slice = slices$right)
  spe <- example_spe(slice = slices$left)
  local_mocked_bindings(require_python = function() stop("Python was asked for"))

  expect_input_error(IntegrateSlices(slices$left$counts), "object", "list of Seurat")
  expect_input_error(IntegrateSlices(list(1, 2)), "object", "'numeric'")
  expect_input_error(IntegrateSlices(list()), "object", "list of 0")
  expect_input_error(IntegrateSlices(list(left)), "object", "RunSpotscape\\(\\)")
  expect_input_error(IntegrateSlices(list(left, spe)), "object", "'Seurat', 'SpatialExperiment'")
  expect_input_error(IntegrateSlices(list(a = left, a = right)), "object", "different name")
  expect_input_error(IntegrateSlices(list(a = left, right)), "object", "different name")
  expect_input_error(IntegrateSlices(list(left, right), ndomains = 2), "...", "'ndomains'")
  bare <- example_seurat("none", slice = slices$right)
  expect_input_error(IntegrateSlices(list(a = left, b = bare)), "slice 'b': image", "without images")
  expect_input_error(
    IntegrateSlices(list(a = left, b = right), condition_key = "dose"), "slice 'a': condition_key", "\"dose\""
  )
  expect_input_error(
    IntegrateSlices(list(left, right), coordinates = slices$left$coordinates), "coordinates", "each of the 2"
  )
  expect_input_error(IntegrateSlices(list(left, right), assay = "RNA"), "assay", "'Spatial'")
  expect_input_error(
    IntegrateSlices(list(spe, spe), layer = "counts"), "layer", "NULL for objects of class SpatialExperiment"
  )

  merged <- merged_seurat(slices)
  before <- merged
  expect_input_error(IntegrateSlices(left), "slice_by", "one image; for one slice, call RunSpotscape")
  expect_input_error(IntegrateSlices(merged, slice_by = "sample"), "slice_by", "\"sample\".*'orig.ident'")
  expect_input_error(IntegrateSlices(merged, slice_by = "orig.ident"), "column 'orig.ident'", "one slice, 'slice1'")
  expect_input_error(IntegrateSlices(merged, condition_key = "dose"), "condition_key", "\"dose\"")
  expect_input_error(IntegrateSlices(merged, layer = "raw"), "layer", "no layer 'raw'")
  part <- merged
  part$slice <- c(NA, rep("a", 149L), rep("b", 150L))
  expect_input_error(IntegrateSlices(part), "column 'slice'", "1 of 300 cells without a slice")
  part$slice <- rep(c("a", "b"), 150L)
  expect_input_error(IntegrateSlices(part), "slice_by", "slice 'a' in the images")
  part$slice <- NULL
  part$dose <- c(NA, rep("low", 299L))
  expect_input_error(IntegrateSlices(part, condition_key = "dose"), "column 'dose'", "1 cells without a condition")
  twice <- merged
  twice@images$slice1.2 <- merged[["slice1"]]
  expect_input_error(IntegrateSlices(twice), "object", "140 cells in both images 'slice1' and 'slice1.2'")
  nowhere <- merged
  nowhere@images$slice1.2 <- quiet_subset(merged[["slice1.2"]], cells = colnames(merged)[142:300])
  expect_input_error(IntegrateSlices(nowhere), "object", "1 of 300 cells in no image")
  expect_identical(merged, before)

  expect_input_error(IntegrateSlices(spe), "column 'sample_id'", "one slice, 'one'")
  expect_input_error(IntegrateSlices(spe, slice_by = "slice"), "slice_by", "'sample_id'")
  sce <- example_sce(slice = slices$left)
  sce$slice <- rep(c("a", "b"), 70L)
  expect_input_error(IntegrateSlices(sce), "coordinates", "SingleCellExperiment does not say")
  two <- spe
  two$sample_id <- "two"
  two <- SummarizedExperiment::cbind(spe, two)
  expect_input_error(suppressWarnings(IntegrateSlices(list(a = spe, b = two))), "slice 'b'", "2 samples")
})

test_that("a scale in micrometres takes a unit for all slices, or one for each by name", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spes <- lapply(example_slices(), function(slice) example_spe(slice = slice))
  of <- function(...) integrate(spes, config = c(fast, scale = "150 um"), ...)
  expect_input_error(of(), "scale", "unit is not known.*micrometres_per_unit = 0.5")
  expect_input_error(of(micrometres_per_unit = 0), "micrometres_per_unit", "above 0")
  expect_input_error(of(micrometres_per_unit = c(0.5, 1)), "micrometres_per_unit", "above 0")
  expect_input_error(of(micrometres_per_unit = c(left = 0.5)), "micrometres_per_unit", "one for each of 'left', 'right'")
  record <- function(object) S4Vectors::metadata(object)$spotscape
  one <- of(micrometres_per_unit = 0.5)
  same <- of(micrometres_per_unit = c(right = 0.5, left = 0.5))
  expect_identical(sce_embedding(same), sce_embedding(one))
  expect_equal(record(one)$scale$micrometres, 150, tolerance = 0.1)
  other <- of(micrometres_per_unit = c(right = 1, left = 0.25))
  rings <- unlist(record(other)$integration$rings)
  expect_gt(rings[[1L]], 4 * rings[[2L]]) # left, then right
})

test_that("Python's words about slices arrive in R's terms", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slices <- example_slices()
  spe <- function(slice) example_spe(slice = slice)
  few <- example_slices(left = 1:40, right = 141:170)
  expect_input_error(integrate(lapply(few, spe)), "column 'slice'", "40 spots in slice 'left'.* expected 50 or more")
  other <- slices
  rownames(other$right$counts) <- sprintf("ENSG%011d", seq_len(250L))
  expect_input_error(integrate(lapply(other, spe)), "object", "0 genes .*'right' has Ensembl identifiers")
  same <- list(a = slices$left, b = slices$left)
  expect_input_error(
    integrate(lapply(same, spe)), "column 'slice'", "the same counts in slices 'a' and 'b'"
  )
  doses <- lapply(slices, spe)
  doses$left$dose <- rep(c("low", "high"), 70L)
  doses$right$dose <- "high"
  expect_input_error(
    integrate(doses, condition_key = "dose"), "column 'dose'", "more than one condition in slice 'left'"
  )
  expect_input_error(integrate(doses, correction = -1), "correction", "-1")
  expect_input_error(integrate(doses, correction = NA), "correction", "NA")
  twice <- lapply(slices, spe)
  colnames(twice$left)[2L] <- colnames(twice$left)[1L]
  expect_error(integrate(twice), "names", class = "spotscape_input_error")
})

test_that("every method leaves a checkpoint where asked, and goes on from it to the same result", {
  skip_without_python()
  for (package in c("Seurat", "SpatialExperiment")) skip_if_not_installed(package)
  slices <- example_slices()
  spes <- lapply(slices, function(slice) example_spe(slice = slice))
  spes$right$sample_id <- "two"
  merged <- SummarizedExperiment::cbind(spes$left, spes$right)
  sce <- methods::as(merged, "SingleCellExperiment")
  sce$slice <- sce$sample_id
  folder <- withr::local_tempdir()
  runs <- list(
    seurat = function(...) integrate(merged_seurat(slices), ..., config = trained),
    list = function(...) integrate(spes, ..., config = trained),
    spe = function(...) integrate(merged, ..., config = trained),
    sce = function(...) integrate(sce, coordinates = SpatialExperiment::spatialCoords(merged), ..., config = trained)
  )
  for (name in names(runs)) {
    file <- file.path(folder, name)
    first <- runs[[name]](checkpoint = file)
    expect_true(file.exists(file))
    expect_input_error(runs[[name]](checkpoint = file), "checkpoint", "a run that did not end")
    again <- runs[[name]](checkpoint = file, resume = TRUE)
    embedding <- if (name == "seurat") seurat_embedding else sce_embedding
    expect_identical(embedding(again), embedding(first))
    expect_identical(again$spotscape_domain, first$spotscape_domain)
  }
  expect_input_error(runs$list(checkpoint_minutes = "soon"), "checkpoint_minutes", "soon")
})
