# Makes inst/extdata/example_results.rds: what the verbs that need Python give in examples and vignettes,
# for where there is none. Everything in it comes of the simulated slice in inst/extdata/slice, or of random numbers.
#
#   Rscript --vanilla scripts/example-results.R      from the root of the repository, with spotscape installed, and Python
#   Rscript --vanilla scripts/example-results.R annotation    of these pages alone
#
# To be run after a change to an example or a vignette; tests/testthat/test-example-results.R says so.
suppressPackageStartupMessages(library(spotscape))
stopifnot(spotscape_available())
inside <- asNamespace("spotscape")

recorder <- function(verb, state) {
  real <- getExportedValue("spotscape", verb)
  function(...) {
    asked <- inside$example_call(sys.call())
    arguments <- list(...)
    got <- tryCatch(withVisible(real(...)), spotscape_input_error = function(error) {
      state$calls <- c(state$calls, list(list(asked = asked, error = error)))
      stop(error) # which a page shows on purpose
    })
    path <- if (length(arguments) > 1L) arguments[[2L]]
    small <- is.character(path) && length(path) == 1L && file.exists(path) && file.size(path) < 1e5 && !dir.exists(path)
    state$calls <- c(state$calls, list(list(
      asked = asked, visible = got$visible, result = inside$pack_result(got$value, arguments),
      file = if (small) readBin(path, "raw", 1e5)
    )))
    if (got$visible) got$value else invisible(got$value)
  }
}

record <- function(file) {
  state <- new.env()
  where <- new.env(parent = globalenv())
  set.seed(1) # as R CMD check does before each page
  for (verb in inside$EXAMPLE_VERBS) assign(verb, recorder(verb, state), envir = where)
  suppressWarnings(suppressMessages(for (line in parse(file)) eval(line, where)))
  state$calls
}

pdf(NULL)
takes_part <- function(file) any(grepl("spotscape:::example_results(", readLines(file), fixed = TRUE))
pages <- Filter(takes_part, c(Sys.glob("man/*.Rd"), Sys.glob("vignettes/*.Rmd")))
names(pages) <- tools::file_path_sans_ext(basename(pages))
asked <- commandArgs(trailingOnly = TRUE)
results <- list()
for (name in if (length(asked)) asked else names(pages)) {
  utils::capture.output(results[[name]] <- record(inside$page_code(pages[[name]])))
  cat(sprintf("%s: %d calls\n", name, length(results[[name]])))
}
file <- "inst/extdata/example_results.rds"
if (length(asked)) {
  kept <- readRDS(file)
  kept[names(results)] <- results
  results <- kept
}
saveRDS(results[intersect(names(pages), names(results))], file, compress = "xz")
cat(sprintf("%.0f kB\n", file.size(file) / 1000))
