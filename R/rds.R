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
  names <- names(objects)
  cells <- suppressWarnings(names_apart(lapply(objects, piece_names)))
  if (kind_of_slices(objects) != "Seurat") {
    return(sce_join(objects, cells, slice_by, "SPOTSCAPE"))
  }
  joined <- seurat_merge(lapply(objects, current_seurat), cells)
  of <- factor(rep(names, lengths(cells)), levels = names)
  seurat_add_columns(joined, stats::setNames(list(of), slice_by), unlist(cells, use.names = FALSE))
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
  is_seurat <- kind_of(object) == "seurat"
  if (is_seurat) object <- current_seurat(object)
  cells <- piece_names(object)
  wanted <- as.character(unlist(pieces$obs$names))
  # The assay that was read may lack some of the cells of a Seurat object.
  own <- if (is_seurat) intersect(cells, wanted) else cells
  if (!identical(own, wanted)) {
    input_error("update", "other cells, or another order", "the cells of the object that is updated")
  }
  if (is_seurat) update_seurat(object, pieces) else update_sce(object, pieces)
}

update_seurat <- function(object, pieces) {
  known <- SeuratObject::Reductions(object)
  new <- pieces
  new$obsm <- pieces$obsm[setdiff(names(pieces$obsm), setdiff(known, "spotscape"))]
  obs <- table_from_piece(pieces$obs)
  assay <- plain_from_piece(pieces$record$assay) %||% SeuratObject::DefaultAssay(object)
  object <- seurat_reductions(object, new, list(), rownames(object[[assay]]), assay, rownames(obs))
  graphs <- pieces$obsp[setdiff(names(pieces$obsp), SeuratObject::Graphs(object))]
  object <- seurat_graphs(object, graphs, list(), assay, rownames(obs))
  elsewhere <- setdiff(c(SEURAT_IDENTS, SEURAT_SPLIT, SEURAT_IMAGE), run_slice_column(pieces$uns))
  at <- match(rownames(obs), colnames(object))
  for (name in setdiff(names(obs), elsewhere)) {
    values <- object[[]][[name]]
    if (!is.null(values) && same_values(values[at], obs[[name]])) next
    if (is.null(values) || length(at) == length(values)) {
      values <- obs[[name]][match(colnames(object), rownames(obs))]
    } else {
      values[at] <- obs[[name]]
    }
    object@meta.data[[name]] <- values
  }
  domains <- domain_column("spotscape")
  if (domains %in% names(obs)) SeuratObject::Idents(object, cells = rownames(obs)) <- obs[[domains]]
  if (outdated_confidence(obs)) object@meta.data[[confidence_column("spotscape")]] <- NULL
  uns <- plain_from_piece(pieces$uns)
  for (name in setdiff(names(uns), c("spotscape", names(SeuratObject::Misc(object))))) {
    suppressWarnings(SeuratObject::Misc(object, slot = name) <- uns[[name]])
  }
  object
}

update_sce <- function(object, pieces) {
  for (name in setdiff(names(pieces$obsm), setdiff(SingleCellExperiment::reducedDimNames(object), "SPOTSCAPE"))) {
    values <- pieces$obsm[[name]]
    stored <- if (name == "spotscape") "SPOTSCAPE" else name
    dimnames(values) <- list(colnames(object), paste0(stored, "_", seq_len(ncol(values))))
    SingleCellExperiment::reducedDim(object, stored) <- values
  }
  for (name in setdiff(names(pieces$obsp), SingleCellExperiment::colPairNames(object))) {
    SingleCellExperiment::colPair(object, name) <- pieces$obsp[[name]]
  }
  obs <- table_from_piece(pieces$obs)
  for (name in names(obs)) {
    if (!same_values(SummarizedExperiment::colData(object)[[name]], obs[[name]])) {
      SummarizedExperiment::colData(object)[[name]] <- obs[[name]]
    }
  }
  if (outdated_confidence(obs)) SummarizedExperiment::colData(object)[[confidence_column("spotscape")]] <- NULL
  uns <- plain_from_piece(pieces$uns)
  known <- setdiff(names(S4Vectors::metadata(object)), "spotscape")
  for (name in setdiff(names(uns), known)) S4Vectors::metadata(object)[[name]] <- uns[[name]]
  object
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
  texts <- character()
  tryCatch(
    withCallingHandlers(
      list(value = f(...), warnings = array(texts)),
      warning = function(w) {
        texts <<- c(texts, conditionMessage(w))
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
