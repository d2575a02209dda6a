# Two halves of a square, with three markers each, under Ensembl identifiers.
sided_spe <- function() {
  set.seed(2)
  counts <- matrix(stats::rpois(30 * 100, 2), 30, dimnames = list(sprintf("ENSG%011d", 1:30), paste0("cell", 1:100)))
  place <- as.matrix(expand.grid(x = 1:10, y = 1:10))
  right <- place[, "x"] > 5
  counts[1:3, right] <- stats::rpois(150, 9)
  counts[4:6, !right] <- stats::rpois(150, 9)
  SpatialExperiment::SpatialExperiment(
    assays = list(counts = methods::as(counts, "dgCMatrix")), spatialCoords = place,
    rowData = S4Vectors::DataFrame(Symbol = paste0("g", 1:30), other = paste0("h", 1:30)),
    colData = S4Vectors::DataFrame(side = factor(ifelse(right, "right", "left"), c("right", "left")))
  )
}

side_lists <- list(east = c("g1", "g2", "g3"), west = c("g4", "g5", "g6"))

test_that("names and gene sets are the same from both kinds of object, and nothing changes", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("Seurat")
  spe <- sided_spe()
  before <- spe
  found <- SuggestDomainNames(spe, side_lists, domain_key = "side")
  expect_identical(spe, before)
  expect_identical(found$domain, c("right", "left"))
  expect_identical(found$name, c("east", "west"))
  expect_identical(found$sure, c(TRUE, TRUE))
  expect_identical(found$genes[[1L]], "ENSG00000000001, ENSG00000000002, ENSG00000000003")
  one <- SuggestDomainNames(spe, side_lists["west"], domain_key = "side")
  expect_identical(one$second_score, c(NA_real_, NA_real_))
  expect_identical(one$sure, c(FALSE, TRUE))
  # A hypergeometric tail: three of three markers in a set of five.
  sets <- data.frame(gs_name = rep(c("a", "b"), 5), gene_symbol = paste0("h", 1:10), p = 1)
  wide <- rbind(sets, data.frame(gs_name = "a", gene_symbol = c("h2", "h1"), p = 1))
  table <- DomainGeneSets(spe, wide, domain_key = "side", gene_key = "other", min_size = 2)
  row <- table[table$domain == "right" & table$gene_set == "a", ]
  expect_equal(row$set_size, 6)
  expect_equal(row$p_value, stats::phyper(row$n_common - 1, row$n_markers, 30 - row$n_markers, 6, lower.tail = FALSE))
  expect_identical(sort(strsplit(row$genes, ", ")[[1L]]), sprintf("ENSG%011d", 1:3))
  markers <- FindDomainMarkers(spe, domain_key = "side")
  expect_equal(DomainGeneSets(spe, wide, markers, domain_key = "side", gene_key = "other", min_size = 2), table)

  seurat <- suppressWarnings(SeuratObject::CreateSeuratObject(
    SummarizedExperiment::assay(spe), meta.data = data.frame(side = spe$side, row.names = colnames(spe))
  ))
  features <- as.data.frame(SummarizedExperiment::rowData(spe))
  seurat[["RNA"]] <- SeuratObject::AddMetaData(seurat[["RNA"]], features)
  expect_equal(SuggestDomainNames(seurat, side_lists, domain_key = "side", gene_key = "Symbol"), found)
  expect_equal(DomainGeneSets(seurat, wide, domain_key = "side", gene_key = "other", min_size = 2), table)
})

test_that("domains of a run are renamed, with levels, confidence, identities and history", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  skip_if_not_installed("Seurat")
  slice <- example_slice(140L)
  spe <- RunSpotscape(example_spe(slice = slice), n_domains = 3, config = fast, verbose = FALSE)
  named <- RenameDomains(spe, c("1" = "white matter", "3" = "1"))
  expect_identical(levels(named$spotscape_domain), c("white matter", "2", "1"))
  expect_identical(as.integer(named$spotscape_domain), as.integer(spe$spotscape_domain))
  expect_identical(named$spotscape_confidence, spe$spotscape_confidence)
  again <- RenameDomains(named, list("2" = "rim"))
  history <- S4Vectors::metadata(again)$spotscape$domains$renamed
  expect_identical(history[["1"]], list(from = c("1", "2", "3"), to = c("white matter", "2", "1")))
  expect_identical(history[["2"]]$to, c("white matter", "rim", "1"))
  expect_identical(unique(FindDomainMarkers(again)$domain), c("white matter", "rim", "1"))
  expect_identical(DescribeDomains(again)$domains$domain, c("white matter", "rim", "1"))
  expect_identical(LoadSpotscape(again)$description$domains, c("white matter", "rim", "1"))
  back <- from_anndata(as_anndata(again))
  expect_identical(levels(back$spotscape_domain), c("white matter", "rim", "1"))
  expect_equal(S4Vectors::metadata(back)$spotscape$domains$renamed, history)
  expect_null(S4Vectors::metadata(FindSpatialDomains(again, n_domains = 3))$spotscape$domains$renamed)

  seurat <- example_seurat(slice = slice)
  seurat$spotscape_domain <- unname(spe$spotscape_domain)
  SeuratObject::Idents(seurat) <- "spotscape_domain"
  SeuratObject::Misc(seurat, "spotscape_pseudotime") <- list(
    groups = c("1", "2", "3"), connectivities = matrix(0, 3, 3, dimnames = list(1:3, 1:3))
  )
  merged <- RenameDomains(seurat, c("1" = "a", "3" = "a"), merge = TRUE)
  expect_identical(levels(merged$spotscape_domain), c("a", "2"))
  expect_identical(levels(SeuratObject::Idents(merged)), c("a", "2"))
  expect_identical(as.character(SeuratObject::Idents(merged)), unname(as.character(merged$spotscape_domain)))
  expect_null(SeuratObject::Misc(merged, "spotscape_pseudotime")$groups)
  SeuratObject::Idents(seurat) <- "other"
  table <- data.frame(domain = c("1", "2", "3"), name = c("x", "y", "x"), sure = c(TRUE, TRUE, FALSE))
  kept <- RenameDomains(seurat, table)
  expect_identical(levels(kept$spotscape_domain), c("x", "y", "3"))
  expect_identical(levels(SeuratObject::Idents(kept)), "other")
  expect_identical(SeuratObject::Misc(kept, "spotscape_pseudotime")$groups, c("x", "y", "3"))
})

test_that("what is wrong is refused", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  spe <- sided_spe()
  suggest <- function(...) SuggestDomainNames(spe, ..., domain_key = "side")
  expect_input_error(SuggestDomainNames(letters, side_lists), "object")
  expect_input_error(SuggestDomainNames(spe, side_lists), "domain_key", "RunSpotscape")
  expect_input_error(suggest("brain"), "markers", "cortex layers")
  expect_input_error(suggest(c("g1", "g2")), "markers", "named list")
  expect_input_error(suggest(side_lists[c(1, 1)]), "markers", "'east' twice")
  expect_input_error(suggest(list(a = c("g1", NA))), "markers", "no gene's name")
  expect_input_error(suggest(data.frame(name = c("a", NA), gene = "g1")), "markers", "row 2")
  expect_input_error(suggest("cortex layers"), "markers", "gene_key")
  expect_input_error(suggest(side_lists, gene_key = "symbols"), "gene_key", "Symbol")
  file <- withr::local_tempfile(fileext = ".gmt", lines = c("a\tabout\tg1", "b\tabout"))
  expect_input_error(DomainGeneSets(spe, file, domain_key = "side"), "gene_sets", "line 2")
  expect_input_error(DomainGeneSets(spe, side_lists, domain_key = "side"), "gene_sets", "3 to 3.*5 to 500")
  expect_input_error(DomainGeneSets(spe, side_lists, "x", domain_key = "side"), "markers")
  rename <- function(...) RenameDomains(spe, ..., domain_key = "side")
  expect_input_error(rename(c(up = "x")), "names", "no domain 'up'")
  expect_input_error(rename(c(left = "right")), "names", "merge=TRUE")
  expect_input_error(rename("x"), "names", "new names by the old")
  expect_input_error(rename(c(left = NA)), "names")
  expect_input_error(RenameDomains(spe, c("1" = "x")), "domain_key", "RunSpotscape")
})

test_that("defaults are Python's", {
  skip_without_python()
  inspect <- reticulate::import("inspect")
  verbs <- list(
    suggest_domain_names = SuggestDomainNames, rename_domains = RenameDomains, domain_gene_sets = DomainGeneSets
  )
  for (verb in names(verbs)) {
    parameters <- inspect$signature(reticulate::py_to_r(python_module("tl")[verb]))$parameters
    parameters <- reticulate::iterate(parameters$values(), function(p) p)
    names(parameters) <- vapply(parameters, function(p) p$name, "")
    wanted <- parameters[setdiff(names(parameters), c("adata", "key_added", "copy"))]
    mine <- formals(verbs[[verb]])
    expect_contains(names(mine), names(wanted))
    needed <- Filter(function(name) identical(mine[[name]], quote(expr = )), names(wanted))
    expect_length(needed, 1L) # the lists, the sets, or the new names
    for (name in setdiff(names(wanted), needed)) {
      expect_equal(eval(mine[[name]]), wanted[[name]]$default, label = paste(verb, name))
    }
  }
})
