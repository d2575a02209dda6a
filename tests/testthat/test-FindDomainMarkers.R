# Two halves of a square, with a marker each.
marked_spe <- function() {
  set.seed(2)
  counts <- matrix(stats::rpois(30 * 100, 2), 30, dimnames = list(paste0("gene", 1:30), paste0("cell", 1:100)))
  place <- as.matrix(expand.grid(x = 1:10, y = 1:10))
  domain <- ifelse(place[, "x"] > 5, "right", "left")
  counts[1, domain == "right"] <- stats::rpois(50, 9)
  counts[2, domain == "left"] <- stats::rpois(50, 9)
  SpatialExperiment::SpatialExperiment(
    assays = list(counts = methods::as(counts, "dgCMatrix")), spatialCoords = place,
    colData = S4Vectors::DataFrame(side = factor(domain, c("right", "left")))
  )
}

test_that("markers lead, with Python's and R's own numbers, and nothing changes", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- marked_spe()
  before <- spe
  found <- FindDomainMarkers(spe, domain_key = "side")
  expect_identical(spe, before)
  expect_equal(unique(found$domain), c("right", "left"))
  expect_equal(found$gene[!duplicated(found$domain)], c("gene1", "gene2"))
  expect_equal(unique(found$against), "rest")
  counts <- as.matrix(SummarizedExperiment::assay(spe))
  level <- log1p(1e4 * counts["gene3", ] / colSums(counts))
  own <- spe$side == "right"
  row <- found[found$domain == "right" & found$gene == "gene3", ]
  test <- suppressWarnings(stats::wilcox.test(level[own], level[!own], correct = FALSE, exact = FALSE))
  expect_equal(row$p_value, test$p.value, tolerance = 0.02)
  scaled <- expm1(level)
  expect_equal(row$log2_fold_change, log2((sum(scaled[own]) + 1) / 50) - log2((sum(scaled[!own]) + 1) / 50), tolerance = 1e-5)
  expect_equal(row$share, mean(counts["gene3", own] > 0))

  beside <- FindDomainMarkers(spe, domain_key = "side", against = "neighbors", domains = "left", genes = c("gene2", "gene5"))
  expect_equal(beside$gene[[1L]], "gene2")
  expect_equal(unique(beside$against), "right")
  expect_equal(nrow(beside), 2L)

  spe$part <- rep(c("s1", "s2"), each = 50L)
  added <- FindDomainMarkers(spe, domain_key = "side", method = "pseudobulk", slice_by = "part", domains = "right")
  expect_equal(added$gene[[1L]], "gene1")
  expect_equal(unique(added$n_slices), 2L)
  expect_equal(spe$side, before$side)
  expect_input_error(FindDomainMarkers(spe, domain_key = "side", method = "pseudobulk"), "slice_by")
  many <- quote(FindDomainMarkers(spe, domain_key = "side", method = "pseudobulk", slice_by = "part", min_spots = 40L))
  expect_input_error(eval(many), "method", "fewer than 2 slices")
})

test_that("Seurat has the same table, and Seurat's own fold changes", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("Seurat")
  spe <- marked_spe()
  seurat <- suppressWarnings(SeuratObject::CreateSeuratObject(
    SummarizedExperiment::assay(spe), meta.data = data.frame(side = spe$side, row.names = colnames(spe))
  ))
  found <- FindDomainMarkers(seurat, domain_key = "side")
  expect_equal(found, FindDomainMarkers(spe, domain_key = "side"))
  SeuratObject::Idents(seurat) <- "side"
  seurat <- Seurat::NormalizeData(seurat, verbose = FALSE)
  theirs <- suppressWarnings(suppressMessages(Seurat::FindMarkers(
    seurat, ident.1 = "right", logfc.threshold = 0, min.pct = 0, verbose = FALSE
  )))
  ours <- found[found$domain == "right", ]
  theirs <- theirs[ours$gene, ]
  expect_equal(ours$log2_fold_change, theirs$avg_log2FC, tolerance = 1e-5)
  expect_equal(round(ours$share, 3), theirs$pct.1)
  expect_equal(round(ours$share_against, 3), theirs$pct.2)
  # Seurat corrects for continuity.
  expect_equal(log(ours$p_value), log(theirs$p_val), tolerance = 0.05)
})

test_that("a run is made again on half of the molecules", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- RunSpotscape(example_spe(), n_domains = 3, config = fast, verbose = FALSE)
  both <- FindDomainMarkers(spe, split = TRUE, seed = 3)
  expect_equal(both[1:9], FindDomainMarkers(spe))
  first <- both[!duplicated(both$domain), ]
  expect_true(all(first$p_value_split < 0.05))
  expect_true(all(first$overlap_split > 0 & first$overlap_split <= 1))
  expect_equal(FindDomainMarkers(spe, split = TRUE, seed = 3), both)
})

test_that("a run over slices is made again over slices", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slices <- lapply(example_slices(), function(slice) example_spe(slice = slice))
  spe <- IntegrateSlices(slices, n_domains = 3, config = fast, verbose = FALSE)
  both <- FindDomainMarkers(spe, split = TRUE, against = "neighbors")
  expect_false(anyNA(both$p_value))
  expect_true(all(c("p_value_split", "overlap_split") %in% names(both)))
  spe$slice <- NULL
  expect_input_error(FindDomainMarkers(spe, against = "neighbors"), "column 'slice'")
})

test_that("bad input is refused in one line", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- marked_spe()
  expect_input_error(FindDomainMarkers(matrix(1)), "object")
  expect_input_error(FindDomainMarkers(spe), "domain_key", "RunSpotscape")
  expect_input_error(FindDomainMarkers(spe, domain_key = "no"), "domain_key", "side")
  expect_input_error(FindDomainMarkers(spe, domain_key = "side", genes = "MBP"), "genes", "MBP")
  expect_input_error(FindDomainMarkers(spe, domain_key = "side", domains = "up"), "domains", "'left'")
  expect_input_error(FindDomainMarkers(spe, domain_key = "side", against = "all"), "against")
  expect_input_error(FindDomainMarkers(spe, domain_key = "side", split = TRUE), "domain_key")
  spe$side <- factor("one")
  expect_input_error(FindDomainMarkers(spe, domain_key = "side"), "side", "1 domain")
  sce <- SingleCellExperiment::SingleCellExperiment(
    assays = list(counts = SummarizedExperiment::assay(spe)), colData = S4Vectors::DataFrame(side = rep(c("a", "b"), 50))
  )
  expect_input_error(FindDomainMarkers(sce, domain_key = "side", against = "neighbors"), "coordinates")
})
