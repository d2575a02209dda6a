# A run on 140 spots in three domains, and its tree.
grown_spe <- local({
  grown <- NULL
  function() {
    if (is.null(grown)) {
      spe <- RunSpotscape(example_spe(), n_domains = 3, config = fast, verbose = FALSE)
      grown <<- DomainTree(spe, n_domains = c(2, 6))
    }
    grown
  }
})

test_that("levels are nested, the run's domains are one, and a cut is Python's", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- grown_spe()
  tree <- S4Vectors::metadata(spe)$spotscape_tree
  expect_identical(as.integer(tree$n_domains), 2:6)
  expect_identical(dim(tree$levels), c(5L, 6L))
  expect_identical(as.integer(tree$grown_from), 3L)
  spe <- CutDomainTree(spe, n_domains = 2:6)
  expect_identical(as.character(spe$spotscape_domain_3), as.character(spe$spotscape_domain))
  for (number in 2:5) {
    fewer <- spe[[paste0("spotscape_domain_", number)]]
    more <- spe[[paste0("spotscape_domain_", number + 1L)]]
    expect_identical(nlevels(fewer), number)
    expect_identical(unname(rowSums(table(more, fewer) > 0)), rep(1, number + 1))
    expect_true(all(levels(fewer) %in% levels(more)))
  }
  named <- CutDomainTree(RenameDomains(spe, c("1" = "white matter")), n_domains = 4)
  expect_identical(levels(named$spotscape_domain_4), sub("^1$", "white matter", levels(spe$spotscape_domain_4)))
  merged <- RenameDomains(spe, c("1" = "a", "2" = "a"), merge = TRUE)
  expect_null(S4Vectors::metadata(merged)$spotscape_tree)
  adata <- as_anndata(spe)
  python_module("tl")$cut_domain_tree(adata, n_domains = list(2L, 5L))
  for (name in c("spotscape_domain_2", "spotscape_domain_5")) {
    expect_identical(as.character(reticulate::py_to_r(adata$obs[name]$astype("str")$tolist())), as.character(spe[[name]]))
  }
})

test_that("Seurat objects have the same tree, a part of the cells can be cut, and other names stay", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  spe <- grown_spe()
  seurat <- RunSpotscape(example_seurat("SlideSeq"), n_domains = 3, config = fast, verbose = FALSE)
  seurat <- DomainTree(seurat, n_domains = c(2, 6))
  expect_identical(as.character(seurat$spotscape_leaf), as.character(spe$spotscape_leaf))
  expect_equal(SeuratObject::Misc(seurat, "spotscape_tree"), S4Vectors::metadata(spe)$spotscape_tree, tolerance = 1e-6)
  for (object in list(seurat, spe)) {
    anew <- forget_tree(object, "spotscape")
    expect_false("spotscape_leaf" %in% colnames(cell_table(anew)))
    expect_null(object_misc(anew)$spotscape_tree)
    expect_true("spotscape_domain" %in% colnames(cell_table(anew)))
  }
  part <- CutDomainTree(quiet_subset(seurat, cells = colnames(seurat)[1:60]), n_domains = 5)
  whole <- CutDomainTree(spe, n_domains = 5)$spotscape_domain_5
  expect_identical(as.character(part$spotscape_domain_5), as.character(whole[1:60]))
  spe$layer <- c("A", "B", "C")[spe$spotscape_domain]
  spe$layer[1:3] <- NA
  named <- CutDomainTree(DomainTree(spe, n_domains = c(2, 4), domain_key = "layer"), n_domains = 4)
  expect_identical(which(is.na(named$spotscape_domain_4)), 1:3)
  expect_match(setdiff(levels(named$spotscape_domain_4), c("A", "B", "C")), "^[ABC]\\.2$")
})

test_that("the tree can be drawn, with the colours of the maps", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- CutDomainTree(grown_spe(), n_domains = 2)
  drawn <- ggplot2::ggplot_build(DomainTreePlot(spe))
  nodes <- drawn$data[[3L]]
  expect_equal(as.vector(table(abs(nodes$y))), 2:6)
  expect_equal(nrow(drawn$data[[2L]]), 3 + 4 + 5 + 6)
  lines <- drawn$data[[2L]][order(drawn$data[[2L]]$xend), ]
  for (one in split(lines, lines$yend)) expect_false(is.unsorted(one$x))
  sizes <- tabulate(spe$spotscape_leaf)
  expect_equal(nodes$size[abs(nodes$y) == 6], 5 + 9 * sqrt(sizes / 140))
  map <- ggplot2::ggplot_build(SpatialDomainPlot(spe, group.by = "spotscape_domain_2"))$data[[1L]]
  expect_setequal(map$colour, nodes$colour[abs(nodes$y) == 2])
})

test_that("what is not there is said", {
  expect_input_error(DomainTree(letters), "object", "character")
  expect_input_error(CutDomainTree(letters, 3), "object", "character")
  skip_if_not_installed("SpatialExperiment")
  expect_input_error(CutDomainTree(example_spe(), 3), "object", "DomainTree")
  skip_without_python()
  spe <- grown_spe()
  expect_input_error(DomainTree(spe, n_domains = 3), "n_domains", "two integers")
  expect_input_error(DomainTree(spe, domain_key = "region"), "domain_key", "region")
  expect_input_error(CutDomainTree(spe, n_domains = 7), "n_domains", "from 2 to 6")
  expect_input_error(CutDomainTree(spe, n_domains = "3"), "n_domains")
  expect_input_error(DomainTreePlot(spe, cols = "red"), "cols", "1 colours")
  spe$spotscape_leaf <- "x"
  expect_input_error(CutDomainTree(spe, n_domains = 3), "spotscape_leaf", "no leaf")
})

test_that("defaults are Python's", {
  skip_without_python()
  inspect <- reticulate::import("inspect")
  default <- function(verb, name) {
    reticulate::py_to_r(inspect$signature(python_module("tl")[[verb]])$parameters[[name]]$default)
  }
  expect_equal(eval(formals(DomainTree)$n_domains), unlist(default("domain_tree", "n_domains")))
  expect_equal(eval(formals(DomainTree)$seed), default("domain_tree", "seed"))
  suggest <- formals(utils::getS3method("SuggestNDomains", "default"))
  expect_equal(eval(suggest$stability), default("suggest_n_domains", "stability"))
  expect_equal(eval(suggest$seed), default("suggest_n_domains", "seed"))
})
