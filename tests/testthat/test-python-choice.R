test_that("a Python that runs wins, then the user's choice, then basilisk, then reticulate", {
  inputs <- expand.grid(running = c(TRUE, FALSE), chosen = c(TRUE, FALSE), basilisk = c(TRUE, FALSE))
  found <- do.call(mapply, c(list(python_route), inputs))
  first <- apply(inputs, 1L, function(row) c(names(which(row)), "reticulate")[[1L]])
  expect_identical(found, unname(first))
})

test_that("what counts as a choice", {
  withr::local_envvar(RETICULATE_PYTHON = NA, RETICULATE_USE_MANAGED_VENV = NA)
  forced <- NULL
  local_mocked_bindings(
    py_discover_config = function(...) list(python = "/opt/py/bin/python", forced = forced), .package = "reticulate"
  )
  chosen_by <- function(how, ...) {
    forced <<- how
    withr::with_envvar(c(...), is_python_chosen())
  }
  expect_true(chosen_by("use_python() function"))
  expect_true(chosen_by("VIRTUAL_ENV"))
  expect_true(chosen_by("import(\"spotscape\")")) # the environment of install_spotscape()
  expect_false(chosen_by(NULL)) # reticulate's own environment for everything
  expect_false(chosen_by("PATH", RETICULATE_USE_MANAGED_VENV = "no"))
  expect_true(chosen_by(NULL, RETICULATE_PYTHON = "/nowhere/python"))
  expect_true(chosen_by(NULL, RETICULATE_PYTHON = "managed"))
  expect_true(chosen_by(NULL, RETICULATE_USE_MANAGED_VENV = "true"))
  expect_null(withr::with_envvar(c(RETICULATE_PYTHON = "managed"), discover_python()))
})

test_that("RETICULATE_PYTHON wins over basilisk, and basilisk over what reticulate would find", {
  made <- "/cache/spotscape/bin/python"
  local_mocked_bindings(has_basilisk = function() TRUE, basilisk_python = function() made)
  local_mocked_bindings(
    py_available = function(...) FALSE, py_discover_config = function(...) {
      chosen <- Sys.getenv("RETICULATE_PYTHON")
      if (nzchar(chosen)) list(python = chosen, forced = "RETICULATE_PYTHON") else list(python = "/usr/bin/python3")
    }, .package = "reticulate"
  )
  withr::local_envvar(RETICULATE_PYTHON = NA, RETICULATE_USE_MANAGED_VENV = NA)
  expect_identical(current_python(), made)
  expect_identical(python_chosen_by(), "basilisk")
  withr::with_envvar(c(RETICULATE_PYTHON = "/mine/python"), {
    expect_identical(current_python(), "/mine/python")
    expect_identical(python_chosen_by(), "RETICULATE_PYTHON")
  })
  made <- NULL
  expect_null(current_python())
  expect_output(found <- spotscape_sitrep(), "basilisk has not made its environment yet.*Without either, basilisk downloads")
  expect_false(found$ready)
  local_mocked_bindings(has_basilisk = function() FALSE)
  expect_identical(current_python(), "/usr/bin/python3")
})

test_that("where basilisk cannot make its environment, the run says so", {
  ready <- the$python_ready
  the$python_ready <- FALSE
  on.exit(the$python_ready <- ready)
  local_mocked_bindings(python_route = function(...) "basilisk", start_basilisk = function() stop("no network"))
  slice <- example_slice(20L)
  expect_input_error(
    RunSpotscape(slice$counts, coordinates = slice$coordinates), "Python",
    "basilisk could not start it \\(no network\\).*install_spotscape\\(\\)"
  )
})

test_that("basilisk takes the pinned environment", {
  skip_if_not_installed("basilisk")
  withr::local_envvar(BASILISK_EXTERNAL_DIR = withr::local_tempdir(), BASILISK_USE_SYSTEM_DIR = NA)
  environment <- basilisk_environment()
  expect_s4_class(environment, "BasiliskEnvironment")
  pins <- setdiff(c(environment@packages, environment@pip), paste0("python=", BASILISK_PYTHON))
  expect_setequal(pins, BASILISK_PINS)
  expect_match(pins, "^[A-Za-z0-9-]+(_extensions)?==[0-9.a-z]+$")
  expect_null(basilisk_python())
  expect_true(utils::compareVersion(BASILISK_PYTHON, PYTHON_VERSION) >= 0L)
})
