# Four slices, two a condition; the first gene changes in domain 10, which is larger in the case.
compared_data <- function() {
  set.seed(3)
  slice <- rep(c("a", "b", "c", "d"), each = 60)
  condition <- ifelse(slice %in% c("a", "b"), "control", "case")
  domain <- ifelse(rep(seq_len(60), 4) <= ifelse(condition == "case", 40, 20), "10", "2")
  counts <- matrix(stats::rpois(40 * 240, 3), 40, dimnames = list(paste0("gene", 1:40), paste0("cell", 1:240)))
  counts[1, condition == "case" & domain == "10"] <- 12
  list(
    counts = methods::as(counts, "dgCMatrix"),
    table = data.frame(
      sample = slice, condition = condition, spotscape_domain = factor(domain, c("2", "10")),
      row.names = colnames(counts)
    )
  )
}

compared_sce <- function(data = compared_data()) {
  SingleCellExperiment::SingleCellExperiment(
    assays = list(counts = data$counts), colData = S4Vectors::DataFrame(data$table)
  )
}

test_that("what differs is found, in both kinds of object with the same numbers", {
  skip_without_python()
  skip_if_not_installed("SingleCellExperiment")
  skip_if_not_installed("SeuratObject")
  data <- compared_data()
  sce <- compared_sce(data)
  found <- CompareDomains(sce, "condition", "sample", reference = "control")
  expect_s3_class(DomainComparisonPlot(found, panel = "genes"), "ggplot")
  expect_equal(found$composition$domain, c("2", "10"))
  expect_equal(found$composition$share, c(1 / 3, 2 / 3))
  expect_equal(found$composition$share_reference, c(2 / 3, 1 / 3))
  expect_equal(found$composition$condition, c("case", "case"))
  of_domain <- found$genes[found$genes$domain == "10", ]
  expect_equal(of_domain$gene[[1L]], "gene1")
  expect_lt(of_domain$p_adjusted[[1L]], 0.01)
  expect_gt(of_domain$log2_fold_change[[1L]], 1)
  expect_equal(unique(found$genes$method), "pseudobulk")
  expect_equal(found$shares$share[found$shares$slice == "a"], c(2 / 3, 1 / 3))
  expect_equal(found$reference, "control")
  expect_equal(found$composition$closest, c("", ""))
  expect_true(all(is.nan(found$composition$similarity)))
  expect_identical(found$warnings, character())

  seurat <- suppressWarnings(SeuratObject::CreateSeuratObject(data$counts, meta.data = data$table))
  expect_equal(CompareDomains(seurat, "condition", "sample", reference = "control"), found)
  seurat[["RNA"]] <- split(seurat[["RNA"]], f = seurat$sample)
  expect_equal(CompareDomains(seurat, "condition", "sample", reference = "control"), found)
})

test_that("the order of a factor's levels says the reference, and domains without a label are left out", {
  skip_without_python()
  skip_if_not_installed("SingleCellExperiment")
  data <- compared_data()
  data$table$condition <- factor(data$table$condition, c("control", "case"))
  data$table$spotscape_domain[1:6] <- NA
  found <- CompareDomains(compared_sce(data), "condition", "sample")
  expect_equal(found$reference, "control")
  expect_equal(sum(found$shares$n_spots), 234)
})

test_that("columns are those of the run", {
  skip_without_python()
  skip_if_not_installed("SingleCellExperiment")
  sce <- compared_sce()
  expect_input_error(CompareDomains(sce), "condition_key", "record of a run")
  S4Vectors::metadata(sce)$spotscape <- list(integration = list(condition_key = "condition", slice_key = "sample"))
  expect_equal(CompareDomains(sce)$condition_key, "condition")
  sce$second_domain <- rev(sce$spotscape_domain)
  S4Vectors::metadata(sce)$second <- S4Vectors::metadata(sce)$spotscape
  expect_equal(CompareDomains(sce, reduction = "SECOND")$domain_key, "second_domain")
  expect_equal(CompareDomains(sce, reduction = "SECOND", domain_key = "spotscape_domain")$domain_key, "spotscape_domain")
})

test_that("bad input is refused in one line", {
  skip_without_python()
  skip_if_not_installed("SingleCellExperiment")
  sce <- compared_sce()
  expect_input_error(CompareDomains(matrix(1)), "object")
  expect_input_error(CompareDomains(sce, "other", "sample"), "condition_key", "condition")
  expect_input_error(CompareDomains(sce, "condition", "sample", reference = "x"), "reference", "'case', 'control'")
  expect_input_error(CompareDomains(sce, "condition", "condition", domain_key = "no"), "domain_key")
  expect_input_error(CompareDomains(sce, "condition", "sample", min_spots = 1), "min_spots")
  expect_input_error(CompareDomains(sce, "condition", "sample", reduction = NULL), "reduction")
  sce$condition <- "case"
  expect_input_error(CompareDomains(sce, "condition", "sample"), "condition")
})

test_that("donors are the replicates where they are given, by a permutation if asked for", {
  skip_without_python()
  skip_if_not_installed("SingleCellExperiment")
  sce <- compared_sce()
  sce$patient <- c(a = "u", b = "v", c = "u", d = "v")[sce$sample]
  expect_warning(
    found <- CompareDomains(
      sce, "condition", "sample", donor_key = "patient", reference = "control", test = "permutation"
    ),
    "no p-value below 0.5"
  )
  expect_equal(found$donor_key, "patient")
  expect_equal(unique(found$composition$unit), "pair")
  expect_equal(found$composition$smallest_p, c(0.5, 0.5))
  expect_equal(unique(found$genes$n), 2)
  expect_equal(unique(found$shares$donor), c("u", "v"))
  expect_input_error(CompareDomains(sce, "condition", "sample", donor_key = "gene1"), "donor_key")
  expect_input_error(CompareDomains(sce, "condition", "sample", test = "anova"), "test")
})

test_that("arguments have Python's defaults", {
  skip_without_python()
  python <- reticulate::import("inspect")$signature(python_module("tl")$compare_domains)$parameters
  for (kind in c("Seurat", "SingleCellExperiment")) {
    ours <- formals(utils::getS3method("CompareDomains", kind))
    for (name in c("donor_key", "reference", "domain_key", "test", "min_spots")) {
      expect_equal(eval(ours[[name]]), reticulate::py_to_r(python[[name]]$default), info = name)
    }
  }
})
