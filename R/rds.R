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
  if (is.list(object) && !is.object(object)) lapply(object, kind_of) else kind_of(object)
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

kind_of <- function(object) {
  for (class in c("Seurat", "SpatialExperiment", "SingleCellExperiment")) {
    if (inherits(object, class)) return(c(Seurat = "seurat", SpatialExperiment = "spe", SingleCellExperiment = "sce")[[class]])
  }
  input_error("object", describe_class(object), "a Seurat, SpatialExperiment or SingleCellExperiment object")
}

# The object with what the pieces have beyond it: columns, reductions, what is said of the whole.
update_object <- function(object, pieces) {
  is_seurat <- inherits(object, "Seurat")
  if (is_seurat) object <- current_seurat(object)
  cells <- if (is_seurat) colnames(object) else cell_names(object)
  if (!identical(cells, as.character(unlist(pieces$obs$names)))) {
    input_error("update", "other cells, or another order", "the cells of the object that is updated")
  }
  if (is_seurat) update_seurat(object, pieces) else update_sce(object, pieces)
}

update_seurat <- function(object, pieces) {
  known <- SeuratObject::Reductions(object)
  new <- pieces
  new$obsm <- pieces$obsm[setdiff(names(pieces$obsm), setdiff(known, "spotscape"))]
  object <- seurat_reductions(object, new, list(), rownames(object), SeuratObject::DefaultAssay(object))
  object <- seurat_graphs(
    object, pieces$obsp[setdiff(names(pieces$obsp), SeuratObject::Graphs(object))], list(),
    SeuratObject::DefaultAssay(object)
  )
  obs <- table_from_piece(pieces$obs)
  for (name in setdiff(names(obs), c(SEURAT_IDENTS, SEURAT_SPLIT, SEURAT_IMAGE))) {
    if (!identical(object[[]][[name]], obs[[name]])) object@meta.data[[name]] <- obs[[name]]
  }
  domains <- domain_column("spotscape")
  if (domains %in% names(obs)) SeuratObject::Idents(object) <- domains
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
