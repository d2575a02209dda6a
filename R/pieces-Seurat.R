# Seurat -> pieces -> Seurat.
#
# | Seurat | piece | AnnData |
# | --- | --- | --- |
# | layer `counts` of the assay (split ones joined) | `x` | `X` |
# | its other layers | `layers`; `extra` where they have fewer genes | `layers`; `obsm` |
# | metadata, identities, which split layer a cell is in | `obs` | `obs` |
# | what is said of genes, variable features | `var` | `var` |
# | reductions, loadings | `obsm`, `varm` | `obsm["X_<name>"]`, `varm["<name>_loadings"]` |
# | graphs | `obsp` | `obsp` |
# | other assays | `extra` | `obsm["assay_<name>_<layer>"]` |
# | images | `spatial`, `images` | `obsm["spatial"]`, `uns["spatial"]` |
# | Misc, record of a run | `uns` | `uns` |
# | classes, keys, names of features, ... | `record` | `uns["spotscape_r"]` |

SEURAT_IDENTS <- "seurat_ident"
SEURAT_SPLIT <- "seurat_layer"
SEURAT_IMAGE <- "seurat_image"

#' @exportS3Method
object_pieces.Seurat <- function(object, assay) seurat_pieces(object, assay)

seurat_pieces <- function(object, assay = NULL) {
  object <- current_seurat(object)
  default <- SeuratObject::DefaultAssay(object)
  assay <- seurat_assay(object, assay)
  # An object of Visium HD holds bins of several sizes, each in an assay of its own.
  cells <- intersect(colnames(object), colnames(object[[assay]]))
  elsewhere <- ncol(object) - length(cells)
  main <- assay_pieces(object[[assay]], assay, cells)
  if (!length(main$layers)) {
    input_error("assay", sprintf("no layer with all genes in assay '%s'", assay), "an assay with counts or data")
  }
  x_name <- if ("counts" %in% names(main$layers)) "counts" else names(main$layers)[[1L]]
  others <- assays_beside(object, assay, cells)
  reductions <- lapply(stats::setNames(nm = SeuratObject::Reductions(object)), function(name) {
    reduction_pieces(object[[name]], cells, rownames(object[[assay]]))
  })
  graphs <- lapply(stats::setNames(nm = SeuratObject::Graphs(object)), function(name) object[[name]])
  graphs <- Filter(function(graph) all(cells %in% colnames(graph)), graphs)
  images <- images_with(object, cells)
  list(
    kind = "seurat", x = main$layers[[x_name]], x_name = x_name,
    layers = main$layers[setdiff(names(main$layers), x_name)],
    obs = table_piece(seurat_obs(object, cells, main$split, images), cells),
    var = main$var,
    obsm = lapply(reductions, `[[`, "values"),
    varm = Filter(Negate(is.null), lapply(reductions, `[[`, "loadings")),
    obsp = lapply(graphs, function(graph) matrix_piece(graph[cells, cells], "graph")),
    extra = c(named_extra(main$partial, assay, main$partial_features), extra_of_others(others)),
    spatial = spatial_of_images(images, length(cells)),
    images = lapply(images, `[[`, "shown"),
    uns = c(
      Filter(Negate(is.null), lapply(SeuratObject::Misc(object), plain_piece)),
      Filter(Negate(is.null), list(spotscape = reductions[["spotscape"]]$misc))
    ),
    record = c(
      list(
        assay = plain_piece(assay), default = plain_piece(default), ident_column = plain_piece(ident_column(object, cells)),
        project = plain_piece(as.character(object@project.name)),
        assays = plain_piece(c(stats::setNames(list(main$record), assay), lapply(others, `[[`, "record"))),
        other_assays = lapply(others, function(one) list(.table = one$var))
      ),
      record_of_parts(reductions, graphs, images)
    ),
    lost = array(c(
      as.character(seurat_losses(object)),
      if (elsewhere) sprintf("%d of %d cells, which assay '%s' does not have", elsewhere, ncol(object), assay)
    ))
  )
}

assays_beside <- function(object, assay, cells) {
  names <- Filter(function(name) any(colnames(object[[name]]) %in% cells), setdiff(names(object@assays), assay))
  lapply(stats::setNames(nm = names), function(name) assay_pieces(object[[name]], name, cells))
}

images_with <- function(object, cells) {
  names <- Filter(function(name) any(SeuratObject::Cells(object[[name]]) %in% cells), SeuratObject::Images(object))
  lapply(stats::setNames(nm = names), function(name) image_pieces(object[[name]], name, cells))
}

# The layers of assays that do not have the genes of the main one.
extra_of_others <- function(others) {
  do.call(c, unname(Map(function(one, name) {
    c(named_extra(one$layers, name, one$var$names), named_extra(one$partial, name, one$partial_features))
  }, others, names(others))))
}

record_of_parts <- function(reductions, graphs, images) {
  list(
    reductions = lapply(reductions, `[[`, "record"), graphs = plain_piece(lapply(graphs, SeuratObject::DefaultAssay)),
    images = lapply(images, `[[`, "record")
  )
}

# An object of Seurat v3 or v4 as the installed version has them.
current_seurat <- function(object) {
  if (utils::compareVersion(as.character(object@version), "5.0.0") >= 0L) {
    return(object)
  }
  suppressMessages(suppressWarnings(SeuratObject::UpdateSeuratObject(object)))
}

seurat_losses <- function(object) {
  molecules <- vapply(SeuratObject::Images(object), function(name) {
    methods::.hasSlot(object[[name]], "molecules") && length(object[[name]]@molecules) > 0L
  }, NA)
  # Seurat notes there that it has counted (calcN).
  misc <- vapply(names(object@assays), function(name) {
    length(setdiff(names(methods::slot(object[[name]], "misc")), "calcN")) > 0L
  }, NA)
  without <- vapply(SeuratObject::Images(object), function(name) {
    length(setdiff(SeuratObject::Cells(object[[name]]), colnames(object)))
  }, 0L)
  c(
    if (any(without > 0L)) {
      sprintf("%d cells of image '%s' that the object does not have", without, names(without))[without > 0L]
    },
    if (any(misc)) "what assays say of themselves (@misc)",
    if (length(SeuratObject::Neighbors(object))) "neighbour lists (@neighbors)",
    if (length(object@tools)) "results of tools (@tools)",
    if (any(molecules)) "molecules of images"
  )
}

seurat_obs <- function(object, cells, split, images) {
  table <- object[[]][cells, , drop = FALSE]
  table[[SEURAT_IDENTS]] <- unname(SeuratObject::Idents(object)[cells])
  table[[SEURAT_SPLIT]] <- split
  own <- separate_images(images)
  if (length(own) > 1L) {
    of <- rep(NA_character_, nrow(table))
    for (name in rev(own)) of[images[[name]]$at] <- name
    table[[SEURAT_IMAGE]] <- factor(of, levels = own)
  }
  table
}

# Images that are slices of their own: less those whose cells are all in another one (a zoom, another picture).
separate_images <- function(images) {
  held <- lapply(images, `[[`, "at")
  order <- names(held)[order(-lengths(held))]
  own <- character()
  for (name in order) {
    if (!any(vapply(own, function(other) all(held[[name]] %in% held[[other]]), NA))) own <- c(own, name)
  }
  intersect(names(images), own)
}

# The column that the identities are those of, if there is one.
ident_column <- function(object, cells) {
  idents <- as.character(SeuratObject::Idents(object)[cells])
  same <- vapply(object[[]][cells, , drop = FALSE], function(values) {
    (is.factor(values) || is.character(values)) && identical(as.character(values), idents)
  }, NA)
  intersect(domain_column("spotscape"), names(same)[same])
}

# Layers of all genes, those of fewer, what is said of genes, and what is needed to make the assay again.
assay_pieces <- function(data, name, cells) {
  genes <- rownames(data)
  found <- if (inherits(data, "StdAssay")) std_layers(data) else old_layers(data)
  whole <- vapply(found$layers, nrow, 0L) == length(genes)
  pieces <- lapply(found$layers, function(layer) {
    columns <- match(cells, colnames(layer))
    if (anyNA(columns)) {
      own <- intersect(cells, colnames(layer))
      layer <- spread_columns(layer[, own, drop = FALSE], match(own, cells), length(cells))
    } else if (!identical(columns, seq_along(cells))) {
      layer <- layer[, columns, drop = FALSE]
    }
    matrix_piece(layer, "layer")
  })
  var <- table_piece(data[[]], genes)
  list(
    layers = pieces[whole], partial = pieces[!whole],
    partial_features = lapply(found$layers[!whole], rownames), var = var,
    split = if (!is.null(found$split)) found$split[match(cells, names(found$split))],
    record = list(
      class = class(data)[[1L]], key = SeuratObject::Key(data), variable = SeuratObject::VariableFeatures(data),
      cells = if (!all(cells %in% colnames(data))) intersect(cells, colnames(data))
    )
  )
}

spread_columns <- function(x, at, n) {
  if (is.matrix(x)) t(spread_rows(t(x), at, n)) else Matrix::t(spread_rows(Matrix::t(x), at, n))
}

# Split layers (`counts.1`, ...) joined; of the counts, which part a cell was in.
std_layers <- function(data) {
  layers <- SeuratObject::Layers(data)
  of_split <- grepl("^(counts|data|scale\\.data)\\.", layers)
  stems <- ifelse(of_split, sub("^(counts|data|scale\\.data)\\..*$", "\\1", layers), layers)
  split <- NULL
  if (any(stems == "counts" & of_split)) {
    parts <- layers[stems == "counts" & of_split]
    split <- unlist(lapply(parts, function(part) {
      names <- SeuratObject::Cells(data, layer = part)
      stats::setNames(rep(sub("^counts\\.", "", part), length(names)), names)
    }))
    split <- factor(split, levels = unique(split))
  }
  joined <- stems[duplicated(stems) | of_split]
  for (stem in unique(joined)) data <- SeuratObject::JoinLayers(data, layers = stem, new = stem)
  layers <- SeuratObject::Layers(data)
  found <- lapply(stats::setNames(nm = layers), function(layer) layer_data(data, layer))
  list(layers = found, split = split)
}

old_layers <- function(data) {
  layers <- lapply(stats::setNames(nm = c("counts", "data", "scale.data")), function(name) methods::slot(data, name))
  list(layers = layers[lengths(layers) > 0L], split = NULL)
}

# Layers by the names they have in an AnnData, with the names of their features.
named_extra <- function(layers, assay, features) {
  made <- lapply(names(layers), function(layer) {
    list(
      values = layers[[layer]], features = array(as.character(if (is.list(features)) features[[layer]] else features)),
      assay = assay, layer = layer
    )
  })
  stats::setNames(made, sprintf("assay_%s_%s", rep(assay, length(layers)), names(layers)))
}

reduction_pieces <- function(reduction, cells, genes) {
  values <- SeuratObject::Embeddings(reduction)
  own <- intersect(cells, rownames(values))
  values <- values[own, , drop = FALSE]
  loadings <- SeuratObject::Loadings(reduction, projected = FALSE)
  known <- match(rownames(loadings), genes)
  list(
    values = spread_rows(`dimnames<-`(values, NULL), match(own, cells), length(cells), NA_real_),
    loadings = if (length(loadings) && !anyNA(known)) {
      spread_rows(`dimnames<-`(loadings, NULL), known, length(genes), NA_real_)
    },
    misc = plain_piece(methods::slot(reduction, "misc")),
    record = plain_piece(list(
      key = SeuratObject::Key(reduction), assay = SeuratObject::DefaultAssay(reduction),
      stdev = SeuratObject::Stdev(reduction), misc = methods::slot(reduction, "misc"),
      columns = colnames(values), features = rownames(loadings), cells = if (length(own) < length(cells)) own
    ))
  )
}

image_pieces <- function(image, name, cells) {
  xy <- image_coordinates(image, name)
  xy <- xy[rownames(xy) %in% cells, , drop = FALSE]
  is_fov <- inherits(image, "FOV")
  has <- function(slot) methods::.hasSlot(image, slot)
  drawn <- if (is_fov && "centroids" %in% names(image)) image[["centroids"]]
  centroids <- if (!is.null(drawn)) list(radius = drawn@radius, nsides = drawn@nsides, theta = drawn@theta)
  outlines <- if (is_fov) {
    parts <- setdiff(names(image), "centroids")
    lapply(stats::setNames(nm = parts), function(part) SeuratObject::GetTissueCoordinates(image[[part]]))
  }
  list(
    at = match(rownames(xy), cells), xy = unname(xy),
    shown = list(
      image = if (has("image") && length(image@image)) image@image,
      scale_factors = if (has("scale.factors")) lapply(unclass(image@scale.factors), as.numeric)
    ),
    record = plain_piece(list(
      class = class(image)[[1L]], key = SeuratObject::Key(image), assay = SeuratObject::DefaultAssay(image),
      cells = rownames(xy), radius = centroids$radius, nsides = centroids$nsides, theta = centroids$theta,
      spot_radius = if (has("spot.radius")) image@spot.radius,
      coordinates = if (has("coordinates")) image@coordinates, outlines = outlines
    ))
  )
}

# Coordinates of all cells, NaN for those in no image.
spatial_of_images <- function(images, n) {
  if (!length(images)) {
    return(NULL)
  }
  xy <- matrix(NaN, n, 2L)
  own <- separate_images(images)
  for (image in images[c(setdiff(names(images), own), rev(own))]) xy[image$at, ] <- image$xy
  xy
}
