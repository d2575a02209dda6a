# Which Python serves: decided here, and nowhere else. Nothing here starts a Python, makes one or downloads one.

# "running": one runs already. "chosen": RETICULATE_PYTHON, use_python(), an active environment, or the one that
# install_spotscape() made. "basilisk": its pinned environment, where basilisk is installed. "reticulate": what
# reticulate finds, or makes at the first run of what .onLoad declared by py_require().
python_route <- function(running = reticulate::py_available(initialize = FALSE), chosen = is_python_chosen(),
                         basilisk = has_basilisk()) {
  if (running) "running" else if (chosen) "chosen" else if (basilisk) "basilisk" else "reticulate"
}

# RETICULATE_PYTHON is a choice where there is no such Python as well: the run then says so.
is_python_chosen <- function() {
  if (nzchar(Sys.getenv("RETICULATE_PYTHON")) || isTRUE(wants_managed())) {
    return(TRUE)
  }
  forced <- discover_python()$forced
  !is.null(forced) && !forced %in% c("PATH", "Windows Registry", "RETICULATE_PYTHON_FALLBACK")
}

# Whether the user wants an environment that reticulate makes; NA where nothing is said.
wants_managed <- function() {
  if (identical(Sys.getenv("RETICULATE_PYTHON"), "managed")) {
    return(TRUE)
  }
  managed <- tolower(Sys.getenv("RETICULATE_USE_MANAGED_VENV"))
  if (managed %in% c("true", "1", "yes")) TRUE else if (managed %in% c("false", "0", "no")) FALSE else NA
}

# The Python that runs, or that would be started; NULL where it would have to be made first.
current_python <- function() {
  switch(python_route(),
    running = reticulate::py_config()$python, basilisk = basilisk_python(), discover_python()$python
  )
}

python_chosen_by <- function() {
  config <- switch(python_route(),
    running = reticulate::py_config(), basilisk = list(forced = "basilisk"), discover_python()
  )
  config$forced %||% "reticulate's own search"
}

# What is wrong where current_python() is NULL.
no_python <- function() {
  chosen <- Sys.getenv("RETICULATE_PYTHON")
  if (nzchar(chosen)) {
    sprintf("RETICULATE_PYTHON is '%s', which cannot be used", chosen)
  } else if (python_route() == "basilisk") {
    "basilisk has not made its environment yet, which it does at the first run"
  } else {
    "no Python was found"
  }
}

# The Python that reticulate would start, without starting it and without letting it download one; NULL where
# there is none.
discover_python <- function() {
  # reticulate would make the environment now.
  if (identical(Sys.getenv("RETICULATE_PYTHON"), "managed")) {
    return(NULL)
  }
  # A Python that reticulate cannot make sense of (a pyenv shim) it prints about, and returns as a "try-error".
  quiet <- options(show.error.messages = FALSE)
  on.exit(options(quiet), add = TRUE)
  config <- withr::with_envvar(c(RETICULATE_USE_MANAGED_VENV = "no"), tryCatch(
    suppressWarnings(reticulate::py_discover_config(use_environment = ENVIRONMENT)), error = function(e) NULL
  ))
  if (!is.list(config)) {
    return(NULL)
  }
  # Left to itself, reticulate prefers an environment of its own to the first Python on the PATH.
  if (identical(config$forced, "PATH") && !isFALSE(wants_managed())) NULL else config
}
