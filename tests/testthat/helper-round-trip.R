# Objects of every kind that come from the simulated slice, and what of one has to be in another. scripts/round_trip.R
# takes all of them, test-round-trip.R a few.

# A row for each kind: class, version of the assay or names of the coordinates, slices, and what is special.
round_trip_kinds <- function() {
  seurat <- expand.grid(
    version = c("v5", "v3"), image = c("VisiumV2", "VisiumV1", "FOV", "SlideSeq"), slices = c("one", "two", "list"),
    stringsAsFactors = FALSE
  )
  seurat <- data.frame(class = "Seurat", seurat, special = "")
  more <- data.frame(
    class = "Seurat", version = "v5", image = c("VisiumV2", "FOV", "FOV", "SlideSeq"),
    slices = c("two", "two", "one", "two"), special = c("joined", "joined", "zoom", "sample_id")
  )
  spe <- expand.grid(
    class = "SpatialExperiment", version = c("x,y", "pxl_col,pxl_row", "row,col"), image = "none",
    slices = c("one", "two", "list"), special = "", stringsAsFactors = FALSE
  )
  other <- data.frame(
    class = c(rep("SpatialExperiment", 5L), rep("SingleCellExperiment", 2L)), version = "x,y",
    image = c("pictures", "pictures", rep("none", 5L)), slices = c("one", "two", "one", "two", "one", "one", "two"),
    special = c("", "", "no names", "shared barcodes", "Rle", "", "")
  )
  all <- rbind(seurat, more, spe, other)
  all$kind <- apply(all, 1L, function(row) trimws(paste(row, collapse = " ")))
  all
}

round_trip_columns <- function(n) {
  moment <- as.POSIXct("2021-05-05 10:00:00", tz = "Europe/Paris") + seq_len(n)
  list(
    flag = rep_len(c(TRUE, NA, FALSE), n), whole = rep_len(c(1L, NA), n), number = rep_len(c(0.5, NA, -1), n),
    text = rep_len(c("a", NA, "b c"), n), kind = factor(rep_len(c("b", "a"), n), levels = c("b", "a", "unused")),
    rank = factor(rep_len(c("low", NA, "high"), n), levels = c("low", "high"), ordered = TRUE),
    day = rep_len(as.Date(c("2021-05-05", NA)), n), moment = replace(moment, 3L, NA)
  )
}

round_trip_object <- function(kind) {
  slices <- unname(if (kind$slices == "one") list(example_slice(140L)) else example_slices())
  if (kind$special == "shared barcodes") {
    slices <- lapply(slices, function(slice) {
      names <- sprintf("spot%d", seq_len(ncol(slice$counts)))
      colnames(slice$counts) <- rownames(slice$coordinates) <- names
      slice
    })
  }
  parts <- Map(function(slice, name) {
    if (kind$class == "Seurat") round_trip_seurat(kind, slice) else round_trip_experiment(kind, slice, name)
  }, slices, c("left", "right")[seq_along(slices)])
  if (length(parts) == 1L) {
    return(parts[[1L]])
  }
  if (kind$slices == "list") {
    return(stats::setNames(parts, c("left", "right")))
  }
  if (kind$class != "Seurat") {
    return(do.call(SummarizedExperiment::cbind, parts))
  }
  object <- suppressWarnings(merge(parts[[1L]], parts[[2L]]))
  if (kind$special == "joined") object[["Spatial"]] <- SeuratObject::JoinLayers(object[["Spatial"]])
  if (kind$special == "sample_id") object$sample_id <- rep(c("left", "right"), lengths(lapply(parts, colnames)))
  add_columns(object, round_trip_columns(ncol(object)))
}

round_trip_seurat <- function(kind, slice) {
  object <- example_seurat(kind$image, slice = slice)
  if (kind$version == "v3") {
    assay <- SeuratObject::CreateAssayObject(counts = slice$counts)
    SeuratObject::Key(assay) <- SeuratObject::Key(object[["Spatial"]])
    suppressWarnings(object[["Spatial"]] <- assay)
  }
  if (kind$special == "zoom") {
    zoom <- quiet_subset(object[["slice1"]], cells = colnames(object)[1:40])
    SeuratObject::Key(zoom) <- "zoom_"
    suppressWarnings(object[["zoom"]] <- zoom)
  }
  add_columns(object, round_trip_columns(ncol(object)))
}

round_trip_experiment <- function(kind, slice, name) {
  place <- as.matrix(slice$coordinates)
  columns <- strsplit(kind$version, ",", fixed = TRUE)[[1L]]
  if (columns[[1L]] == "row") place <- place[, 2:1]
  colnames(place) <- columns
  if (kind$class == "SingleCellExperiment") {
    places <- S4Vectors::DataFrame(place)
    object <- SingleCellExperiment::SingleCellExperiment(assays = list(counts = slice$counts), colData = places)
    object$slice <- name
  } else {
    object <- SpatialExperiment::SpatialExperiment(assays = list(counts = slice$counts), spatialCoords = place, sample_id = name)
  }
  if (kind$image == "pictures") {
    picture <- SpatialExperiment::SpatialImage(grDevices::as.raster(array(0.5, c(4L, 4L, 3L))))
    SpatialExperiment::imgData(object) <- S4Vectors::DataFrame(
      sample_id = name, image_id = "lowres", data = I(list(picture)), scaleFactor = 0.1
    )
  }
  object <- add_columns(object, round_trip_columns(ncol(object)))
  if (kind$special == "Rle") object$run <- S4Vectors::Rle(rep(1:2, each = ncol(object) / 2))
  if (kind$special == "no names") colnames(object) <- NULL
  object
}

# What `after` lacks of `before`, or has otherwise, as text; none where nothing is lost. What a run adds is not looked at.
# `except`: columns that are not looked at either.
round_trip_losses <- function(before, after, except = "^$") {
  differs <- function(what, x, y) if (!isTRUE(all.equal(x, y, check.attributes = FALSE))) what
  lost <- c(
    if (!identical(class(before)[[1L]], class(after)[[1L]])) "class",
    if (!identical(dimnames(before), dimnames(after))) "names",
    unlist(lapply(grep(except, colnames(cell_table(before)), value = TRUE, invert = TRUE), function(name) {
      values <- lapply(list(before, after), function(object) unname(as_plain(cell_table(object)[[name]])))
      if (!identical(values[[1L]], values[[2L]])) sprintf("column '%s'", name)
    }))
  )
  if ("names" %in% lost) {
    return(lost)
  }
  lost <- c(lost, differs("counts", as.matrix(round_trip_counts(before)), as.matrix(round_trip_counts(after))))
  if (inherits(before, "Seurat")) {
    images <- names(before@images)
    return(c(
      lost, if (!identical(images, names(after@images))) "images",
      if (!identical(lapply(before@assays, class), lapply(after@assays, class)[names(before@assays)])) "classes of assays",
      unlist(lapply(intersect(images, names(after@images)), function(name) {
        x <- image_coordinates(before[[name]], name)
        y <- image_coordinates(after[[name]], name)
        if (!identical(sort(rownames(x)), sort(rownames(y)))) sprintf("cells of '%s'", name) else
          differs(sprintf("places of '%s'", name), x, y[rownames(x), ])
      }))
    ))
  }
  if (!methods::is(before, "SpatialExperiment")) {
    return(lost)
  }
  x <- SpatialExperiment::spatialCoords(before)
  y <- SpatialExperiment::spatialCoords(after)
  pictures <- function(object) as.character(SpatialExperiment::imgData(object)$sample_id)
  c(
    lost, if (!identical(colnames(x), colnames(y))) "names of coordinates", differs("places", x, y),
    if (!identical(pictures(before), pictures(after))) "images"
  )
}

round_trip_counts <- function(object) {
  counts <- run_counts(object, NULL)
  if (is.null(colnames(object))) counts else counts[, colnames(object), drop = FALSE]
}

# Domains by R's verb, and by Python's on what as_anndata() gives.
round_trip_in_r <- function(object, kind) {
  coordinates <- if (kind$class == "SingleCellExperiment") c("x", "y")
  run <- if (kind$slices == "one") RunSpotscape else IntegrateSlices
  suppressWarnings(run(object, n_domains = 3L, coordinates = coordinates, verbose = FALSE))
}

round_trip_in_python <- function(object, kind) {
  cross <- function(one) {
    adata <- suppressWarnings(as_anndata(one))
    if (kind$class == "SingleCellExperiment") {
      reticulate::py_set_item(adata$obsm, "spatial", reticulate::r_to_py(as.matrix(as.data.frame(cell_table(one)[c("x", "y")]))))
    }
    adata
  }
  arguments <- list(n_domains = 3L, progress = FALSE)
  if (kind$slices == "list") {
    adatas <- reticulate::py_dict(as.list(names(object)), unname(lapply(object, cross)), convert = FALSE)
    adata <- suppressWarnings(do.call(call_verb, c("integrate_slices", adatas, arguments)))
  } else {
    adata <- cross(object)
    key <- round_trip_slice_key(kind)
    verb <- if (is.null(key)) "run_spotscape" else "integrate_slices"
    suppressWarnings(do.call(call_verb, c(verb, adata, arguments, if (!is.null(key)) list(slice_key = key))))
  }
  as.character(reticulate::py_to_r(adata$obs[["spotscape_domain"]]$astype("str")$tolist()))
}

# The column that Python and the shell find the slices in.
round_trip_slice_key <- function(kind) {
  if (kind$slices != "two") NULL else
    c(Seurat = "seurat_image", SpatialExperiment = "sample_id", SingleCellExperiment = "slice")[[kind$class]]
}

domains_of <- function(object) unname(as.character(cell_table(object)$spotscape_domain))
