#' Make a Python environment for spotscape
#'
#' Makes a virtual environment with what the Python half needs (about 1 GB with PyTorch, from the
#' package index that pip is set to use); an existing one is updated. \pkg{reticulate} finds the
#' environment `"r-spotscape"` by itself after R is restarted. Nothing else on the machine is changed.
#' Not needed where `RETICULATE_PYTHON` names a Python that has it all: that always wins.
#'
#' @section Which Python:
#' The first of these that applies is taken.
#' 1. A Python that runs in this R session already. It has to have what spotscape needs.
#' 2. The one that you chose: `RETICULATE_PYTHON`, [reticulate::use_python()], an active virtual environment, or the
#'    environment that this function made.
#' 3. Where the package \pkg{basilisk} of Bioconductor is installed: an environment with fixed versions, which it makes at
#'    the first run. This function is then not needed.
#' 4. What \pkg{reticulate} finds, or makes at the first run.
#'
#' @param envname Name or path of the environment. Under a name other than `"r-spotscape"`, set
#'   `RETICULATE_PYTHON` to its Python afterwards.
#' @param python Path of the Python to start from; `NULL` takes the newest that \pkg{reticulate} finds
#'   and that is 3.11 or newer.
#' @param ... Passed to [reticulate::virtualenv_install()], such as `pip_options`.
#' @return The name of the environment, invisibly.
#' @seealso [spotscape_sitrep()]
#' @examplesIf interactive()
#' install_spotscape()
#' @export
install_spotscape <- function(envname = "r-spotscape", python = NULL, ...) {
  check_string("envname", envname)
  python <- python %||% reticulate::virtualenv_starter(paste0(">=", PYTHON_VERSION))
  if (is.null(python)) {
    input_error(
      "python", "no Python on this machine", paste("version", PYTHON_VERSION, "or newer"),
      "Install one with reticulate::install_python(\"3.12\") and try again."
    )
  }
  requirements <- system.file("python", "requirements.txt", package = "spotscape")
  if (reticulate::virtualenv_exists(envname)) {
    message("Updating the virtual environment '", envname, "'.")
  } else {
    message("Making the virtual environment '", envname, "' from ", python, " (about 1 GB).")
    reticulate::virtualenv_create(envname, python = python, packages = FALSE)
  }
  reticulate::virtualenv_install(envname, requirements = requirements, ignore_installed = FALSE, ...)
  chosen <- Sys.getenv("RETICULATE_PYTHON", NA)
  message(
    "Done. Restart R, then check with spotscape_sitrep().",
    if (!is.na(chosen)) sprintf(" RETICULATE_PYTHON is set (%s) and wins: unset it to use '%s'.", chosen, envname)
  )
  invisible(envname)
}
