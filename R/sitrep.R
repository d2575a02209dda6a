#' Can a run start now?
#'
#' `TRUE` where a Python with all that spotscape needs is there, without anything to be downloaded.
#' Starts no Python. `FALSE` does not mean that [RunSpotscape()] would fail: where no Python is chosen,
#' \pkg{basilisk}, or else \pkg{reticulate}, makes an environment with what is needed at the first run.
#'
#' @return One logical value.
#' @seealso [spotscape_sitrep()] says what is missing.
#' @examples
#' spotscape_available()
#' @export
spotscape_available <- function() {
  python <- current_python()
  !is.null(python) && is.null(python_lacks(ask_python(python)))
}

#' What spotscape finds on this machine
#'
#' Prints which Python would be used and why, which of its modules are there in which version, which R
#' packages are there, and what to do about what is missing. Starts no Python. Useful in a bug report.
#'
#' @return Invisibly, a list: `ready` (logical), `python` (path or `NULL`), `chosen_by`, `modules` and
#'   `r_packages` (named vectors of versions, `NA` where missing), `problem` (text or `NULL`).
#' @seealso [install_spotscape()]
#' @examples
#' spotscape_sitrep()
#' @export
spotscape_sitrep <- function() {
  python <- current_python()
  modules <- NULL
  if (is.null(python)) {
    problem <- no_python()
  } else {
    modules <- ask_python(python)
    modules[modules == "-"] <- NA
    lacks <- python_lacks(modules)
    problem <- if (!is.null(lacks)) paste(python, lacks)
  }
  r_packages <- installed_versions(
    c("reticulate", "basilisk", "Seurat", "SeuratObject", "SpatialExperiment", "SingleCellExperiment")
  )
  chosen_by <- if (is.null(python)) NULL else python_chosen_by()
  maker <- if (python_route() == "basilisk") "basilisk" else "reticulate"

  line <- function(label, text) writeLines(sprintf("%-14s %s", label, text))
  versions <- function(x) paste(names(x), ifelse(is.na(x), "(missing)", x), collapse = ", ")
  line("spotscape", as.character(utils::packageVersion("spotscape")))
  line("R", sprintf("%s, %s", getRversion(), R.version$platform))
  line("R packages", versions(r_packages))
  line("Python", if (is.null(python)) "none" else sprintf("%s (by %s)", python, chosen_by))
  if (!is.null(modules)) {
    line("Python has", versions(modules))
  }
  if (is.null(problem)) {
    line("Ready", "yes")
  } else {
    line("Ready", paste0("no: ", problem, "."))
    line("To do", paste(
      "run install_spotscape() and restart R, or set RETICULATE_PYTHON to a Python that has them.",
      if (is.null(python)) sprintf("Without either, %s downloads what is needed at the first run.", maker)
    ))
  }
  invisible(list(
    ready = is.null(problem), python = python, chosen_by = chosen_by, modules = modules,
    r_packages = r_packages, problem = problem
  ))
}

# By name of the package; NA where it is not installed.
installed_versions <- function(packages) {
  vapply(packages, function(package) {
    if (nzchar(system.file(package = package))) as.character(utils::packageVersion(package)) else NA_character_
  }, "")
}
