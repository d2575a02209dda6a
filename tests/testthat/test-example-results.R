results <- function() readRDS(system.file("extdata", "example_results.rds", package = "spotscape"))

# The calls of verbs that need Python, as text, wherever they stand.
calls_in <- function(code) {
  if (is.expression(code)) {
    return(unlist(lapply(as.list(code), calls_in)))
  }
  if (!is.call(code)) {
    return(NULL)
  }
  own <- if (is.name(code[[1L]]) && as.character(code[[1L]]) %in% EXAMPLE_VERBS) example_call(code)
  c(own, unlist(lapply(as.list(code)[nzchar(as.character(as.list(code)))], calls_in)))
}

test_that("without Python, a call gives what the same call gave with it, and any other goes to the verb", {
  skip_if_not_installed("SpatialExperiment")
  where <- new.env(parent = globalenv())
  expect_message(done <- example_results("annotation", where, available = FALSE), "there is no Python here")
  expect_true(done)
  where$spe <- before <- example_spe(n = 700L)
  eval(quote(spe <- RunSpotscape(spe, n_domains = 5, verbose = FALSE)), where)
  expect_identical(nlevels(where$spe$spotscape_domain), 5L)
  expect_identical(SingleCellExperiment::reducedDimNames(where$spe), "SPOTSCAPE")
  expect_identical(SummarizedExperiment::assays(where$spe), SummarizedExperiment::assays(before))
  expect_error(eval(quote(RunSpotscape(spe, n_domains = 1, verbose = FALSE)), where), class = "spotscape_input_error")
  expect_false(example_results("annotation", where, available = TRUE))
})

test_that("errors are shown as they were, and after the last call nothing of ours stays", {
  asked <- "RunSpotscape(1, n_domains = 1)"
  error <- tryCatch(input_error("n_domains", "1", "more"), error = identity)
  calls <- list(list(asked = asked, error = error), list(asked = asked, visible = TRUE, result = list(value = "made")))
  where <- new.env(parent = globalenv())
  place_stand_ins(calls, where)
  expect_setequal(ls(where), EXAMPLE_VERBS)
  expect_input_error(eval(str2lang(asked), where), "n_domains", "found 1, expected more")
  expect_identical(eval(str2lang(asked), where), "made")
  expect_length(ls(where), 0L)
})

test_that("the results are those of the calls in the pages", {
  # R CMD check runs elsewhere, and the script that calls it says where the sources are.
  sources <- Sys.getenv("SPOTSCAPE_SOURCES", file.path("..", ".."))
  skip_if(!dir.exists(file.path(sources, "man")), "not in the sources")
  wanted <- tools::file_path_sans_ext(basename(Filter(
    function(file) any(grepl("spotscape:::example_results(", readLines(file), fixed = TRUE)),
    Sys.glob(file.path(sources, c("man/*.Rd", "vignettes/*.Rmd")))
  )))
  expect_setequal(names(results()), wanted)
  for (page in wanted) {
    file <- Sys.glob(file.path(sources, "*", paste0(page, c(".Rd", ".Rmd"))))[[1L]]
    in_page <- calls_in(parse(page_code(file), keep.source = FALSE))
    asked <- vapply(results()[[page]], `[[`, "", "asked")
    expect_setequal(asked, in_page)
  }
})

test_that("what is kept of an object is what changed, and numbers stay the same to three digits", {
  skip_if_not_installed("SpatialExperiment")
  spe <- example_spe(n = 60L)
  after <- spe
  SingleCellExperiment::reducedDim(after, "X") <- matrix(rnorm(60 * 20, 3), 60)
  packed <- pack_result(after, list(spe))
  expect_identical(names(packed$slots), "int_colData")
  back <- unpack_result(packed, list(spe))
  expect_equal(SingleCellExperiment::reducedDim(back, "X"), SingleCellExperiment::reducedDim(after, "X"), tolerance = 2e-3)
  expect_identical(SpatialExperiment::spatialCoords(back), SpatialExperiment::spatialCoords(spe))
  expect_false(identical(SingleCellExperiment::reducedDim(back, "X"), SingleCellExperiment::reducedDim(after, "X")))
})
