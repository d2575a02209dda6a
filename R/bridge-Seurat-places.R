# Where the cells of a Seurat object lie, and on which slice. Its coordinates come in four shapes:
#
# | image | where x (column, to the right) and y (row, downward) are |
# | --- | --- |
# | VisiumV1 | `imagecol`, `imagerow` in full-resolution pixels, which `scale = NULL` gives |
# | VisiumV2 | centroids: x is the row up to SeuratObject 5.3, the column where `coords_x_orientation` is "horizontal" |
# | FOV | centroids `x`, `y` with a column `cell` (row names are 1..n) |
# | SlideSeq, STARmap | `x`, `y`, cells as row names or in `cells` |

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

# The image that each cell lies in.
image_slices <- function(object) factor(seurat_image_places(object)$image, levels = names(own_images(object)))

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
