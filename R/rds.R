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
  if (is.list(object) && !is.object(object)) {
    for (one in object) kind_of(one, basename(path))
  } else {
    kind_of(object, basename(path))
  }
  object
}

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
  if (!is.list(object) || is.object(object)) {
    return(stats::setNames(list(take_apart(object, assay)), ""))
  }
  if (!length(object)) {
    input_error("object", "an empty list", "a list of slices")
  }
  names(object) <- names(object) %||% as.character(seq_along(object))
  lapply(object, take_apart, assay = assay)
}

kind_of <- function(object, name = "object") {
  kinds <- c(Seurat = "seurat", SpatialExperiment = "spe", SingleCellExperiment = "sce")
  found <- names(kinds)[vapply(names(kinds), function(class) inherits(object, class), NA)]
  # Code may claim any class.
  if (length(found) && !is.language(object)) {
    return(kinds[[found[[1L]]]])
  }
  input_error(name, describe_class(object), "a Seurat, SpatialExperiment or SingleCellExperiment object, or a list of such")
}

# The object with what the pieces have beyond it: columns, reductions, what is said of the whole.
update_object <- function(object, pieces) {
  is_seurat <- inherits(object, "Seurat")
  if (is_seurat) object <- current_seurat(object)
  cells <- if (is_seurat) colnames(object) else cell_names(object)
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
  for (name in setdiff(names(obs), c(SEURAT_IDENTS, SEURAT_SPLIT, SEURAT_IMAGE))) {
    known <- object[[]][[name]]
    at <- match(rownames(obs), colnames(object))
    if (is.null(known) || length(at) == length(known)) {
      known <- obs[[name]][match(colnames(object), rownames(obs))]
    } else if (!identical(known[at], obs[[name]])) {
      known[at] <- obs[[name]]
    }
    object@meta.data[[name]] <- known
  }
  domains <- domain_column("spotscape")
  if (domains %in% names(obs)) SeuratObject::Idents(object, cells = rownames(obs)) <- obs[[domains]]
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
    if (!identical(SummarizedExperiment::colData(object)[[name]], obs[[name]])) {
      SummarizedExperiment::colData(object)[[name]] <- obs[[name]]
    }
  }
  uns <- plain_from_piece(pieces$uns)
  known <- setdiff(names(S4Vectors::metadata(object)), "spotscape")
  for (name in setdiff(names(uns), known)) S4Vectors::metadata(object)[[name]] <- uns[[name]]
  object
}
