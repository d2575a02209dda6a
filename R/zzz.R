# Nothing here starts Python: reticulate is only told what a run will need, and where to look for it.
.onLoad <- function(libname, pkgname) {
  requirements <- system.file("python", "requirements.txt", package = pkgname)
  if (nzchar(requirements)) {
    reticulate::py_require(readLines(requirements), python_version = paste0(">=", PYTHON_VERSION))
  }
  # Where Python runs already there is nothing to look for; python_module() imports when it is needed.
  path <- system.file("python", package = pkgname)
  if (nzchar(path) && !reticulate::py_available(initialize = FALSE)) {
    reticulate::import_from_path("spotscape", path, delay_load = list(environment = ENVIRONMENT))
  }
}
