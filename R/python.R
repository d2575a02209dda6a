# The crossing to Python: finding it, calling it, and what goes over and comes back.

PYTHON_VERSION <- "3.11"
PYTHON_MODULES <- c(
  "anndata", "numpy", "pandas", "psutil", "safetensors", "scanpy", "scipy", "skmisc", "sklearn", "torch", "torch_geometric"
)
ENVIRONMENT <- "r-spotscape"

# A module of the Python half that came with this package, whatever else is on Python's path.
python_module <- function(name) {
  reticulate::import_from_path("spotscape", system.file("python", package = "spotscape"), convert = FALSE)
  reticulate::import(paste0("spotscape.", name), convert = FALSE)
}

# Ask a Python, from outside, for its version, the modules it lacks, and the versions of those it has.
ask_python <- function(python) {
  script <- paste(
    "import importlib.metadata as m, importlib.util as u, sys",
    "print('python', sys.version.split()[0])",
    "for n in sys.argv[1:]:",
    "    d = {'sklearn': 'scikit-learn', 'skmisc': 'scikit-misc'}.get(n, n)",
    "    print(n, m.version(d) if u.find_spec(n) else '-')",
    sep = "\n"
  )
  file <- tempfile(fileext = ".py")
  on.exit(unlink(file))
  writeLines(script, file)
  lines <- tryCatch(
    suppressWarnings(system2(python, c(shQuote(file), PYTHON_MODULES), stdout = TRUE, stderr = FALSE)),
    error = function(e) character()
  )
  fields <- strsplit(lines, " ", fixed = TRUE)
  versions <- stats::setNames(vapply(fields, `[`, "", 2L), vapply(fields, `[`, "", 1L))
  versions[c("python", PYTHON_MODULES)]
}

# What is wrong with a Python, as one phrase; NULL where nothing is.
python_lacks <- function(versions) {
  if (is.na(versions["python"])) {
    return("does not run")
  }
  if (utils::compareVersion(versions[["python"]], PYTHON_VERSION) < 0L) {
    return(sprintf("is version %s, and spotscape needs %s or newer", versions[["python"]], PYTHON_VERSION))
  }
  missing <- setdiff(names(versions)[is.na(versions) | versions == "-"], "python")
  if (length(missing)) {
    return(sprintf("has no module %s", name_list(missing, 10L)))
  }
  NULL
}

PYTHON_HOW <- paste(
  "Run install_spotscape() and restart R, or set RETICULATE_PYTHON to a Python that has what is missing;",
  "spotscape_sitrep() shows what was found."
)

# Start Python if it does not run yet, and stop where it cannot serve.
require_python <- function() {
  if (isTRUE(the$python_ready)) {
    return(invisible())
  }
  problem <- start_python()
  if (!is.null(problem)) {
    stop_input(paste("Python:", problem, PYTHON_HOW))
  }
  python <- reticulate::py_config()$python
  lacks <- python_lacks(ask_python(python))
  if (!is.null(lacks)) {
    stop_input(sprintf("Python: %s %s. %s", python, lacks, PYTHON_HOW))
  }
  python_module("_working_folder")$search_last() # before anything is imported that is not Python's own
  python_module("interop.reticulate")$import_isolated("torch")
  the$python_ready <- TRUE
}

# Start Python, without what reticulate prints of its own tries: why that failed, as sentences; NULL where it runs.
start_python <- function() {
  if (python_route() == "basilisk") {
    failed <- tryCatch(start_basilisk(), error = function(e) e)
    return(if (inherits(failed, "error")) sprintf("basilisk could not start it (%s).", trimws(conditionMessage(failed))))
  }
  nothing <- "nothing yet"
  try(stop(nothing, call. = FALSE), silent = TRUE) # geterrmessage() then tells an error of reticulate's from an older one
  quiet <- options(show.error.messages = FALSE)
  on.exit(options(quiet))
  failed <- tryCatch(
    withCallingHandlers(
      if (reticulate::py_available(initialize = TRUE)) NULL else "",
      warning = function(w) if (grepl(NO_NETWORK, conditionMessage(w))) tryInvokeRestart("muffleWarning")
    ),
    error = function(e) conditionMessage(e)
  )
  if (is.null(failed)) {
    return(NULL)
  }
  said <- trimws(paste(failed, if (!grepl(nothing, geterrmessage(), fixed = TRUE)) geterrmessage()))
  said <- gsub("[[:space:]]+", " ", sub("(?s)^Error.*?:\\s+", "", said, perl = TRUE))
  if (!nzchar(Sys.getenv("RETICULATE_PYTHON")) && grepl(NO_NETWORK, said)) {
    return(sprintf(
      paste(
        "none was found, and reticulate could not download one (%s). Without network, take one that is there: restart R",
        "and call Sys.setenv(RETICULATE_PYTHON = \"/path/to/python\") before library(spotscape). It has to be %s or newer and",
        "have %s, which 'pip install -r %s' installs. With network:"
      ), said, PYTHON_VERSION, name_list(PYTHON_MODULES, 20L), system.file("python", "requirements.txt", package = "spotscape")
    ))
  }
  if (nzchar(failed)) paste0("it could not be started (", failed, ").") else paste0(no_python(), ".")
}

# What reticulate, uv and R say where nothing can be downloaded.
NO_NETWORK <- "URL|[Dd]ownload|[Cc]onnect|[Nn]etwork|resolve|[Ff]etch|dns error"

# What lives as long as the R session.
the <- new.env(parent = emptyenv())

# The arguments that RunSpotscape() and IntegrateSlices() share, as train_python() takes them.
training_settings <- function(n_domains, config, seed, device, checkpoint, checkpoint_minutes, resume, threads, verbose,
                              micrometres_per_unit = NULL) {
  list(
    n_domains = n_domains, config = config, seed = seed, device = device, checkpoint = checkpoint,
    checkpoint_minutes = checkpoint_minutes, resume = resume, threads = threads, verbose = verbose,
    micrometres_per_unit = micrometres_per_unit
  )
}

# The one way to Python that all methods for one slice take. `training`: training_settings().
run_python <- function(counts, coordinates, training) {
  unit <- check_micrometres(training$micrometres_per_unit)
  require_python()
  adata <- slice_to_python(list(counts = counts, coordinates = coordinates), unit)
  train_python("run_spotscape", adata, training)
  result_to_r(adata, colnames(counts))
}

# The same for several: a named list of slices, each with counts, coordinates and `columns` (a named list with a
# value per cell, or NULL). Cells come back slice by slice; no two have the same name.
integrate_python <- function(slices, slice_by, condition_key, correction, training) {
  units <- micrometres_by_slice(training$micrometres_per_unit, names(slices))
  require_python()
  adatas <- reticulate::py_dict(as.list(names(slices)), unname(Map(slice_to_python, slices, units)), convert = FALSE)
  joined <- train_python(
    "integrate_slices", adatas, training,
    slice_key = slice_by, condition_key = condition_key, correction = scalar_to_python("correction", correction)
  )
  result <- result_to_r(joined, unlist(lapply(slices, function(slice) colnames(slice$counts)), use.names = FALSE))
  # An empty list, or one of text, as text.
  text <- vapply(result$info$integration, is.list, NA)
  result$info$integration[text] <- lapply(result$info$integration[text], function(x) as.character(unlist(x)))
  result
}

slice_to_python <- function(slice, micrometres = NULL) {
  adata <- call_python(
    python_module("interop.reticulate")$to_anndata, counts_to_python(slice$counts), array(rownames(slice$counts)),
    array(colnames(slice$counts)), slice$coordinates, obs = lapply(slice$columns, array)
  )
  if (!is.null(micrometres)) reticulate::py_set_item(adata$uns, "micrometres_per_unit", micrometres)
  adata
}

# A dgCMatrix as a csc_matrix. Numpy shares the memory of R's arrays, and as vectors lie in a dgCMatrix, these are the
# one copy. Whole numbers go over as integers, which take half of the memory; all else as it is, for Python to refuse.
counts_to_python <- function(counts) {
  values <- suppressWarnings(as.integer(counts@x))
  if (anyNA(values) || !all(values == counts@x)) values <- counts@x
  dim(values) <- length(values) # an array now, and in place: array() would copy
  sparse <- reticulate::import("scipy.sparse", convert = FALSE)
  sparse$csc_matrix(reticulate::tuple(values, array(counts@i), array(counts@p), convert = FALSE), shape = dim(counts))
}

train_python <- function(verb, adata, training, ...) {
  on.exit(end_progress_line())
  gc() # nothing in Python would make R let go of what it needs no more
  scalars <- setdiff(names(training), c("config", "device", "verbose", "micrometres_per_unit"))
  do.call(call_python, c(
    list(python_module("tl")[[verb]], adata, ...), Map(scalar_to_python, scalars, training[scalars]),
    list(
      config = config_to_python(training$config), device = training$device,
      progress = progress_function(training$verbose)
    )
  ), quote = TRUE)
}

# Call a Python function. What Python would raise as a user's error becomes an R error, in words of R (`_caller.py`)
# and without a traceback; its warnings become R warnings. An interrupt passes as R's interrupt.
call_python <- function(fun, ...) {
  answer <- python_module("interop.reticulate")$call(fun, ...)
  for (text in as.character(reticulate::py_to_r(answer["warnings"]))) {
    warning(text, call. = FALSE)
  }
  error <- reticulate::py_to_r(answer["error"])
  if (!is.null(error)) {
    stop_input(error)
  }
  answer["value"]
}

# A whole number goes over as an integer. Anything else goes as it is, for Python to refuse.
as_python <- function(value) {
  if (is.numeric(value) && length(value) == 1L && !is.na(value) && abs(value) <= .Machine$integer.max &&
        value == round(value)) {
    return(as.integer(value))
  }
  value
}

# A scalar argument that may be NULL; R's NA has no counterpart.
scalar_to_python <- function(name, value) {
  if (length(value) == 1L && is.na(value)) {
    input_error(name, "NA", "a value")
  }
  as_python(value)
}

# NULL, the name of a preset, or a named list of settings.
config_to_python <- function(config) {
  if (is.null(config) || is.character(config) && length(config) == 1L && is.null(names(config))) {
    return(config)
  }
  named <- length(config) == 0L || !is.null(names(config)) && all(nzchar(names(config)))
  if (!(is.list(config) || is.atomic(config)) || !named) {
    input_error("config", describe(config), "NULL, the name of a preset (\"default\", \"paper\"), or a named list of settings")
  }
  settings <- as.list(config)
  settings <- Map(scalar_to_python, sprintf("config$%s", names(settings)), settings)
  do.call(reticulate::dict, stats::setNames(settings, names(config)))
}

# Progress in the R console, as a Python callable: a line that changes where someone watches, about ten messages
# elsewhere. Both say epoch, loss, memory and time left.
progress_function <- function(verbose) {
  if (!verbose) {
    return(FALSE)
  }
  watched <- interactive()
  show <- function(line) {
    # The place of the counts in Python says nothing here.
    line <- paste("spotscape:", sub("^counts from X:", "counts:", line))
    if (watched) show_progress_line(line) else message(line)
    invisible(NULL)
  }
  python_module("_progress")$epoch_lines(reticulate::r_to_py(show, convert = TRUE), lines = if (watched) NULL else 10L)
}

# Write over the line before, to its end.
show_progress_line <- function(line) {
  width <- the$progress_width %||% 0L
  message("\r", formatC(line, width = -width), appendLF = FALSE)
  the$progress_width <- nchar(line)
}

end_progress_line <- function() {
  if (!is.null(the$progress_width)) message()
  the$progress_width <- NULL
}

# What a run wrote, as R sees it: embedding with row names, domains as a factor, how sure they are (NULL where nothing
# says so), info as plain lists.
result_to_r <- function(adata, cells) {
  result <- reticulate::py_to_r(python_module("interop.reticulate")$from_anndata(adata))
  if (!identical(as.character(result$cells), as.character(cells))) {
    stop("spotscape: the cells came back from Python in another order; please report this.", call. = FALSE)
  }
  codes <- as.integer(unlist(result$domain))
  levels <- as.character(unlist(result$domain_levels))
  info <- plain_vectors(result$info)
  info$warnings <- as.character(unlist(info$warnings))
  list(
    embedding = matrix(result$embedding, nrow = length(cells), dimnames = list(cells, NULL)),
    domains = stats::setNames(factor(levels[replace(codes, codes == 0L, NA)], levels = levels), cells),
    confidence = if (!is.null(result$confidence)) stats::setNames(as.vector(result$confidence), cells),
    info = info, model = model_to_r(result$model)
  )
}

# Genes as text, vectors without a dimension; NULL where there is no model.
model_to_r <- function(model) {
  if (is.null(model)) {
    return(NULL)
  }
  model <- plain_vectors(model)
  model$genes <- as.character(unlist(model$genes))
  model
}

# One-dimensional arrays, which numpy's become, as plain vectors.
plain_vectors <- function(x) {
  if (is.list(x)) lapply(x, plain_vectors) else if (length(dim(x)) == 1L) as.vector(x) else x
}
