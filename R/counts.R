# Counts and coordinates in the two shapes that go over to Python, whatever they were.

# Any matrix as a dgCMatrix.
as_sparse <- function(x, name) {
  # An object can be read from a file where the package of its matrix is not installed.
  package <- attr(class(x), "package")
  if (!is.null(package)) require_packages(package, sprintf("A matrix of class %s", class(x)[[1L]]))
  tryCatch(
    methods::as(methods::as(methods::as(x, "CsparseMatrix"), "generalMatrix"), "dMatrix"),
    error = function(e) {
      input_error(name, describe_class(x), "a matrix of counts, genes x cells", conditionMessage(e))
    }
  )
}

# Raw counts, genes x cells, with row and column names.
as_counts <- function(x, name) {
  counts <- as_sparse(x, name)
  if (!all(dim(counts))) {
    input_error(name, sprintf("%d genes x %d cells", nrow(counts), ncol(counts)), "at least one of each")
  }
  # Unnamed rows or columns are told apart by their number; names never come back from here.
  dimnames(counts) <- list(
    rownames(counts) %||% as.character(seq_len(nrow(counts))),
    colnames(counts) %||% as.character(seq_len(ncol(counts)))
  )
  counts
}

# Names of columns, word by word, that say which axis they are of.
AXES <- list(
  x = c("x", "col", "cols", "column", "imagecol", "pxlcol", "arraycol", "xcoord", "coordx", "sdimx", "xcentroid"),
  y = c("y", "row", "rows", "imagerow", "pxlrow", "arrayrow", "ycoord", "coordy", "sdimy", "ycentroid")
)

# The numbers of the columns that are x, y (and z), by their names; NULL where these do not say so.
axes_in_order <- function(names) {
  words <- strsplit(tolower(gsub("([a-z])([A-Z])", "\\1_\\2", names)), "[^a-z]+")
  found <- lapply(AXES, function(known) which(vapply(words, function(own) any(own %in% known), NA)))
  if (any(lengths(found) != 1L) || found$x == found$y) NULL else unique(c(found$x, found$y, seq_along(names)))
}

# x, y (and z) in this order, whatever order they come in.
by_axis <- function(x, name) {
  names <- colnames(x)
  if (is.null(names)) {
    return(x)
  }
  order <- axes_in_order(names)
  if (is.null(order)) {
    note(
      "%s: the names of the columns do not say which is x, so '%s' is taken as x and '%s' as y, by position.",
      name, names[1L], names[2L]
    )
    return(x)
  }
  if (!identical(names[order[c(1L, 2L)]], c("x", "y"))) {
    note("%s: x is '%s' and y is '%s'.", name, names[order[1L]], names[order[2L]])
  }
  x[, order, drop = FALSE]
}

# Row names from the column of cells that Seurat's GetTissueCoordinates() adds.
cells_as_row_names <- function(x) {
  column <- which(tolower(names(x)) %in% c("cell", "cells", "barcode", "barcodes") & !vapply(x, is.numeric, NA))
  if (length(column) != 1L || anyDuplicated(x[[column]])) {
    return(x)
  }
  rownames(x) <- as.character(x[[column]])
  x[-column]
}

# Numbers, cells x 2 or 3, in the order of `cells`: by row names where there are any, else as they stand. Columns go by
# their names.
as_coordinates <- function(x, cells, name) {
  if (is.data.frame(x) || methods::is(x, "DataFrame")) {
    x <- cells_as_row_names(as.data.frame(x))
    numeric <- vapply(x, is.numeric, NA)
    if (!all(numeric)) {
      input_error(name, paste("columns that are not numbers:", name_list(names(x)[!numeric])), "numbers only")
    }
    # A data frame always has row names; only those that are not 1, 2, 3, ... were given.
    automatic <- .row_names_info(x) < 0L
    x <- as.matrix(x)
    if (automatic) rownames(x) <- NULL
  }
  if (!is.matrix(x) || !is.numeric(x) || !ncol(x) %in% 2:3) {
    found <- if (is.matrix(x)) sprintf("%d columns of type %s", ncol(x), typeof(x)) else describe_class(x)
    input_error(name, found, "a numeric matrix or data frame with 2 or 3 columns (x, y, z), a row per cell")
  }
  if (!is.null(rownames(x)) && !anyDuplicated(rownames(x))) {
    without <- setdiff(cells, rownames(x))
    if (length(without)) {
      input_error(
        name, sprintf("no row for %d of %d cells (%s)", length(without), length(cells), name_list(without)),
        "row names that hold every cell", "Subset the object to the cells that have coordinates, or take the row names away."
      )
    }
    x <- x[cells, , drop = FALSE]
  } else if (nrow(x) != length(cells)) {
    input_error(name, sprintf("%d rows", nrow(x)), sprintf("one for each of the %d cells", length(cells)))
  }
  x <- by_axis(x, name)
  dimnames(x) <- NULL
  storage.mode(x) <- "double"
  x
}

# Coordinates that the user gave: numbers, or the names of columns in the object's table about its cells.
given_coordinates <- function(coordinates, table, cells) {
  if (is.character(coordinates) && is.null(dim(coordinates))) {
    absent <- setdiff(coordinates, colnames(table))
    if (length(absent)) {
      input_error(
        "coordinates", paste("no column", name_list(absent)), "two or three columns that hold x, y (and z)",
        paste0("The object has the columns ", name_list(colnames(table), 20L), ".")
      )
    }
    coordinates <- as.data.frame(table[, coordinates, drop = FALSE])
    rownames(coordinates) <- cells
  }
  as_coordinates(coordinates, cells, "coordinates")
}

describe_class <- function(x) {
  sprintf("an object of class %s", name_list(class(x)))
}
