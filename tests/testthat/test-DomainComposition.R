# The simulated slice with three bands and two types, of which the first band has more of "glia".
typed <- function(object, y) {
  band <- factor(ifelse(y < stats::quantile(y, 0.3), "upper", ifelse(y < stats::quantile(y, 0.6), "middle", "lower")))
  set.seed(1)
  object$band <- band
  object$cell <- ifelse(stats::runif(length(y)) < ifelse(band == "upper", 0.9, 0.2), "glia", "neuron")
  object
}

test_that("shares are exact, enrichment is Python's, and both kinds of object give the same", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("Seurat")
  slice <- example_slice(300L)
  spe <- typed(example_spe(slice = slice), slice$coordinates$y)
  before <- spe
  made <- DomainComposition(spe, "cell", domain_key = "band", n_permutations = 199)
  expect_identical(spe, before)
  expect_named(made, c("composition", "enrichment"))
  true <- prop.table(table(spe$band, spe$cell), 1L)
  expect_equal(made$composition$share, as.vector(t(true)))
  expect_identical(made$composition$domain, rep(levels(spe$band), each = 2L))
  expect_equal(made$composition$n_spots, rep(as.vector(table(spe$band)), each = 2L))
  upper <- made$enrichment[made$enrichment$domain == "upper", ]
  expect_equal(upper$expected, as.vector(prop.table(table(spe$cell))))
  expect_equal(upper$log2_ratio, log2(upper$share / upper$expected))
  expect_gt(upper$z[[1L]], 2)
  expect_true(all(upper$method == "moves"))
  seurat <- typed(example_seurat("SlideSeq", slice = slice), slice$coordinates$y)
  expect_equal(DomainComposition(seurat, "cell", domain_key = "band", n_permutations = 199), made, tolerance = 1e-6)
})

test_that("proportions come from columns and matrices, by the names of cells", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slice <- example_slice(60L)
  spe <- typed(example_spe(slice = slice), slice$coordinates$y)
  parts <- cbind(`T cell` = seq(0, 1, length.out = 60), other = seq(1, 0, length.out = 60))
  rownames(parts) <- colnames(spe)
  composition <- function(types, ...) {
    DomainComposition(spe, types, domain_key = "band", n_permutations = 0, ...)$composition
  }
  made <- composition(parts)
  expect_equal(made$share[made$cell_type == "T cell"], as.vector(tapply(parts[, 1L], spe$band, mean)))
  expect_equal(composition(parts[60:1, ]), made)
  expect_equal(composition(`rownames<-`(parts, NULL)), made)
  expect_equal(composition(as.data.frame(parts)), made)
  expect_equal(composition(methods::as(parts * 3, "CsparseMatrix"), normalize = TRUE), made)
  spe$`T cell` <- parts[, 1L]
  spe$other <- parts[, 2L]
  expect_equal(composition(c("T cell", "other")), made)
  abundance <- parts * 7
  colnames(abundance) <- paste0("q05cell_abundance_w_sf_", colnames(parts))
  expect_equal(composition(abundance), made)
  expect_warning(fewer <- composition(parts[1:50, ]), "10 of 60 spots")
  expect_equal(sum(fewer$n_spots) / 2, 50)
  expect_input_error(composition(parts * 3), "cell_types", "60 of 60 spots that do not sum to 1.*normalize=TRUE")
  signatures <- matrix(c(1, 3, 3, 1), nrow(spe), 2, dimnames = list(rownames(spe), c("a", "b")))
  signatures[seq(1, nrow(spe), 2), ] <- signatures[seq(1, nrow(spe), 2), 2:1] * c(1, 3)
  fitted <- composition(NULL, signatures = signatures)
  expect_true(all(abs(tapply(fitted$share, fitted$domain, sum) - 1) < 1e-9))
})

test_that("slices are the replicates, also of conditions", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slice <- example_slice(400L)
  spe <- example_spe(slice = slice)
  spe$section <- rep(c("a", "b", "c", "d"), 100)
  spe$group <- ifelse(spe$section %in% c("a", "b"), "control", "case")
  spe$side <- rep(c("x", "y"), each = 200)
  set.seed(1)
  share <- ifelse(spe$side == "x" & spe$group == "case", 0.9, 0.3)
  spe$cell <- ifelse(stats::runif(400) < share, "glia", sample(c("neuron", "other"), 400, TRUE))
  made <- DomainComposition(
    spe, "cell", domain_key = "side", slice_by = "section", condition_key = "group", reference = "control"
  )
  expect_identical(unique(made$composition$slice), c("a", "b", "c", "d"))
  expect_identical(unique(made$composition$condition), c("control", "case"))
  expect_true(all(made$enrichment$n_slices == 4))
  expect_true(all(made$enrichment$method == "moderated t"))
  first <- made$comparison[1L, ]
  expect_identical(c(first$domain, first$cell_type, first$condition), c("x", "glia", "case"))
  expect_lt(first$p_adjusted, 0.05)
  expect_gt(first$log2_ratio, 1)
  spe$patient <- ifelse(spe$section %in% c("a", "c"), "p", "q")
  by_donor <- DomainComposition(
    spe, "cell", domain_key = "side", slice_by = "section", condition_key = "group", donor_key = "patient",
    reference = "control"
  )
  expect_identical(unique(by_donor$composition$donor), c("p", "q"))
  expect_true(all(by_donor$enrichment$n_donors == 2))
  expect_identical(unique(by_donor$comparison$unit), "pair")
  expect_equal(by_donor$comparison$share, made$comparison$share)
})

test_that("what is not there is said", {
  expect_input_error(DomainComposition(letters, "cell"), "object", "character")
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slice <- example_slice(60L)
  spe <- typed(example_spe(slice = slice), slice$coordinates$y)
  refused <- function(types, name, words, ...) {
    expect_input_error(DomainComposition(spe, types, domain_key = "band", ...), name, words)
  }
  spe$score <- 0.5
  expect_input_error(DomainComposition(spe, "cell"), "domain_key", "RunSpotscape")
  refused("kind", "cell_types", "kind")
  refused("score", "score", "decimal numbers")
  refused(NULL, "cell_types", "one of the two")
  refused(1:3, "cell_types", "integer")
  refused(matrix(1, 3, 1, dimnames = list(NULL, "a")), "cell_types", "3 rows")
  refused(matrix(1, 1, 1, dimnames = list("who", "a")), "cell_types", "'who'")
  refused(NULL, "signatures", "without names", signatures = matrix(1, 2, 2))
  refused("cell", "condition_key", "group", condition_key = "group")
  refused("cell", "condition_key", "one slice", condition_key = "cell")
  refused("cell", "donor_key", "who", donor_key = "who")
})
