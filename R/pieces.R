# Objects taken apart into pieces that both ways to Python (reticulate here, rpy2 from Python) carry as they are, and
# put together again: arrays, dgCMatrix, text, and named lists of these. No NA and no class but dgCMatrix crosses.
#
# | R | piece |
# | --- | --- |
# | column of a table | `kind`, `values` without NA, `missing` (from 0), `levels` of a factor |
# | table | `names` of its rows, `columns`, and the names of columns that cannot cross, `dropped` |
# | matrix of any kind | dense (integer, double, logical) or dgCMatrix, without names |
#
# `spotscape.interop.pieces` in Python is the other side.

# Runs of equal values (Rle) as the vector or factor that they stand for.
as_plain <- function(x) if (methods::is(x, "Rle")) S4Vectors::decode(x) else x

column_piece <- function(x) {
  x <- as_plain(x)
  kind <- column_kind(x)
  if (is.null(kind)) {
    return(NULL)
  }
  missing <- which(is.na(x)) - 1L
  values <- switch(kind,
    factor = , ordered = as.integer(x),
    logical = as.integer(x),
    integer = , double = , character = unname(as.vector(x)),
    Date = format(x),
    POSIXct = format(as.POSIXct(x), "%Y-%m-%dT%H:%M:%OS6Z", tz = "UTC")
  )
  values[missing + 1L] <- switch(typeof(values), integer = 0L, double = NaN, character = "")
  list(
    kind = if (kind == "POSIXct") paste("POSIXct", attr(x, "tzone")[1L] %||% "") else kind,
    values = array(values), missing = array(missing),
    levels = if (is.factor(x)) array(levels(x))
  )
}

column_kind <- function(x) {
  if (!is.atomic(x) || length(dim(x)) > 1L) {
    return(NULL)
  }
  for (kind in c("ordered", "factor", "Date", "POSIXct")) {
    if (inherits(x, kind)) return(kind)
  }
  if (is.object(x)) {
    return(NULL)
  }
  kind <- typeof(as.vector(x))
  if (kind %in% c("logical", "integer", "double", "character")) kind
}

# The way back: a vector or factor.
column_from_piece <- function(piece) {
  values <- as.vector(unlist(piece$values))
  missing <- as.integer(unlist(piece$missing)) + 1L
  levels <- as.character(unlist(piece$levels))
  zone <- sub("^POSIXct ?", "", piece$kind)
  if (startsWith(piece$kind, "POSIXct")) piece$kind <- "POSIXct"
  if (piece$kind %in% c("factor", "ordered")) {
    values <- factor(levels[replace(as.integer(values), missing, NA)], levels = levels, ordered = piece$kind == "ordered")
    return(values)
  }
  values <- switch(piece$kind,
    logical = as.logical(values), integer = as.integer(values), double = as.double(values),
    character = , Date = , POSIXct = as.character(values)
  )
  values[missing] <- NA
  if (piece$kind == "double") values[is.nan(values)] <- NA
  switch(piece$kind,
    Date = as.Date(values),
    POSIXct = in_zone(as.POSIXct(values, format = "%Y-%m-%dT%H:%M:%OSZ", tz = "UTC"), zone),
    values
  )
}

in_zone <- function(times, zone) {
  attr(times, "tzone") <- zone
  times
}

table_piece <- function(table, names = rownames(table)) {
  columns <- lapply(stats::setNames(nm = colnames(table)), function(name) column_piece(table[[name]]))
  list(
    names = array(as.character(names)), columns = Filter(Negate(is.null), columns),
    # Tables without a column have no names either, where an older R wrote them.
    dropped = array(as.character(names(columns)[vapply(columns, is.null, NA)]))
  )
}

table_from_piece <- function(piece) {
  names <- as.character(unlist(piece$names))
  columns <- lapply(piece$columns, column_from_piece)
  table <- structure(columns, class = "data.frame", row.names = seq_along(names))
  if (!length(columns)) table <- data.frame(row.names = seq_along(names))
  automatic <- identical(names, as.character(seq_along(names)))
  if (!automatic && !anyDuplicated(names)) rownames(table) <- names
  table
}

# Dense stays dense, integer stays integer; all else becomes a dgCMatrix.
matrix_piece <- function(x, name) {
  if (inherits(x, "data.frame")) x <- as.matrix(x)
  if (is.matrix(x) && (is.numeric(x) || is.logical(x))) {
    return(`dimnames<-`(unclass(x), NULL))
  }
  x <- as_sparse(x, name)
  x@Dimnames <- list(NULL, NULL)
  x
}

# A matrix with names again. One-dimensional and transposed shapes do not occur: Python sends genes x cells.
matrix_from_piece <- function(x, rows, columns, n = c(length(rows), length(columns))) {
  # What is one number wide came as a vector.
  if (is.null(dim(x))) x <- matrix(x, n[[1L]], n[[2L]])
  dimnames(x) <- list(rows, columns)
  x
}

# Matrices beside the main assay, assay by assay, in the order they came.
by_assay <- function(extra) {
  assays <- vapply(extra, function(one) one$assay, "")
  split(extra, factor(assays, unique(assays)))
}

# Rows of `x` at the places of `all`, zero (or NA) where `x` has none.
spread_rows <- function(x, at, n, fill = 0) {
  if (identical(as.integer(at), seq_len(n))) {
    return(x)
  }
  if (is.matrix(x)) {
    spread <- matrix(methods::as(fill, typeof(x)), n, ncol(x))
    spread[at, ] <- x
    return(spread)
  }
  Matrix::sparseMatrix(i = at, j = seq_along(at), x = 1, dims = c(n, length(at))) %*% x
}

# Lists within lists beyond this are no settings, and deeper than R can follow.
DEEPEST <- 50L

is_deep <- function(x) {
  level <- list(x)
  for (depth in seq_len(DEEPEST)) {
    level <- unlist(Filter(is_plain_list, level), recursive = FALSE, use.names = FALSE)
    if (!length(level)) {
      return(FALSE)
    }
  }
  TRUE
}

# What a list of settings holds that can cross: numbers, text, tables and lists of these.
plain_piece <- function(x, depth = 0L) {
  if (is.null(x) || depth == 0L && is_deep(x)) {
    return(NULL)
  }
  if (inherits(x, c("data.frame", "DataFrame"))) {
    return(list(.table = table_piece(x, rownames(x) %||% seq_len(nrow(x)))))
  }
  if (is.list(x) && !is.object(x)) {
    if (length(x) && (is.null(names(x)) || !all(nzchar(names(x))))) names(x) <- as.character(seq_along(x))
    return(Filter(Negate(is.null), lapply(x, plain_piece, depth = depth + 1L)))
  }
  if (is.matrix(x) && is.numeric(x) && !is.object(x)) {
    return(`dimnames<-`(x, NULL))
  }
  piece <- if (is.atomic(x) && length(x)) column_piece(x)
  if (!is.null(piece)) list(.column = c(piece, list(scalar = length(x) == 1L && is.null(names(x)))))
}

plain_from_piece <- function(x) {
  if (!is.list(x)) {
    return(x)
  }
  if (identical(names(x), ".table")) {
    return(table_from_piece(x[[1L]]))
  }
  if (identical(names(x), ".column")) {
    return(column_from_piece(x[[1L]]))
  }
  lapply(x, plain_from_piece)
}
