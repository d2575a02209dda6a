# Errors in the same form as Python's: which argument, what was found, what was expected, what to do.

input_error <- function(name, found, expected, todo = NULL) {
  text <- sprintf("%s: found %s, expected %s.", name, found, expected)
  stop_input(paste(c(text, todo), collapse = " "))
}

stop_input <- function(message) {
  condition <- errorCondition(message, class = "spotscape_input_error")
  stop(condition)
}

# "a, b, c and 7 more", in quotes.
name_list <- function(names, shown = 5L) {
  if (!length(names)) {
    return("none")
  }
  text <- paste0("'", utils::head(names, shown), "'", collapse = ", ")
  more <- length(names) - shown
  if (more > 0L) sprintf("%s and %d more", text, more) else text
}

# What a run chose, said to the user; quietly() keeps it back where nothing is to be shown.
note <- function(...) {
  text <- list(message = paste0("spotscape: ", sprintf(...), "\n"), call = NULL)
  condition <- structure(text, class = c("spotscape_note", "message", "condition"))
  message(condition)
}

quietly <- function(verbose, code) {
  withCallingHandlers(code, spotscape_note = function(n) if (!isTRUE(verbose)) tryInvokeRestart("muffleMessage"))
}

check_choice <- function(name, value, choices, todo = NULL) {
  if (!is.character(value) || length(value) != 1L || !value %in% choices) {
    input_error(name, describe(value), paste("one of", name_list(choices, 10L)), todo)
  }
  value
}

check_string <- function(name, value) {
  if (!is.character(value) || length(value) != 1L || is.na(value) || !nzchar(value)) {
    input_error(name, describe(value), "one non-empty string")
  }
  value
}

describe <- function(value) {
  text <- paste(deparse(value, nlines = 1L), collapse = " ")
  sprintf("%s (%s)", if (nchar(text) > 60L) paste0(substr(text, 1L, 57L), "...") else text, class(value)[1L])
}

require_packages <- function(packages, purpose) {
  missing <- packages[!vapply(packages, requireNamespace, NA, quietly = TRUE)]
  if (length(missing)) {
    bioconductor <- c("SpatialExperiment", "SingleCellExperiment", "SummarizedExperiment", "S4Vectors")
    install <- if (any(missing %in% bioconductor)) "BiocManager::install" else "install.packages"
    stop_input(sprintf(
      "%s needs the R package %s, which is not installed. Install it with %s(%s).",
      purpose, name_list(missing), install, paste(deparse(missing), collapse = "")
    ))
  }
}

`%||%` <- function(x, y) if (is.null(x)) y else x

# Micrometres in one unit of the coordinates, where that is known.
check_micrometres <- function(value) {
  if (!is.null(value) && !(is.numeric(value) && length(value) == 1L && is.finite(value) && value > 0)) {
    input_error("micrometres_per_unit", describe(value), "a number above 0, or NULL")
  }
  value
}

# The same for each of several slices: a list.
micrometres_by_slice <- function(value, slices) {
  if (is.null(names(value))) {
    return(rep(list(check_micrometres(value)), length(slices)))
  }
  if (!is.numeric(value) || !setequal(names(value), slices) || anyDuplicated(names(value))) {
    input_error(
      "micrometres_per_unit", sprintf("values named %s", name_list(names(value))),
      paste("a number above 0 for all slices, or one for each of", name_list(slices))
    )
  }
  lapply(slices, function(slice) check_micrometres(value[[slice]]))
}
