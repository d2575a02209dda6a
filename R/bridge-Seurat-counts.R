# Counts of a Seurat object: the assay that holds raw ones, its layers, split or not.

seurat_assay <- function(object, assay) {
  assay <- assay %||% raw_assay(object, SeuratObject::DefaultAssay(object))
  check_choice("assay", assay, names(object@assays))
}

# SCTransform() leaves corrected counts, which are no raw ones, in the assay that it makes the default: the assay that
# they were made from.
raw_assay <- function(object, assay) {
  corrected <- object[[assay]]
  if (!inherits(corrected, "SCTAssay") && assay != "SCT") {
    return(assay)
  }
  others <- setdiff(names(object@assays), assay)
  source <- if (inherits(corrected, "SCTAssay")) {
    unlist(lapply(methods::slot(corrected, "SCTModel.list"), function(model) methods::slot(model, "umi.assay")))
  }
  source <- c(intersect(source, others), intersect(c("Spatial", "RNA", "Xenium"), others), if (length(others) == 1L) others)
  if (!length(source)) {
    if (inherits(corrected, "SCTAssay")) {
      warning(sprintf(
        "Assay '%s' holds counts that SCTransform() corrected, and the object has no other with raw ones.", assay
      ), call. = FALSE)
    }
    return(assay)
  }
  note(
    "assay '%s' holds counts that SCTransform() corrected; raw counts are taken from '%s', which they were made from.",
    assay, source[[1L]]
  )
  source[[1L]]
}

# The object on the cells of one assay: one of Visium HD has bins of several sizes, each in an assay of its own.
seurat_part <- function(object, assay) {
  cells <- intersect(colnames(object), colnames(object[[assay]]))
  if (length(cells) == ncol(object)) {
    return(object)
  }
  note(
    "assay '%s' has %d of the object's %d cells; these are looked at, and the others get NA.",
    assay, length(cells), ncol(object)
  )
  seurat_on(object, cells, assay)
}

# A part of the object for reading counts and places.
seurat_on <- function(object, cells, assay) {
  SeuratObject::DefaultAssay(object) <- assay
  object@reductions <- object@graphs <- object@neighbors <- list()
  for (other in setdiff(names(object@assays), assay)) object@assays[[other]] <- NULL
  object@images <- object@images[vapply(object@images, function(image) any(SeuratObject::Cells(image) %in% cells), NA)]
  suppressWarnings(subset(object, cells = cells))
}

# Raw counts of all cells of an assay, and which layers they came from. Several layers (`counts.1`, ...) are
# joined in a copy: the object keeps its own.
seurat_counts <- function(object, assay, layer, verbose) {
  layer <- layer %||% "counts"
  check_string("layer", layer)
  data <- object[[assay]]
  if (inherits(data, "StdAssay")) {
    found <- assay_layers(data, assay, layer)
    if (length(found) > 1L) {
      if (verbose) {
        message(sprintf(
          "spotscape: joined the layers %s of assay '%s' for this run; the object keeps them as they are.",
          name_list(found), assay
        ))
      }
      data <- SeuratObject::JoinLayers(data, layers = layer, new = layer)
      found <- layer
    }
    counts <- layer_data(data, found)
  } else {
    counts <- old_assay_layer(data, assay, layer)
  }
  cells <- colnames(object)
  refuse_without_counts(cells, colnames(counts), assay)
  as_counts(if (identical(colnames(counts), cells)) counts else counts[, cells, drop = FALSE], "layer")
}

# The layer of this name, or those that it was split into.
assay_layers <- function(data, assay, layer, needed = TRUE) {
  layers <- SeuratObject::Layers(data)
  found <- if (layer %in% layers) layer else grep(paste0("^", escape_regex(layer), "\\."), layers, value = TRUE)
  if (!length(found) && needed) {
    input_error("layer", sprintf("no layer '%s' in assay '%s'", layer, assay), paste("one of", name_list(layers)))
  }
  found
}

# A layer of a v5 assay, genes x cells with their names. LayerData() takes a subset, even of all, which copies the
# matrix; one that lies in the object is taken as it is.
layer_data <- function(data, name) {
  counts <- if (methods::is(data, "Assay5")) methods::slot(data, "layers")[[name]]
  if (methods::is(counts, "dgCMatrix")) {
    names <- list(SeuratObject::Features(data, layer = name), SeuratObject::Cells(data, layer = name))
    if (identical(lengths(names), dim(counts))) {
      dimnames(counts) <- names
      return(counts)
    }
  }
  SeuratObject::LayerData(data, layer = name)
}

# A layer of an Assay, as Seurat v4 made them.
old_assay_layer <- function(data, assay, layer) {
  check_choice("layer", layer, c("counts", "data", "scale.data"))
  counts <- methods::slot(data, layer)
  if (!length(counts)) {
    input_error(
      "layer", sprintf("an empty layer '%s' in assay '%s'", layer, assay), "raw counts",
      "Choose another `assay` or `layer`."
    )
  }
  counts
}

refuse_without_counts <- function(cells, counted, assay) {
  without <- setdiff(cells, counted)
  if (length(without)) {
    input_error(
      "assay",
      sprintf("no counts in '%s' for %d of %d cells (%s)", assay, length(without), length(cells), name_list(without)),
      "counts for every cell",
      sprintf("Subset the object first: subset(object, cells = Cells(object[[\"%s\"]])).", assay)
    )
  }
}

# Raw counts slice by slice: `cells` is a list of names. Layers are not joined as a whole, which would fill the genes
# that one of them lacks with zeros: each slice has the genes that all of its own layers have.
seurat_slice_counts <- function(data, assay, layer, cells) {
  layer <- layer %||% "counts"
  check_string("layer", layer)
  layers <- if (inherits(data, "StdAssay")) {
    lapply(assay_layers(data, assay, layer), function(name) layer_data(data, name))
  } else {
    list(old_assay_layer(data, assay, layer))
  }
  refuse_without_counts(unlist(cells, use.names = FALSE), unlist(lapply(layers, colnames)), assay)
  lapply(cells, function(wanted) {
    parts <- Filter(function(counts) any(wanted %in% colnames(counts)), layers)
    genes <- Reduce(intersect, lapply(parts, rownames))
    parts <- lapply(parts, function(counts) {
      own <- intersect(wanted, colnames(counts))
      whole <- identical(own, colnames(counts)) && identical(genes, rownames(counts))
      as_counts(if (whole) counts else counts[genes, own, drop = FALSE], "layer")
    })
    counts <- if (length(parts) == 1L) parts[[1L]] else do.call(cbind, parts)
    if (identical(colnames(counts), wanted)) counts else counts[, wanted, drop = FALSE]
  })
}

escape_regex <- function(text) {
  gsub("([][{}()+*^$|\\\\?.])", "\\\\\\1", text)
}
