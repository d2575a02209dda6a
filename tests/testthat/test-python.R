complete <- stats::setNames(rep("9.9", length(PYTHON_MODULES) + 1L), c("python", PYTHON_MODULES))

test_that("what a Python lacks is said in one phrase", {
  expect_null(python_lacks(complete))
  expect_identical(python_lacks(replace(complete, "torch", "-")), "has no module 'torch'")
  expect_identical(python_lacks(replace(complete, "python", "3.9.1")), "is version 3.9.1, and spotscape needs 3.11 or newer")
  expect_null(python_lacks(replace(complete, "python", "3.11.0")))
  expect_identical(python_lacks(replace(complete, TRUE, NA)), "does not run")
  expect_identical(python_lacks(ask_python(file.path(tempdir(), "nothing-here"))), "does not run")
})

test_that("a run without a usable Python says what to do", {
  slice <- example_slice(20L)
  run <- function() RunSpotscape(slice$counts, coordinates = slice$coordinates)
  local_mocked_bindings(python_route = function(...) "reticulate")
  ready <- the$python_ready
  the$python_ready <- FALSE
  on.exit(the$python_ready <- ready)
  local_mocked_bindings(
    py_available = function(...) TRUE, py_config = function() list(python = "/opt/py/bin/python"), .package = "reticulate"
  )
  local_mocked_bindings(ask_python = function(python) replace(complete, c("torch", "scanpy"), "-"))
  expect_input_error(run(), "Python", "/opt/py/bin/python has no module 'scanpy', 'torch'.*install_spotscape\\(\\)")
  local_mocked_bindings(py_available = function(...) FALSE, .package = "reticulate")
  chosen <- Sys.getenv("RETICULATE_PYTHON", NA)
  on.exit(if (!is.na(chosen)) Sys.setenv(RETICULATE_PYTHON = chosen), add = TRUE)
  Sys.setenv(RETICULATE_PYTHON = "/nowhere/python")
  expect_input_error(run(), "Python", "RETICULATE_PYTHON is '/nowhere/python', which cannot be used")
  Sys.unsetenv("RETICULATE_PYTHON")
  expect_input_error(run(), "Python", "no Python was found.*install_spotscape\\(\\).*spotscape_sitrep\\(\\)")
  local_mocked_bindings(py_available = function(...) stop("cannot load libpython"), .package = "reticulate")
  expect_input_error(run(), "Python", "cannot load libpython")
  # As reticulate does where it finds no Python and no network.
  local_mocked_bindings(py_available = function(...) {
    try(utils::download.file("file:///nowhere/install.sh", tempfile(), quiet = TRUE))
    FALSE
  }, .package = "reticulate")
  said <- utils::capture.output(
    expect_silent(expect_input_error(
      run(), "Python", "could not download one \\(cannot open URL '.*RETICULATE_PYTHON = .*'torch'.*install_spotscape\\(\\)"
    )), type = "message"
  )
  expect_identical(said, character())
})

test_that("modules in the working folder are not taken for packages", {
  skip_without_python()
  folder <- withr::local_tempdir()
  for (name in c("torch", "anndata")) {
    writeLines("raise SystemExit('from the working folder')", file.path(folder, paste0(name, ".py")))
  }
  writeLines("here = 1", file.path(folder, "my_own.py"))
  script <- "spotscape:::require_python(); cat(reticulate::import('torch')$`__file__`, reticulate::import('my_own')$here)"
  said <- withr::with_dir(folder, withr::with_envvar(c(R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep)), system2(
    file.path(R.home("bin"), "Rscript"), c("--vanilla", "-e", shQuote(script)), stdout = TRUE, stderr = TRUE
  )))
  expect_match(utils::tail(said, 1L), "site-packages.*torch.*__init__.py 1$")
})

test_that("packages that are not installed have no version", {
  found <- installed_versions(c("stats", "no.such.package"))
  expect_identical(found, c(stats = as.character(getRversion()), no.such.package = NA))
})

test_that("spotscape_sitrep() reports, whether Python is there or not", {
  local_mocked_bindings(current_python = function() "/opt/py/bin/python", python_chosen_by = function() "a test")
  local_mocked_bindings(ask_python = function(python) complete)
  expect_output(found <- spotscape_sitrep(), "Ready +yes")
  expect_true(found$ready)
  expect_true(spotscape_available())

  local_mocked_bindings(ask_python = function(python) replace(complete, "torch", "-"))
  expect_output(
    found <- spotscape_sitrep(), "torch \\(missing\\).*no: /opt/py/bin/python has no module 'torch'.*install_spotscape"
  )
  expect_identical(found$modules[["torch"]], NA_character_)
  expect_false(spotscape_available())

  local_mocked_bindings(current_python = function() NULL, no_python = function() "no Python was found")
  expect_output(found <- spotscape_sitrep(), "Ready +no: no Python was found.*install_spotscape")
  expect_null(found$python)
  expect_false(spotscape_available())
})

test_that("looking for Python downloads nothing and leaves the environment as it was", {
  before <- Sys.getenv("RETICULATE_USE_MANAGED_VENV", NA)
  seen <- NULL
  local_mocked_bindings(py_discover_config = function(...) {
    seen <<- Sys.getenv("RETICULATE_USE_MANAGED_VENV")
    list(python = "/usr/bin/python3", forced = "PATH")
  }, .package = "reticulate")
  expect_null(discover_python())
  expect_identical(seen, "no")
  expect_identical(Sys.getenv("RETICULATE_USE_MANAGED_VENV", NA), before)
  local_mocked_bindings(
    py_discover_config = function(...) list(python = "/v/bin/python", forced = "VIRTUAL_ENV"), .package = "reticulate"
  )
  expect_identical(discover_python()$python, "/v/bin/python")
  local_mocked_bindings(py_discover_config = function(...) try(stop("no lib"), silent = TRUE), .package = "reticulate")
  expect_null(discover_python())
})

test_that("install_spotscape() makes the environment, or updates it", {
  done <- list()
  note <- function(name) function(...) done[[name]] <<- list(...)
  local_mocked_bindings(
    virtualenv_exists = function(...) FALSE, virtualenv_starter = function(version) paste("python", version),
    virtualenv_create = note("create"), virtualenv_install = note("install"), .package = "reticulate"
  )
  expect_message(expect_message(name <- install_spotscape(), "Making"), "Restart R")
  expect_identical(name, "r-spotscape")
  expect_identical(done$create$python, "python >=3.11")
  expect_identical(done$install[[1L]], "r-spotscape")
  wanted <- readLines(done$install$requirements)
  expect_true(any(startsWith(wanted, "torch>=")))

  done <- list()
  local_mocked_bindings(virtualenv_exists = function(...) TRUE, .package = "reticulate")
  expect_message(expect_message(install_spotscape("mine", pip_options = "-q"), "Updating"), "Restart R")
  expect_null(done$create)
  expect_identical(done$install$pip_options, "-q")

  local_mocked_bindings(virtualenv_starter = function(version) NULL, .package = "reticulate")
  expect_input_error(install_spotscape(), "python", "3.11 or newer.*install_python")
  expect_input_error(install_spotscape(NA), "envname")
})

test_that("missing R packages are named with how to install them", {
  expect_input_error(require_packages("noSuchPackage", "This"), "This needs", "install.packages\\(\"noSuchPackage\"\\)")
  spe <- structure(list(), class = structure("SpatialExperiment", package = "noSuchPackage"))
  expect_input_error(RunSpotscape(spe), "SpatialExperiment", "noSuchPackage")
})

test_that("loading the package starts no Python", {
  skip_on_os("windows")
  code <- "library(spotscape); cat(reticulate::py_available(), any(grepl('^torch', reticulate::py_require()$packages)))"
  said <- system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", "-e", shQuote(code)), stdout = TRUE, stderr = FALSE)
  expect_identical(said, "FALSE TRUE")
})

test_that("Python's warnings arrive as R's, its other errors as they are", {
  skip_without_python()
  reticulate::py_run_string("
import warnings
from spotscape._validate import InputError, SpotscapeWarning
def warn(): warnings.warn('spots without counts', SpotscapeWarning); return 3
def refuse(): raise InputError('n: found 1, expected 2.')
def fail(): raise RuntimeError('a bug')
", local = FALSE)
  main <- reticulate::import_main(convert = FALSE)
  expect_warning(value <- call_python(main$warn), "^spots without counts$")
  expect_identical(reticulate::py_to_r(value), 3L)
  expect_input_error(call_python(main$refuse), "n: found 1, expected 2.")
  expect_error(call_python(main$fail), "RuntimeError: a bug")
})

test_that("counts reach Python without a copy, cells by genes", {
  skip_without_python()
  counts <- example_slice(20L)$counts
  bridge <- python_module("interop.reticulate")
  sent <- counts_to_python(counts)
  expect_identical(reticulate::py_to_r(sent$dtype$name), "int32")
  adata <- bridge$to_anndata(sent, array(rownames(counts)), array(colnames(counts)), as.matrix(example_slice(20L)$coordinates))
  expect_identical(unlist(reticulate::py_to_r(adata$shape)), rev(dim(counts)))
  numpy <- reticulate::import("numpy", convert = FALSE)
  expect_true(reticulate::py_to_r(numpy$shares_memory(adata$X$data, sent$data)))
  expect_equal(as.matrix(reticulate::py_to_r(adata$X$T$tocsc()$astype("float64"))), unname(as.matrix(counts)))
})

test_that("numbers that are no counts reach Python as they are", {
  skip_without_python()
  counts <- example_slice(20L)$counts
  for (value in list(0.5, NaN, NA, Inf, 2^31)) {
    counts@x[3L] <- as.numeric(value)
    sent <- counts_to_python(counts)
    expect_identical(reticulate::py_to_r(sent$dtype$name), "float64")
    expect_identical(as.vector(reticulate::py_to_r(sent$data))[1:5], counts@x[1:5])
  }
  counts@x[] <- 0
  expect_identical(dim(reticulate::py_to_r(counts_to_python(Matrix::drop0(counts))$astype("float64"))), dim(counts))
})

test_that("it does not matter what else is loaded, or when", {
  skip_without_python()
  others <- c("Seurat", "uwot", "data.table")
  for (package in others) skip_if_not_installed(package)
  run <- paste(
    "set.seed(1); counts <- matrix(rpois(6000, 2), 60, dimnames = list(paste0('g', 1:60), paste0('c', 1:100)));",
    "place <- as.matrix(expand.grid(x = 1:10, y = 1:10));",
    "found <- RunSpotscape(counts, coordinates = place, n_domains = 2, verbose = FALSE);",
    "cat(sprintf('%a', sum(found$embedding)))"
  )
  loaded <- paste0("library(", others, ")", collapse = ";")
  orders <- c(paste(loaded, "library(spotscape)", run, sep = ";"), paste("library(spotscape)", run, loaded, run, sep = ";"))
  said <- vapply(orders, function(code) {
    paste(system2(
      file.path(R.home("bin"), "Rscript"), c("--vanilla", "-e", shQuote(code)), stdout = TRUE, stderr = FALSE
    ), collapse = "")
  }, "")
  expect_match(said[[1L]], "^-?0x")
  expect_identical(said[[2L]], strrep(said[[1L]], 2L))
})
