# Seurat -> counts and coordinates; embedding and domains -> Seurat. Seurat's coordinates come in four shapes:
#
# | image | where x (column, to the right) and y (row, downward) are |
# | --- | --- |
# | VisiumV1 | `imagecol`, `imagerow` in full-resolution pixels, which `scale = NULL` gives |
# | VisiumV2 | centroids: x is the row up to SeuratObject 5.3, the column where `coords_x_orientation` is "horizontal" |
# | FOV | centroids `x`, `y` with a column `cell` (row names are 1..n) |
# | SlideSeq, STARmap | `x`, `y`, cells as row names or in `cells` |

seurat_assay <- function(object, assay) {
  assay <- assay %||% SeuratObject::DefaultAssay(object)
  check_choice("assay", assay, names(object@assays))
}

# Raw counts of all cells of an assay, and which layers they came from. Several layers (`counts.1`, ...) are
# joined in a copy: the object keeps its own.
seurat_counts <- function(object, assay, layer, verbose) {
  layer <- layer %||% "counts"
  check_string("layer", layer)
  data <- object[[assay]]
  if (inherits(data, "StdAssay")) {
    layers <- SeuratObject::Layers(data)
    found <- if (layer %in% layers) layer else grep(paste0("^", escape_regex(layer), "\\."), layers, value = TRUE)
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
    if (!length(found)) {
      input_error("layer", sprintf("no layer '%s' in assay '%s'", layer, assay), paste("one of", name_list(layers)))
    }
    counts <- SeuratObject::LayerData(data, layer = found)
  } else {
    layers <- c("counts", "data", "scale.data")
    check_choice("layer", layer, layers)
    counts <- methods::slot(data, layer)
    if (!length(counts)) {
      input_error(
        "layer", sprintf("an empty layer '%s' in assay '%s'", layer, assay), "raw counts",
        "Choose another `assay` or `layer`."
      )
    }
  }
  cells <- colnames(object)
  without <- setdiff(cells, colnames(counts))
  if (length(without)) {
    input_error(
      "assay", sprintf("no counts in '%s' for %d of %d cells (%s)", assay, length(without), length(cells), name_list(without)),
      "counts for every cell", sprintf("Subset the object first: subset(object, cells = Cells(object[[\"%s\"]])).", assay)
    )
  }
  as_counts(if (identical(colnames(counts), cells)) counts else counts[, cells, drop = FALSE], "layer")
}

seurat_coordinates <- function(object, image, coordinates) {
  cells <- colnames(object)
  if (!is.null(coordinates)) {
    if (!is.null(image)) {
      input_error("coordinates", "both `coordinates` and `image`", "one of the two")
    }
    return(given_coordinates(coordinates, object[[]], cells))
  }
  image <- seurat_image(object, image)
  found <- image_coordinates(object[[image]], image)
  without <- setdiff(cells, rownames(found))
  if (length(without)) {
    input_error(
      "image", sprintf("no place in '%s' for %d of %d cells (%s)", image, length(without), length(cells), name_list(without)),
      "coordinates for every cell", sprintf("Subset the object first: subset(object, cells = Cells(object[[\"%s\"]])).", image)
    )
  }
  extra <- setdiff(rownames(found), cells)
  if (length(extra)) {
    input_error(
      "image", sprintf("%d cells in '%s' that the object does not have (%s)", length(extra), image, name_list(extra)),
      "the same cells in both",
      sprintf("Subset the image first: object[[\"%s\"]] <- subset(object[[\"%s\"]], cells = colnames(object)).", image, image)
    )
  }
  as_coordinates(found, cells, "image")
}

seurat_image <- function(object, image) {
  images <- SeuratObject::Images(object)
  if (!length(images)) {
    input_error(
      "image", "a Seurat object without images", "one that holds where the cells lie",
      "Give two metadata columns, such as coordinates = c(\"x\", \"y\")."
    )
  }
  if (is.null(image) && length(images) > 1L) {
    input_error(
      "image", sprintf("%d images (%s)", length(images), name_list(images)), "one",
      paste(
        "A run takes one slice: choose it with `image`, after subset(object, cells = Cells(object[[image]]))",
        "where the cells lie on several slices."
      )
    )
  }
  check_choice("image", image %||% images, images)
}

# x (to the right) and y (downward) with the cells as row names.
image_coordinates <- function(image, name) {
  if (inherits(image, "VisiumV1")) {
    found <- SeuratObject::GetTissueCoordinates(image, scale = NULL)
    return(as.matrix(found[, c("imagecol", "imagerow")]))
  }
  if (inherits(image, "FOV")) {
    boundary <- if ("centroids" %in% names(image)) image[["centroids"]] else image[[SeuratObject::DefaultBoundary(image)]]
    centroids <- if (inherits(boundary, "Centroids")) boundary else methods::as(boundary, "Centroids")
    found <- SeuratObject::GetTissueCoordinates(centroids, full = FALSE)
    xy <- as.matrix(found[, c("x", "y")])
    if (inherits(image, "VisiumV2") && !x_is_column(image)) {
      xy <- xy[, c("y", "x"), drop = FALSE]
    }
    rownames(xy) <- found$cell
    return(xy)
  }
  found <- SeuratObject::GetTissueCoordinates(image)
  if (!all(c("x", "y") %in% colnames(found))) {
    input_error(
      "image", sprintf("no columns x and y in the coordinates of '%s' (class %s)", name, class(image)[1L]),
      "coordinates of the cells", "Give them by `coordinates` instead."
    )
  }
  xy <- as.matrix(found[, c("x", "y")])
  if (!is.null(found$cells)) rownames(xy) <- found$cells
  xy
}

# VisiumV2 before SeuratObject 5.4 has no such slot, and keeps the image row in x.
x_is_column <- function(image) {
  methods::.hasSlot(image, "coords_x_orientation") &&
    identical(as.character(methods::slot(image, "coords_x_orientation")), "horizontal")
}

# The object with the embedding as a reduction: a row per cell, in the object's order.
seurat_add_embedding <- function(object, result, assay, reduction.name, reduction.key) {
  embedding <- result$embedding
  # Seurat takes letters and digits with one underscore at the end.
  reduction.key <- reduction.key %||% paste0(gsub("[^[:alnum:]]", "", toupper(reduction.name)), "_")
  colnames(embedding) <- paste0(reduction.key, seq_len(ncol(embedding)))
  object[[reduction.name]] <- SeuratObject::CreateDimReducObject(
    embeddings = embedding, assay = assay, key = reduction.key, misc = result$info
  )
  object
}

# The object with the domains in its metadata and as its identities.
seurat_add_domains <- function(object, domains, reduction.name) {
  column <- paste0(reduction.name, "_domain")
  object <- SeuratObject::AddMetaData(object, metadata = domains, col.name = column)
  SeuratObject::Idents(object) <- column
  object
}

# Settings as text; of coordinates only the names of columns.
loggable <- function(x) {
  if (is.null(x) || is.character(x)) x else if (is.null(dim(x))) deparse1(x) else describe_class(x)
}

escape_regex <- function(text) {
  gsub("([][{}()+*^$|\\\\?.])", "\\\\\\1", text)
}
