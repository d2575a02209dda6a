# What follows domains, on a Seurat and on a SpatialExperiment object: the same as in Python, and back in its place.

trained <- function(kind) {
  object <- if (kind == "seurat") example_seurat("FOV", n = 300L) else example_spe(n = 300L)
  RunSpotscape(object, n_domains = 3, config = list(n_starts = 2L, n_top_genes = 100L), verbose = FALSE)
}

integrated <- function(kind) {
  slices <- example_slices()
  objects <- lapply(slices, function(slice) {
    if (kind == "seurat") example_seurat("FOV", slice = slice) else example_spe(slice = slice)
  })
  suppressWarnings(IntegrateSlices(objects, slice_by = "section", n_domains = 3, config = fast, verbose = FALSE))
}

cell_table <- function(object) {
  if (inherits(object, "Seurat")) object[[]] else as.data.frame(SummarizedExperiment::colData(object))
}

kept_of <- function(object, name) {
  if (inherits(object, "Seurat")) SeuratObject::Misc(object, name) else S4Vectors::metadata(object)[[name]]
}

kinds_here <- function() {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  c("seurat", "spe")
}

test_that("pseudotime is Python's, from every kind of root", {
  for (kind in kinds_here()) {
    object <- trained(kind)
    adata <- suppressWarnings(as_anndata(object))
    tl <- reticulate::import("spotscape")$tl
    cell <- colnames(object)[7L]
    roots <- list(
      list(r = list(domain = "1"), py = reticulate::dict(domain = "1")), list(r = cell, py = cell),
      list(r = list(gene = rownames(object)[3L]), py = reticulate::dict(gene = rownames(object)[3L])),
      list(r = c(500, 400), py = list(500, 400))
    )
    for (root in roots) {
      found <- RunSpatialPseudotime(object, root = root$r, n_neighbors = 15)
      wanted <- adata$copy()
      tl$pseudotime(wanted, root = root$py, n_neighbors = 15L)
      time <- cell_table(found)$spotscape_pseudotime
      expect_equal(time, as.vector(reticulate::py_to_r(wanted$obs["spotscape_pseudotime"]$to_numpy())), tolerance = 1e-6)
      expect_equal(range(time), c(0, 1))
    }
    record <- kept_of(found, "spotscape_pseudotime")
    expect_equal(record$groups, c("1", "2", "3"))
    expect_equal(dim(record$connectivities), c(3L, 3L))
    expect_warning(RunSpatialPseudotime(object, n_neighbors = 15), "No root was given")
    before <- object
    expect_input_error(RunSpatialPseudotime(object, root = "nowhere"), "root")
    expect_input_error(RunSpatialPseudotime(object, root = list(domain = "9")), "root")
    expect_input_error(RunSpatialPseudotime(object, root = "1", reduction = "other"), "reduction")
    expect_identical(object, before)
  }
})

test_that("imputation is Python's, and goes where each kind of object has it", {
  for (kind in kinds_here()) {
    object <- trained(kind)
    genes <- rownames(object)[c(5L, 1L, 9L)]
    some <- ImputeExpression(object, genes = genes)
    all <- ImputeExpression(object, scale = "counts")
    adata <- suppressWarnings(as_anndata(object))
    tl <- reticulate::import("spotscape")$tl
    tl$impute(adata, scale = "counts")
    wanted <- t(reticulate::py_to_r(adata$layers["spotscape_imputed"]))
    if (kind == "seurat") {
      expect_equal(rownames(some[["spotscape_imputed"]]), genes)
      found <- as.matrix(SeuratObject::LayerData(all[["spotscape_imputed"]], layer = "counts"))
      expect_equal(SeuratObject::DefaultAssay(all), SeuratObject::DefaultAssay(object))
    } else {
      expect_equal(rownames(SingleCellExperiment::altExp(some, "spotscape_imputed")), genes)
      found <- SummarizedExperiment::assay(all, "spotscape_imputed")
    }
    expect_equal(unname(found), unname(wanted), tolerance = 1e-4)
    expect_gte(min(found), 0)
    expect_input_error(ImputeExpression(object, genes = "nothing"), "genes")
    expect_input_error(ImputeExpression(object, scale = "raw"), "scale")
    without <- object
    if (kind == "seurat") without@misc$spotscape_model <- NULL else S4Vectors::metadata(without)$spotscape_model <- NULL
    expect_input_error(ImputeExpression(without), "object", "no model")
  }
})

test_that("slices are matched, and labels go from one to the other", {
  for (kind in kinds_here()) {
    object <- integrated(kind)
    found <- AlignSlices(object, transform = "none")
    record <- kept_of(found, "spotscape_alignment")
    expect_equal(record[c("slice_key", "transform")], list(slice_key = "section", transform = "none"))
    expect_equal(nrow(record$slices), 2L)
    expect_equal(nrow(record$matches), sum(cell_table(object)$section == record$slices$slice[2L]))
    expect_true(all(c(record$matches$spot, record$matches$reference_spot) %in% colnames(object)))
    moved <- suppressWarnings(AlignSlices(object, transform = "nonrigid"))
    expect_true(all(c("bent_by", "jacobian_low", "jacobian_high") %in% names(kept_of(moved, "spotscape_alignment")$slices)))
    # The corners of a square, turned by 90 degrees: the transform is known.
    x <- range(cell_table(moved)$aligned_x, na.rm = TRUE)
    corners <- expand.grid(x = x, y = x)
    corners <- data.frame(slice = record$slices$slice[2L], corners, reference_x = corners$y, reference_y = sum(x) - corners$x)
    by_hand <- suppressWarnings(AlignSlices(object, landmarks = corners))
    kept <- kept_of(by_hand, "spotscape_alignment")$slices[2L, ]
    expect_equal(unlist(kept[c("a11", "a12", "a21", "a22", "landmark_error")], use.names = FALSE), c(0, 1, -1, 0, 0))
    expect_input_error(AlignSlices(object, landmarks = corners[1:2, ]), "landmarks", "2 landmarks")
    expect_input_error(AlignSlices(object, landmarks = as.matrix(corners)), "landmarks", "a data frame")
    own <- cell_table(moved)$section == record$reference
    expect_false(anyNA(cell_table(moved)$aligned_x[own]))
    for (by in c("embedding", "matches")) {
      labelled <- TransferDomains(found, "spotscape_domain", by = by)
      table <- cell_table(labelled)
      expect_equal(levels(table$spotscape_domain_transferred), levels(table$spotscape_domain))
      expect_equal(table$spotscape_domain_transferred[own], table$spotscape_domain[own])
      expect_true(all(table$spotscape_domain_transferred_score >= 0 & table$spotscape_domain_transferred_score <= 1))
    }
    expect_input_error(AlignSlices(object, reference = "other"), "reference")
    expect_input_error(AlignSlices(trained(kind)), "slice_by")
    expect_input_error(TransferDomains(object, "nothing"), "label_key")
    expect_input_error(TransferDomains(object, "spotscape_domain", by = "matches"), "spotscape_alignment")
  }
})

test_that("a model is saved, loaded, kept by saveRDS, and maps new slices as Python's does", {
  for (kind in kinds_here()) {
    object <- trained(kind)
    folder <- withr::local_tempdir()
    SaveSpotscape(object, folder)
    model <- LoadSpotscape(folder)
    expect_output(print(model), "100 genes, 3 domains: '1', '2', '3'")
    rds <- withr::local_tempfile(fileext = ".rds")
    saveRDS(LoadSpotscape(object), rds)
    new <- if (kind == "seurat") example_seurat("FOV", n = 300L) else example_spe(n = 300L)
    # What an earlier run was sure of does not belong to domains that a model names.
    new <- add_columns(new, list(spotscape_confidence = rep(0.5, 300L)))
    for (one in list(model, readRDS(rds))) {
      mapped <- MapToSpotscape(one, new)
      embedding <- function(x) run_of(x)$embedding
      expect_equal(unname(embedding(mapped)), unname(embedding(object)), tolerance = 1e-3)
      expect_null(cell_table(mapped)[["spotscape_confidence"]])
      expect_gt(mean(cell_table(mapped)$spotscape_domain == cell_table(object)$spotscape_domain), 0.95)
    }
    slices <- integrated(kind)
    mapped <- MapToSpotscape(model, slices, slice_by = "section")
    one <- cell_table(slices)$section == cell_table(slices)$section[1L]
    alone <- MapToSpotscape(model, suppressWarnings(slices[, one]))
    expect_equal(unname(run_of(mapped)$embedding[one, ]), unname(run_of(alone)$embedding), tolerance = 1e-4)
    part <- function(n) suppressWarnings(new[rownames(new)[seq_len(n)], ])
    expect_warning(MapToSpotscape(model, part(40L), min_genes = 0.1), "lacks [0-9]+ of the model's 100 genes")
    expect_input_error(MapToSpotscape(model, part(12L)), "rownames(object)")
    expect_input_error(MapToSpotscape(folder, new), "model")
    newer <- model
    newer$description$format <- 99L
    expect_input_error(MapToSpotscape(newer, new), "model", "Update spotscape")
    writeLines("{}", file.path(folder, "model.json"))
    expect_input_error(LoadSpotscape(folder), basename(folder), "something else")
  }
})
