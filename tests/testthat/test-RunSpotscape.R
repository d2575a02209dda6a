# Runs share Python in this process; objects are small and runs short.

test_that("a Seurat object comes back with the embedding, the domains and the log, and is otherwise as it was", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  object <- example_seurat()
  pca <- matrix(rnorm(280), 140L, dimnames = list(colnames(object), c("PC_1", "PC_2")))
  object[["pca"]] <- SeuratObject::CreateDimReducObject(pca, assay = "Spatial", key = "PC_")
  result <- RunSpotscape(object, n_domains = 4, config = fast, verbose = FALSE)

  embedding <- SeuratObject::Embeddings(result[["spotscape"]])
  expect_identical(dim(embedding), c(140L, 17L)) # a component for every eight cells, 20 at most
  expect_identical(rownames(embedding), colnames(object))
  expect_identical(colnames(embedding)[1:2], c("SPOTSCAPE_1", "SPOTSCAPE_2"))
  expect_identical(SeuratObject::Key(result[["spotscape"]]), "SPOTSCAPE_")
  expect_identical(SeuratObject::DefaultAssay(result[["spotscape"]]), "Spatial")
  expect_true(all(is.finite(embedding)))
  expect_s3_class(result$spotscape_domain, "factor")
  expect_identical(levels(result$spotscape_domain), c("1", "2", "3", "4"))
  expect_identical(SeuratObject::Idents(result), result$spotscape_domain)
  expect_type(result$spotscape_confidence, "double")
  expect_named(result$spotscape_confidence, colnames(object))
  expect_true(all(result$spotscape_confidence > 0 & result$spotscape_confidence <= 1))
  expect_gt(length(unique(result$spotscape_confidence)), 10L)

  info <- SeuratObject::Misc(result[["spotscape"]])
  expect_identical(info$params$n_domains, 4L)
  expect_identical(info$params$n_starts, 2L)
  expect_null(info$losses)
  expect_true(all(c("spotscape", "torch", "python") %in% names(info$versions)))

  command <- SeuratObject::Command(result, "RunSpotscape.Spatial")
  expect_identical(command@params$n_domains, 4)
  expect_output(print(command), "n_starts = 2")

  expect_identical(colnames(result), colnames(object))
  expect_identical(result[["slice1"]], object[["slice1"]])
  expect_identical(result[["pca"]], object[["pca"]])
  expect_identical(result[["Spatial"]], object[["Spatial"]])
  old <- colnames(object[[]])
  expect_identical(result[[]][old], object[[]])
})

test_that("Seurat's own plots, and subset, work on the result", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  result <- RunSpotscape(example_seurat(), n_domains = 3, config = fast, verbose = FALSE)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  plot <- Seurat::SpatialDimPlot(result, group.by = "spotscape_domain")
  expect_s3_class(ggplot2::ggplot_build(plot[[1L]])$data[[1L]], "data.frame")
  plot <- Seurat::DimPlot(result, reduction = "spotscape")
  expect_identical(nrow(ggplot2::ggplot_build(plot[[1L]])$data[[1L]]), 140L)
  fewer <- quiet_subset(result, idents = "1")
  expect_identical(rownames(SeuratObject::Embeddings(fewer[["spotscape"]])), colnames(fewer))
})

test_that("two runs stand side by side under their names", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  object <- RunSpotscape(example_seurat(), n_domains = 3, config = fast, verbose = FALSE)
  both <- expect_no_warning(
    RunSpotscape(object, n_domains = 2, config = fast, reduction.name = "second_run", verbose = FALSE)
  )
  expect_identical(SeuratObject::Reductions(both), c("spotscape", "second_run"))
  expect_identical(SeuratObject::Key(both[["second_run"]]), "SECONDRUN_")
  expect_identical(both$spotscape_domain, object$spotscape_domain)
  expect_identical(both$spotscape_confidence, object$spotscape_confidence)
  expect_identical(nlevels(both$second_run_domain), 2L)
  expect_false(identical(both$second_run_confidence, object$spotscape_confidence))

  # K-means gives no confidence: that of the run before goes, the other's stays.
  again <- RunSpotscape(both, n_domains = 2, config = c(fast, cluster_method = "kmeans"), verbose = FALSE)
  expect_null(again[[]][["spotscape_confidence"]])
  expect_identical(again$second_run_confidence, both$second_run_confidence)
})

test_that("Bioconductor's objects come back with the same numbers as a matrix gives", {
  skip_without_python()
  skip_if_not_installed("SpatialExperiment")
  slice <- example_slice(140L)
  plain <- RunSpotscape(slice$counts, coordinates = slice$coordinates, n_domains = 3, config = fast, verbose = FALSE)
  expect_identical(rownames(plain$embedding), colnames(slice$counts))
  expect_named(plain$domains, colnames(slice$counts))
  expect_named(plain$confidence, colnames(slice$counts))

  spe <- example_spe(slice = slice)
  spe$mine <- seq_len(140L)
  image <- slice_file("spatial", "tissue_lowres_image.png")
  spe <- SpatialExperiment::addImg(spe, image, sample_id = "one", image_id = "lowres", scaleFactor = 0.05)
  result <- RunSpotscape(spe, n_domains = 3, config = fast, verbose = FALSE)
  expect_s4_class(result, "SpatialExperiment")
  expect_identical(unname(SingleCellExperiment::reducedDim(result, "SPOTSCAPE")), unname(plain$embedding))
  expect_identical(rownames(SingleCellExperiment::reducedDim(result, "SPOTSCAPE")), colnames(spe))
  expect_identical(result$spotscape_domain, unname(plain$domains))
  expect_identical(result$spotscape_confidence, unname(plain$confidence))
  expect_identical(S4Vectors::metadata(result)$spotscape$params$n_domains, 3L)
  expect_identical(result$mine, spe$mine)
  expect_identical(SpatialExperiment::spatialCoords(result), SpatialExperiment::spatialCoords(spe))
  expect_identical(SpatialExperiment::imgData(result), SpatialExperiment::imgData(spe))
  expect_identical(SummarizedExperiment::assays(result), SummarizedExperiment::assays(spe))

  sce <- RunSpotscape(example_sce(slice = slice), coordinates = c("x", "y"), n_domains = 3, config = fast, verbose = FALSE)
  expect_s4_class(sce, "SingleCellExperiment")
  expect_identical(sce$spotscape_domain, result$spotscape_domain)

  unnamed <- spe
  colnames(unnamed) <- NULL
  result <- RunSpotscape(unnamed, n_domains = 3, config = fast, verbose = FALSE)
  expect_null(colnames(result))
  expect_identical(result$spotscape_domain, unname(plain$domains))
})

test_that("Python and R give the same embedding and domains", {
  skip_without_python()
  slice <- example_slice()
  mine <- RunSpotscape(
    slice$counts, coordinates = slice$coordinates, n_domains = 5, seed = 3, config = list(n_starts = 3L), verbose = FALSE
  )
  script <- tempfile(fileext = ".py")
  output <- tempfile(fileext = ".csv")
  on.exit(unlink(c(script, output)))
  writeLines(c(
    "import sys",
    "import anndata, pandas, scipy.io, torch",
    "import spotscape",
    "folder, output, threads = sys.argv[1:]",
    "torch.set_num_threads(int(threads))",
    "matrix = folder + '/filtered_feature_bc_matrix/'",
    "names = lambda file: pandas.read_csv(matrix + file, sep='\\t', header=None)[0].to_list()",
    "adata = anndata.AnnData(scipy.io.mmread(matrix + 'matrix.mtx.gz').T.tocsr().astype('float32'))",
    "adata.obs_names, adata.var_names = names('barcodes.tsv.gz'), names('features.tsv.gz')",
    "places = pandas.read_csv(folder + '/spatial/tissue_positions.csv', index_col='barcode').loc[adata.obs_names]",
    "adata.obsm['spatial'] = places[['pxl_col_in_fullres', 'pxl_row_in_fullres']].to_numpy()",
    "spotscape.tl.run_spotscape(adata, n_domains=5, seed=3, config={'n_starts': 3}, progress=False)",
    "table = pandas.DataFrame(adata.obsm['X_spotscape'].astype('float64'), index=adata.obs_names)",
    "table['domain'] = adata.obs['spotscape_domain']",
    "table['confidence'] = adata.obs['spotscape_confidence'].astype('float64')",
    "table.to_csv(output, float_format='%.17g')"
  ), script)
  python <- reticulate::py_config()$python
  before <- Sys.getenv("PYTHONPATH", NA)
  Sys.setenv(PYTHONPATH = system.file("python", package = "spotscape"))
  on.exit(if (is.na(before)) Sys.unsetenv("PYTHONPATH") else Sys.setenv(PYTHONPATH = before), add = TRUE)
  # Numbers are promised for one number of threads.
  threads <- reticulate::import("torch")$get_num_threads()
  said <- system2(python, shQuote(c(script, slice_file(), output, threads)), stdout = TRUE, stderr = TRUE)
  expect_true(file.exists(output), info = paste(said, collapse = "\n"))
  theirs <- utils::read.csv(output, row.names = 1L)
  expect_identical(rownames(theirs), rownames(mine$embedding))
  expect_lt(max(abs(as.matrix(theirs[, 1:20]) - mine$embedding)), 1e-6)
  expect_identical(as.integer(theirs$domain), as.integer(mine$domains))
  expect_lt(max(abs(theirs$confidence - mine$confidence)), 1e-6)
})

test_that("the same seed gives the same numbers, and R's own random numbers are left alone", {
  skip_without_python()
  slice <- example_slice(140L)
  run <- function(seed) {
    RunSpotscape(slice$counts, coordinates = slice$coordinates, n_domains = 3, seed = seed, config = fast, verbose = FALSE)
  }
  set.seed(1)
  state <- .Random.seed
  first <- run(7)
  expect_identical(.Random.seed, state)
  expect_identical(run(7L)$embedding, first$embedding)
  expect_false(identical(run(8)$embedding, first$embedding))
})

test_that("R's defaults are Python's", {
  skip_without_python()
  inspect <- reticulate::import("inspect")
  defaults <- function(name) {
    parameters <- inspect$signature(reticulate::py_to_r(python_module("tl")[name]))$parameters
    parameters <- reticulate::iterate(parameters$values(), function(p) p)
    values <- lapply(parameters, function(p) if (!identical(p$default, inspect$Parameter$empty)) p$default)
    stats::setNames(values, vapply(parameters, function(p) p$name, ""))
  }
  # What R says in its own terms: the object, its names, its progress. Its counts are in memory.
  own <- c("adata", "adatas", "layer", "spatial_key", "key_added", "progress", "copy", "slice_key", "backed")
  same_defaults <- function(verb, python_verb, classes) {
    python <- defaults(python_verb)
    python <- python[setdiff(names(python), own)]
    expect_gt(length(python), 3L)
    for (class in classes) {
      mine <- formals(utils::getS3method(verb, class))
      expect_contains(names(mine), names(python))
      expect_equal(lapply(mine[names(python)], eval), python, label = paste(verb, class))
    }
  }
  classes <- c("Seurat", "SingleCellExperiment", "SpatialExperiment")
  same_defaults("RunSpotscape", "run_spotscape", c(classes, "default"))
  same_defaults("FindSpatialDomains", "spatial_domains", c(classes, "default"))
  same_defaults("IntegrateSlices", "integrate_slices", c(classes, "list"))
  same_defaults("CompareDomains", "compare_domains", classes)
  python <- defaults("integrate_slices")[c("n_domains", "correction", "config", "seed", "device", "threads")]
  expect_equal(lapply(formals(SpotscapeIntegration)[names(python)], eval), python)
  # Verbs that are one function for all kinds of objects.
  verbs <- list(
    pseudotime = RunSpatialPseudotime, impute = ImputeExpression, align_slices = AlignSlices,
    align_stack = AlignStack,
    transfer_labels = TransferDomains, domain_markers = FindDomainMarkers,
    domain_composition = DomainComposition, domain_neighborhoods = DomainNeighborhoods, score_domains = ScoreDomains
  )
  for (verb in names(verbs)) {
    python <- defaults(verb)
    python <- python[setdiff(names(python), c("adata", "label_key", "spatial_key", "key_added", "copy", "slice_key"))]
    expect_gte(length(python), 3L)
    expect_contains(names(formals(verbs[[verb]])), names(python))
    expect_equal(lapply(formals(verbs[[verb]])[names(python)], eval), python, label = verb)
  }
})

test_that("progress shows in the console, and only when asked", {
  skip_without_python()
  slice <- example_slice(140L)
  run <- function(verbose) {
    config <- list(encoder = "gcn", epochs = 20L)
    RunSpotscape(slice$counts, coordinates = slice$coordinates, n_domains = 3, config = config, verbose = verbose)
  }
  said <- testthat::capture_messages(run(TRUE))
  expect_length(said, 12L)
  total <- format(sum(slice$counts), big.mark = ",")
  expect_match(said[1L], sprintf("^spotscape: counts: %s in all, [0-9,]+ per spot at the median", total))
  said <- said[-1L]
  expect_match(said[1L], "^spotscape: epoch 1/20, loss [0-9.]+, [0-9.]+ GB\n$")
  expect_match(said[11L], "^spotscape: epoch 20/20, loss [0-9.]+, [0-9.]+ GB, 0 s left\n$")
  expect_silent(run(FALSE))
})

test_that("where someone watches, a line of progress covers the one before", {
  said <- utils::capture.output({
    show_progress_line("epoch 9, 10 s left")
    show_progress_line("epoch 10, 9 s left!")
    show_progress_line("epoch 11")
    end_progress_line()
    end_progress_line()
  }, type = "message")
  expect_identical(said, paste0("\repoch 9, 10 s left\repoch 10, 9 s left!\repoch 11           "))
})

test_that("a run leaves a checkpoint where asked, and goes on from it to the same result", {
  skip_without_python()
  slice <- example_slice(140L)
  folder <- withr::local_tempdir()
  file <- file.path(folder, "run.checkpoint")
  run <- function(...) {
    RunSpotscape(slice$counts, coordinates = slice$coordinates, n_domains = 3, config = trained, verbose = FALSE, ...)
  }
  plain <- run()
  expect_length(plain$info$losses$total, 3L)
  expect_null(dim(plain$info$losses$total))
  first <- run(checkpoint = file, checkpoint_minutes = 0)
  expect_identical(list.files(folder), "run.checkpoint")
  expect_identical(first$embedding, plain$embedding)
  expect_input_error(run(checkpoint = file), "checkpoint", "a run that did not end.*Go on from it with resume")
  expect_input_error(run(checkpoint = file, resume = TRUE, seed = 1), "checkpoint", "another seed")
  again <- run(checkpoint = file, resume = TRUE)
  expect_identical(again$embedding, first$embedding)
  expect_identical(again$domains, first$domains)
  expect_identical(again$info$losses, first$info$losses)

  expect_input_error(run(resume = TRUE), "resume", "without a checkpoint")
  expect_input_error(run(checkpoint = file, resume = "yes"), "resume", "yes")
  expect_input_error(run(checkpoint = file, resume = NA), "resume", "NA")
  expect_input_error(run(checkpoint = file, checkpoint_minutes = -1), "checkpoint_minutes", "-1")
  expect_input_error(run(checkpoint = 3), "path", "3")
  expect_input_error(run(checkpoint = file.path(folder, "none", "file")), "path", "no folder")
})

test_that("the number of threads is the user's, recorded and restored", {
  skip_without_python()
  slice <- example_slice(140L)
  torch <- reticulate::import("torch")
  before <- torch$get_num_threads()
  run <- function(threads) {
    RunSpotscape(
      slice$counts, coordinates = slice$coordinates, n_domains = 3, config = list(n_starts = 1), threads = threads,
      verbose = FALSE
    )
  }
  expect_identical(run(before + 1)$info$threads, before + 1L)
  expect_identical(torch$get_num_threads(), before)
  expect_input_error(run(0), "threads", "0")
})

test_that("objects of every class take a checkpoint", {
  skip_without_python()
  for (package in c("Seurat", "SpatialExperiment")) skip_if_not_installed(package)
  slice <- example_slice(140L)
  folder <- withr::local_tempdir()
  objects <- list(seurat = example_seurat(slice = slice), spe = example_spe(slice = slice))
  for (name in names(objects)) {
    file <- file.path(folder, name)
    result <- RunSpotscape(objects[[name]], n_domains = 3, config = trained, checkpoint = file, verbose = FALSE)
    expect_true(file.exists(file))
    again <- RunSpotscape(
      objects[[name]], n_domains = 3, config = trained, checkpoint = file, resume = TRUE, verbose = FALSE
    )
    expect_identical(again$spotscape_domain, result$spotscape_domain)
  }
})

test_that("an interrupt stops the run and leaves the object as it was", {
  skip_without_python()
  skip_on_os("windows")
  skip_if_not_installed("Seurat")
  object <- example_seurat()
  before <- object
  reached <- 0L
  local_mocked_bindings(progress_function = function(verbose) {
    reticulate::r_to_py(function(epoch, epochs, loss) {
      reached <<- epoch
      if (epoch == 2L) tools::pskill(Sys.getpid(), tools::SIGINT)
    }, convert = TRUE)
  })
  outcome <- tryCatch(
    object <- RunSpotscape(object, n_domains = 3, config = list(encoder = "gcn", epochs = 500L)),
    interrupt = function(e) "interrupted"
  )
  expect_identical(outcome, "interrupted")
  expect_lt(reached, 10L)
  expect_identical(object, before)
})

test_that("Python's words arrive as R's errors", {
  skip_without_python()
  slice <- example_slice(140L)
  run <- function(..., counts = slice$counts, coordinates = slice$coordinates) {
    RunSpotscape(counts, coordinates = coordinates, ..., config = fast, verbose = FALSE)
  }
  expect_input_error(run(n_domains = 1), "n_domains", "found 1, expected an integer from 2 to 140")
  expect_input_error(run(n_domains = 2.5), "n_domains", "2\\.5")
  expect_input_error(run(n_domains = 141), "n_domains", "141")
  expect_input_error(run(n_domains = "seven"), "n_domains", "seven")
  expect_input_error(run(n_domains = NA), "n_domains", "NA")
  expect_input_error(run(n_domains = c(2, 3)), "n_domains")
  expect_input_error(run(n_domains = 3, seed = -1), "seed", "-1")
  expect_input_error(run(n_domains = 3, device = "toaster"), "device", "toaster")
  expect_input_error(run(n_domains = 3, counts = slice$counts + 0.5), "the counts")
  expect_input_error(run(n_domains = 3, counts = -slice$counts), "the counts")
  missing <- slice$counts
  missing@x[1L] <- NA
  expect_input_error(run(n_domains = 3, counts = missing), "the counts")
  nowhere <- slice$coordinates
  nowhere$x[2L] <- NA
  expect_input_error(run(n_domains = 3, coordinates = nowhere), "the coordinates")
  nowhere[] <- 1
  expect_input_error(run(n_domains = 3, coordinates = nowhere), "the coordinates")
  twice <- slice$counts
  rownames(twice)[2L] <- rownames(twice)[1L]
  expect_input_error(run(n_domains = 3, counts = twice), "rownames(object)")
  expect_input_error(run(n_domains = 3, counts = slice$counts[, 1L, drop = FALSE]), "object")
  expect_input_error(run(n_domains = 3, counts = slice$counts[, 0L]), "object", "250 genes x 0 cells")
})

test_that("settings: a preset, a list, and what is neither", {
  skip_without_python()
  slice <- example_slice(140L)
  run <- function(config, ...) {
    RunSpotscape(slice$counts, coordinates = slice$coordinates, n_domains = 3, config = config, verbose = FALSE, ...)
  }
  expect_input_error(run(list(n_start = 3)), "config", "'n_start'.*Did you mean n_starts")
  expect_input_error(run("papers"), "config", "'paper'")
  expect_input_error(run(list(n_starts = 0)), "n_starts")
  expect_input_error(run(list(n_starts = NA)), "config$n_starts")
  expect_input_error(run(list(3)), "config", "named list")
  expect_input_error(run(mean), "config", "named list")
  paper <- run(list(preset = "paper", epochs = 2))
  expect_identical(paper$info$params$cluster_method, "kmeans")
  expect_identical(paper$info$params$epochs, 2L)
  expect_null(paper$confidence)
  expect_identical(ncol(paper$embedding), 64L)
  expect_identical(ncol(run(list(n_components = 7))$embedding), 7L)
  expect_identical(run(c(n_starts = 2))$info$params$n_starts, 2L)
  expect_input_error(run(list(scale = "150 um")), "scale", "micrometres_per_unit = 0.5")
  expect_equal(run(list(scale = "150 um"), micrometres_per_unit = 0.5)$info$scale$micrometres, 150, tolerance = 0.1)
})

test_that("what a method cannot take is refused before Python starts", {
  slice <- example_slice(20L)
  expect_input_error(RunSpotscape(data.frame(a = 1:3)), "object", "data.frame.*Seurat")
  expect_input_error(RunSpotscape("slice.rds"), "object", "character")
  expect_input_error(RunSpotscape(slice$counts), "coordinates", "NULL")
  expect_input_error(
    RunSpotscape(slice$counts, coordinates = slice$coordinates, ndomains = 3), "...", "'ndomains'.*'n_domains'"
  )
  skip_if_not_installed("Seurat")
  object <- example_seurat(slice = slice)
  before <- object
  expect_input_error(RunSpotscape(object, assay = "RNA"), "assay", "'Spatial'")
  expect_input_error(RunSpotscape(object, image = "slice9"), "image", "'slice1'")
  expect_input_error(RunSpotscape(object, reduction.name = ""), "reduction.name")
  expect_input_error(RunSpotscape(object, reductions.name = "x"), "...", "'reductions.name'")
  expect_identical(object, before)
})
