# Seurat -> counts and coordinates; embedding and domains -> Seurat. Seurat's coordinates come in four shapes:
#
# | image | where x (column, to the right) and y (row, downward) are |
# | --- | --- |
# | VisiumV1 | `imagecol`, `imagerow` in full-resolution pixels, which `scale = NULL` gives |
# | VisiumV2 | centroids: x is the row up to SeuratObject 5.3, the column where `coords_x_orientation` is "horizontal" |
# | FOV | centroids `x`, `y` with a column `cell` (row names are 1..n) |
# | SlideSeq, STARmap | `x`, `y`, cells as row names or in `cells` |

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

seurat_one_slice <- function(object, image, assay) {
  images <- own_images(object)
  if (!is.null(image) || any(lengths(images) == ncol(object))) {
    return(invisible())
  }
  if (length(images) > 1L) {
    refuse_several(sprintf("%d images (%s) of different cells", length(images), name_list(names(images))))
  }
  refuse_several_in_table(object[[]])
  layers <- if (inherits(object[[assay]], "StdAssay")) assay_layers(object[[assay]], assay, "counts", needed = FALSE)
  if (length(layers) > 1L) {
    refuse_several(
      sprintf("the layers %s in assay '%s', and no image that holds all cells", name_list(layers), assay), "one slice",
      sprintf("Where they are of one slice, join them: object[[\"%s\"]] <- JoinLayers(object[[\"%s\"]]).", assay, assay)
    )
  }
}

# The cells that each image holds, without images that show a part of another once more (a zoom of an FOV).
own_images <- function(object) {
  held <- lapply(object@images, function(image) intersect(colnames(object), SeuratObject::Cells(image)))
  held <- held[lengths(held) > 0L]
  is_part <- vapply(names(held), function(name) {
    any(vapply(setdiff(names(held), name), function(other) {
      length(held[[name]]) < length(held[[other]]) && all(held[[name]] %in% held[[other]])
    }, NA))
  }, NA)
  held[!is_part]
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
  refuse_unknown_cells(found, cells, image)
  as_coordinates(found, cells, "image")
}

refuse_unknown_cells <- function(found, cells, image) {
  extra <- setdiff(rownames(found), cells)
  if (length(extra)) {
    input_error(
      "image", sprintf("%d cells in '%s' that the object does not have (%s)", length(extra), image, name_list(extra)),
      "the same cells in both",
      sprintf(
        "Subset the image first: object[[\"%s\"]] <- subset(object[[\"%s\"]], cells = colnames(object)).", image, image
      )
    )
  }
}

# Coordinates of one slice, or of several (a factor; NULL for one), each in its own image.
seurat_places <- function(object, image, coordinates, slices) {
  if (is.null(slices) || !is.null(image) || !is.null(coordinates)) {
    return(seurat_coordinates(object, image, coordinates))
  }
  if (length(own_images(object)) == 1L && length(SeuratObject::Images(object)) == 1L) {
    return(seurat_coordinates(object, NULL, NULL))
  }
  found <- seurat_image_places(object)
  pairs <- unique(data.frame(slice = slices, image = found$image))
  twice <- pairs$slice[duplicated(pairs$slice)]
  if (length(twice)) {
    input_error(
      "slice_by", sprintf("slice '%s' in the images %s", twice[1L], name_list(pairs$image[pairs$slice == twice[1L]])),
      "a slice in one image", "Choose another column, or give `coordinates`."
    )
  }
  found$xy
}

# Where each cell lies, in the one image that holds it: `xy`, and the image's name.
seurat_image_places <- function(object) {
  images <- names(own_images(object))
  if (!length(images)) seurat_image(object, NULL)
  cells <- colnames(object)
  xy <- matrix(NA_real_, length(cells), 2L)
  of <- rep(NA_character_, length(cells))
  for (image in images) {
    found <- image_coordinates(object[[image]], image)
    refuse_unknown_cells(found, cells, image)
    at <- match(rownames(found), cells)
    twice <- at[!is.na(of[at])]
    if (length(twice)) {
      input_error(
        "object",
        sprintf(
          "%d cells in both images '%s' and '%s' (%s)", length(twice), of[twice[1L]], image, name_list(cells[twice])
        ),
        "each cell in one image",
        sprintf("Take one of them out, object[[\"%s\"]] <- NULL, or give `coordinates` and `slice_by`.", image)
      )
    }
    of[at] <- image
    xy[at, ] <- found
  }
  without <- cells[is.na(of)]
  if (length(without)) {
    input_error(
      "object", sprintf("%d of %d cells in no image (%s)", length(without), length(cells), name_list(without)),
      "an image for every cell", "Subset the object to the cells that have one, or give `coordinates` and `slice_by`."
    )
  }
  list(xy = xy, image = of)
}

# Whether the object says where its cells lie, without `image` and `coordinates`.
seurat_has_places <- function(object) length(SeuratObject::Images(object)) > 0L

# The slices of a merged object: by its metadata, or else by the image that each cell lies in.
seurat_slices <- function(object, slice_by, assay) {
  table <- object[[]]
  images <- names(own_images(object))
  by_image <- slice_by %in% c("slice", SEURAT_IMAGE) && !slice_by %in% colnames(table)
  layers <- if (inherits(object[[assay]], "StdAssay")) assay_layers(object[[assay]], assay, "counts", needed = FALSE)
  if (by_image && !length(images) && length(layers) > 1L) {
    note("slices are the layers %s of assay '%s'.", name_list(layers), assay)
    of <- layer_slices(object[[assay]], layers)
    return(stats::setNames(of[colnames(object)], NULL))
  }
  if (!by_image || length(images) < 2L) {
    todo <- if (length(images) == 1L) "The object has one image; for one slice, call RunSpotscape()."
    return(column_slices(table, slice_by, todo))
  }
  image_slices(object)
}

# One object of several, slice by slice, whose cells have no names in common.
seurat_merge <- function(objects, cells) {
  objects <- Map(function(object, names) {
    if (identical(colnames(object), names)) object else SeuratObject::RenameCells(object, new.names = names)
  }, unname(objects), unname(cells))
  # Keys of images are told apart by merge(), which warns of each.
  withCallingHandlers(
    merge(objects[[1L]], objects[-1L]),
    warning = function(w) if (grepl("^Key .* taken", conditionMessage(w))) tryInvokeRestart("muffleWarning")
  )
}

seurat_image <- function(object, image) {
  images <- SeuratObject::Images(object)
  if (!length(images)) {
    input_error(
      "image", "a Seurat object without images", "one that holds where the cells lie",
      paste(c(
        reduction_hint(object), "Give two metadata columns, such as coordinates = c(\"x\", \"y\")."
      ), collapse = " ")
    )
  }
  if (is.null(image) && length(images) > 1L) {
    whole <- names(Filter(function(cells) length(cells) == ncol(object), own_images(object)))
    if (length(whole) == 1L) {
      note("places are those of image '%s', which holds all cells.", whole)
      return(whole)
    }
    input_error(
      "image", sprintf("%d images (%s)", length(images), name_list(images)), "one",
      paste(
        "A run takes one slice: choose it with `image`, after subset(object, cells = Cells(object[[image]]))",
        "where the cells lie on several slices. IntegrateSlices() takes several."
      )
    )
  }
  check_choice("image", image %||% images, images)
}

# A reduction of two columns that is named after space holds the places.
reduction_hint <- function(object) {
  for (name in SeuratObject::Reductions(object)) {
    if (ncol(object[[name]]) == 2L && grepl("spatial|coord|position|tissue", name, ignore.case = TRUE)) {
      return(sprintf("Its reduction '%s' may hold them: coordinates = Embeddings(object[[\"%s\"]]).", name, name))
    }
  }
  NULL
}

# x (to the right) and y (downward), under these names, with the cells as row names.
image_coordinates <- function(image, name) {
  found <- read_image_coordinates(image, name)
  colnames(found) <- c("x", "y")
  found
}

read_image_coordinates <- function(image, name) {
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
  # Taken out first: of another width, Seurat would warn that it changes.
  if (reduction.name %in% SeuratObject::Reductions(object)) object[[reduction.name]] <- NULL
  object[[reduction.name]] <- embedding_reduction(result, assay, reduction.name, reduction.key)
  suppressWarnings(SeuratObject::Misc(object, slot = model_name(reduction.name)) <- result$model)
  object
}

embedding_reduction <- function(result, assay, reduction.name, reduction.key) {
  embedding <- result$embedding
  reduction.key <- reduction.key %||% seurat_key(toupper(reduction.name))
  colnames(embedding) <- paste0(reduction.key, seq_len(ncol(embedding)))
  SeuratObject::CreateDimReducObject(
    embeddings = embedding, assay = assay, key = reduction.key, misc = result$info
  )
}

# Seurat takes letters and digits with one underscore at the end.
seurat_key <- function(name) paste0(sub("^([0-9]|$)", "image\\1", gsub("[^[:alnum:]]", "", name)), "_")

# The object with the domains in its metadata and as its identities, and how sure they are. An earlier column of that
# goes where nothing says it of these domains.
seurat_add_domains <- function(object, result, reduction.name) {
  column <- domain_column(reduction.name)
  own <- names(result$domains)
  object <- seurat_add_columns(
    object, stats::setNames(list(result$domains, result$confidence), c(column, confidence_column(reduction.name))), own
  )
  if (identical(own, colnames(object))) {
    SeuratObject::Idents(object) <- column
  } else {
    SeuratObject::Idents(object, cells = own) <- unname(result$domains)
  }
  object
}

# Columns of the metadata, in the order of `cells`: NA for cells that are not among them.
seurat_add_columns <- function(object, columns, cells = colnames(object)) {
  at <- match(colnames(object), cells)
  for (name in names(columns)) {
    values <- unname(columns[[name]])
    object@meta.data[[name]] <- if (is.null(values)) NULL else if (identical(at, seq_along(values))) values else values[at]
  }
  object
}

# Settings as text; of coordinates only the names of columns.
loggable <- function(x) {
  if (is.null(x) || is.character(x)) x else if (is.null(dim(x))) deparse1(x) else describe_class(x)
}

escape_regex <- function(text) {
  gsub("([][{}()+*^$|\\\\?.])", "\\\\\\1", text)
}

# Where the object keeps the trained model of a reduction.
model_name <- function(reduction.name) paste0(tolower(reduction.name), "_model")

# The column of the domains that belong to a reduction, in metadata and in colData alike.
domain_column <- function(reduction.name) paste0(reduction.name, "_domain")

# The column beside it: how sure each cell's domain is.
confidence_column <- function(reduction.name) paste0(reduction.name, "_confidence")
