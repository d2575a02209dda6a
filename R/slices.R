# One argument, `slice_by`, says which column has the slices. Python and the shell call it `slice_key`, and so does the
# record of a run, which all three read.

# The value of an argument that had another name.
renamed <- function(slice_by, slice_key) {
  if (is.null(slice_key)) {
    return(slice_by)
  }
  if (!is.null(slice_by)) input_error("slice_key", "both `slice_by` and `slice_key`", "`slice_by` alone")
  condition <- warningCondition(
    "`slice_key` is called `slice_by` now, and will go.", class = c("spotscape_deprecated", "deprecatedWarning")
  )
  warning(condition)
  slice_key
}

# The first of these columns that holds several values, else the first.
usual_column <- function(table, columns) {
  several <- Filter(function(name) name %in% colnames(table) && length(unique(as_plain(table[[name]]))) > 1L, columns)
  c(several, columns)[[1L]]
}

# Columns that say which slice a cell is of, where an object has them.
SLICE_COLUMNS <- c("slice", "sample_id", "seurat_image")

# A run takes one slice. `coordinates` say where cells lie, and not on which slice.
refuse_several <- function(found, expected = "one slice", todo = NULL) {
  input_error("object", found, expected, paste(c(
    todo, "IntegrateSlices(object, slice_by = ) takes several; for one of them, subset the object to it first."
  ), collapse = " "))
}

refuse_several_in_table <- function(table, columns = SLICE_COLUMNS) {
  for (name in intersect(columns, colnames(table))) {
    slices <- unique(as.character(as_plain(table[[name]])))
    if (length(slices) > 1L) {
      refuse_several(
        sprintf("%d slices (%s) in column '%s'", length(slices), name_list(slices), name), "one",
        sprintf("Where they are one slice, give the column one value.")
      )
    }
  }
}

SLICES_EXPECTED <- paste(
  "a list of Seurat, SpatialExperiment or SingleCellExperiment objects, or one such object with several slices"
)

# ---- slices of a list --------------------------------------------------------------------------------------------

# The class that all objects of a list have.
kind_of_slices <- function(objects) {
  kinds <- vapply(objects, function(one) {
    c(KINDS[vapply(KINDS, function(class) methods::is(one, class), NA)], class(one)[1L])[1L]
  }, "")
  other <- setdiff(kinds, KINDS)
  if (length(other)) {
    input_error("object", sprintf("a list with objects of class %s", name_list(other)), SLICES_EXPECTED)
  }
  if (length(unique(kinds)) > 1L) {
    input_error("object", sprintf("a list with objects of the classes %s", name_list(unique(kinds))), "one class")
  }
  if (length(objects) < 2L) {
    found <- sprintf("a list of %d", length(objects))
    input_error("object", found, "two slices or more", "For one slice, call RunSpotscape().")
  }
  kinds[[1L]]
}

# The list's names; else the one value that each object has in a column of slices, if all differ; else numbers.
slice_names <- function(objects, columns) {
  given <- names(objects)
  if (!is.null(given)) {
    if (anyNA(given) || !all(nzchar(given)) || anyDuplicated(given)) {
      found <- paste("a list with the names", name_list(given))
      input_error("object", found, "a different name for each slice, or none")
    }
    return(given)
  }
  for (name in columns) {
    own <- lapply(objects, function(one) unique(as.character(stats::na.omit(as_plain(cell_table(one)[[name]])))))
    if (all(lengths(own) == 1L) && !anyDuplicated(unlist(own))) {
      return(unlist(own))
    }
  }
  paste0("slice", seq_along(objects))
}

# Names of cells, slice by slice, that no two slices share.
names_apart <- function(cells) {
  if (!anyDuplicated(unlist(cells))) {
    return(cells)
  }
  cells <- Map(paste, names(cells), cells, sep = "_")
  warning(sprintf(
    "Slices share names of cells; each now starts with its slice's name, as '%s'.", cells[[1L]][1L]
  ), call. = FALSE)
  cells
}

# For each slice NULL, the names of columns, or its own numbers.
coordinates_by_slice <- function(coordinates, n) {
  if (is.null(coordinates) || is.character(coordinates)) {
    return(rep(list(coordinates), n))
  }
  if (!is.list(coordinates) || is.data.frame(coordinates) || length(coordinates) != n) {
    plain <- is.list(coordinates) && !is.data.frame(coordinates)
    found <- if (plain) sprintf("a list of %d", length(coordinates)) else describe_class(coordinates)
    input_error("coordinates", found, sprintf("names of columns, or a list with a matrix for each of the %d slices", n))
  }
  unname(coordinates)
}

# One object as a slice: counts, coordinates, and its condition.
slice_of <- function(object, assay, layer, coordinates, condition_key) {
  assay <- assay_to_read(object, assay)
  check_one_slice(object, NULL, assay)
  if (is.null(rownames(object))) {
    input_error("rownames(object)", "NULL", "names of genes, by which slices are compared")
  }
  list(
    counts = read_counts(object, assay, layer)[[1L]], coordinates = cell_places(object, NULL, coordinates),
    columns = condition_column(cell_table(object), condition_key)
  )
}

# An error about one of several objects says which.
in_slice <- function(name, code) {
  tryCatch(code, spotscape_input_error = function(e) {
    stop_input(sprintf("slice '%s': %s", name, conditionMessage(e)))
  })
}

# ---- slices of one object ----------------------------------------------------------------------------------------

# Which slice each cell is of, by a column of the metadata or colData.
column_slices <- function(table, slice_by, todo = NULL, fewest = 2L) {
  check_column_name("slice_by", slice_by, table, todo)
  slices <- as_slices(table[[slice_by]], sprintf("column '%s'", slice_by))
  if (nlevels(slices) < fewest) {
    input_error(
      sprintf("column '%s'", slice_by), sprintf("one slice, '%s'", levels(slices)), "two or more",
      "Name another column by `slice_by`; for one slice, call RunSpotscape()."
    )
  }
  slices
}

# A factor as it is, less what is not there; anything else in the order of its first values.
as_slices <- function(values, name) {
  if (anyNA(values)) {
    found <- sprintf("%d of %d cells without a slice", sum(is.na(values)), length(values))
    input_error(name, found, "a slice for every cell")
  }
  values <- as_plain(values)
  values <- if (is.factor(values)) droplevels(values) else factor(values, levels = unique(values))
  stats::setNames(values, NULL)
}

# The slices of a run over several, by its record and the object's table about cells; NULL for a run on one.
recorded_slices <- function(info, table) {
  record <- if (is.list(info)) info[["integration"]]
  column <- if (is.list(record)) record[["slice_key"]]
  if (is.null(column) || !column %in% colnames(table)) NULL else column_slices(table, column, fewest = 1L)
}

# A list with the column of conditions, as text; NULL where none is asked for.
condition_column <- function(table, condition_key) {
  if (is.null(condition_key)) {
    return(NULL)
  }
  check_column_name("condition_key", condition_key, table)
  values <- as.character(as_plain(table[[condition_key]]))
  if (anyNA(values)) {
    input_error(
      sprintf("column '%s'", condition_key), sprintf("%d cells without a condition", sum(is.na(values))),
      "a condition for every cell"
    )
  }
  stats::setNames(list(values), condition_key)
}

check_column_name <- function(argument, value, table, todo = NULL) {
  check_string(argument, value)
  if (!value %in% colnames(table)) {
    known <- sprintf("the name of a column (there are: %s)", name_list(colnames(table), 10L))
    input_error(argument, describe(value), known, todo)
  }
}

check_names_to_write <- function(slice_by, reduction.name, reduction.key = NULL) {
  check_string("slice_by", slice_by)
  check_string("reduction.name", reduction.name)
  if (!is.null(reduction.key)) check_string("reduction.key", reduction.key)
}

# Names that are unique in a slice, as barcodes are, told apart over slices (a factor; NULL for one).
names_over_slices <- function(cells, slices) {
  if (anyDuplicated(cells) && !is.null(slices)) paste(slices, cells, sep = "_") else cells
}

# What integrate_python() takes: counts come slice by slice, the rest with a value or row per cell.
pieces_of <- function(counts, cells, place, columns, of) {
  Map(function(counts, rows) {
    list(
      counts = counts, coordinates = place[rows, , drop = FALSE],
      columns = if (!is.null(columns)) lapply(columns, `[`, rows)
    )
  }, counts, split(seq_along(cells), of))
}

# A result that came slice by slice, in the order of the object's cells and under their names.
in_order_of <- function(result, cells, sent, of) {
  came <- unlist(split(seq_along(cells), of), use.names = FALSE)
  if (!identical(rownames(result$embedding), sent[came])) {
    stop("spotscape: the cells came back from Python in another order; please report this.", call. = FALSE)
  }
  back <- order(came)
  result$embedding <- result$embedding[back, , drop = FALSE]
  rownames(result$embedding) <- cells
  result$domains <- stats::setNames(result$domains[back], cells)
  if (!is.null(result$confidence)) result$confidence <- stats::setNames(result$confidence[back], cells)
  result
}
