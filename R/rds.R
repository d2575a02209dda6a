# What Python calls through rpy2: objects in files. Nothing that a file holds is evaluated.

# readRDS() where the file is one of its own and whole. What is not ours does not leave this function: code that a file
# holds would be evaluated where Python hands it on.
read_object <- function(path) {
  object <- tryCatch(
    suppressWarnings(readRDS(path)),
    error = function(e) {
      input_error(
        basename(path), sprintf("a file that cannot be read (%s)", conditionMessage(e)),
        "a whole file by saveRDS", "Was it cut short on its way?"
      )
    }
  )
  expected <- paste("a", OBJECT_CLASSES, "object, or a list of such")
  for (one in if (is_plain_list(object)) object else list(object)) {
    check_class_package(one, basename(path))
    kind_of(one, basename(path), expected)
  }
  object
}

# Nothing can be asked of an object whose class is of a package that is not there, not even what it is.
check_class_package <- function(object, name) {
  package <- attr(class(object), "package")
  if (!is.null(package) && package != ".GlobalEnv" && !requireNamespace(package, quietly = TRUE)) {
    of <- sprintf("an object of class '%s' of the R package '%s'", class(object)[1L], package)
    todo <- c(sprintf("Install %s in R.", package), WAYS_ON[package][package %in% names(WAYS_ON)])
    input_error(name, paste0(of, ", which is not installed"), "one whose package is there", paste(todo, collapse = " "))
  }
}

# What makes one of ours of objects of other packages, where those are installed.
WAYS_ON <- c(
  GiottoClass = "Where it is: saveRDS(Giotto::giottoToSpatialExperiment(readRDS(path))[[1]], 'slice.rds').",
  MoleculeExperiment = "Where it is: saveRDS(MoleculeExperiment::countMolecules(readRDS(path)), 'slice.rds').",
  SpatialFeatureExperiment = "Where it is: saveRDS(as(readRDS(path), 'SpatialExperiment'), 'slice.rds')."
)

write_object <- function(object, path) {
  tryCatch(
    suppressWarnings(saveRDS(object, path)),
    error = function(e) {
      input_error("path", sprintf("that it cannot be written (%s)", conditionMessage(e)), "a place with enough space")
    }
  )
  invisible()
}

# One object, or each of a list, with the assay chosen for all. The one has no name.
take_all_apart <- function(object, assay = NULL) {
  if (!is_plain_list(object)) {
    return(stats::setNames(list(take_apart(object, assay)), ""))
  }
  if (!length(object)) {
    input_error("object", "an empty list", "a list of slices")
  }
  names(object) <- names(object) %||% as.character(seq_along(object))
  lapply(object, take_apart, assay = assay)
}

is_plain_list <- function(object) is.list(object) && !is.object(object)

# The object of a file, or the one that a list in a file holds.
one_object <- function(object) {
  if (is_plain_list(object) && length(object) == 1L) object[[1L]] else object
}

# The kind of an object, or of those in a list.
kind_of_all <- function(object) {
  if (is_plain_list(object)) names(KINDS)[KINDS == kind_of_slices(object)] else kind_of(object)
}

# Several objects as the one that IntegrateSlices() makes of them, to be given what Python found for all.
join_objects <- function(objects, slice_by) {
  kind_of_slices(objects)
  cells <- suppressWarnings(names_apart(lapply(objects, function(one) piece_names(one))))
  join_slices(lapply(objects, function(one) current_object(one)), cells, slice_by, "SPOTSCAPE")
}

# The object with what the pieces have beyond it: columns, reductions, what is said of the whole.
update_object <- function(object, pieces) {
  if (is_plain_list(object)) {
    names(object) <- names(object) %||% as.character(seq_along(object))
    object <- join_objects(object, run_slice_column(pieces$uns) %||% "slice")
    # What the objects say of their cells stays as R joined it, such as samples that were told apart.
    said <- setdiff(names(pieces$obs$columns), colnames(cell_table(object)))
    found <- grep("^spotscape_", names(pieces$obs$columns), value = TRUE)
    pieces$obs$columns <- pieces$obs$columns[union(said, found)]
  }
  kind_of(object)
  update_from_pieces(object, pieces)
}

check_same_cells <- function(own, pieces) {
  if (!identical(own, as.character(unlist(pieces$obs$names)))) {
    input_error("update", "other cells, or another order", "the cells of the object that is updated")
  }
}

# Whether a column says the same, whatever its type became on the way.
same_values <- function(x, y) {
  x <- as_plain(x)
  if (!is.atomic(x) || is.null(x) || !is.null(dim(x))) {
    return(!is.null(x))
  }
  if (is.numeric(x) && is.numeric(y)) isTRUE(all.equal(unname(x), unname(y), check.attributes = FALSE, tolerance = 1e-12)) else
    identical(unname(as.character(x)), unname(as.character(y)))
}

# Whether new domains come without how sure they are: what the object says of that is then of older ones.
outdated_confidence <- function(obs) {
  domain_column("spotscape") %in% names(obs) && !confidence_column("spotscape") %in% names(obs)
}

# What a function gives or why it does not, and its warnings, as Python is told of them.
call_for_python <- function(f, ...) {
  told <- list2env(list(texts = character()))
  tryCatch(
    withCallingHandlers(
      list(value = f(...), warnings = array(told$texts)),
      warning = function(w) {
        told$texts <- c(told$texts, conditionMessage(w))
        invokeRestart("muffleWarning")
      },
      packageStartupMessage = function(m) invokeRestart("muffleMessage")
    ),
    error = function(e) {
      list(
        error = conditionMessage(e), user = inherits(e, c("spotscape_input_error", "packageNotFoundError")),
        call = paste(deparse(conditionCall(e), nlines = 1L), collapse = " ")
      )
    }
  )
}
