# Pieces -> Seurat: the table in pieces-Seurat.R, read from right to left.

#' @exportS3Method
from_pieces.Seurat <- function(kind, pieces) {
  require_packages("SeuratObject", "A Seurat object")
  record <- plain_from_piece(pieces$record)
  obs <- table_from_piece(pieces$obs)
  var <- table_from_piece(pieces$var)
  cells <- as.character(unlist(pieces$obs$names))
  if (anyDuplicated(cells)) {
    input_error("cells", sprintf("%d names that are there twice", sum(duplicated(cells))), "a name for each cell")
  }
  genes <- seurat_feature_names(as.character(unlist(pieces$var$names)))
  name <- record$assay %||% "RNA"
  layers <- c(stats::setNames(list(pieces$x), pieces$x_name %||% "counts"), pieces$layers)
  layers <- lapply(layers, matrix_from_piece, rows = genes, columns = cells)
  extra <- by_assay(pieces$extra)
  main <- make_assay(layers, extra[[name]], var, record$assays[[name]], cells)
  object <- suppressWarnings(SeuratObject::CreateSeuratObject(
    main, assay = name, project = record$project %||% "SeuratProject", meta.data = seurat_meta(obs, pieces$uns)
  ))
  for (other in setdiff(names(extra), name)) {
    object[[other]] <- make_assay(NULL, extra[[other]], record$other_assays[[other]], record$assays[[other]], cells)
  }
  object <- seurat_split(object, name, obs[[SEURAT_SPLIT]])
  # After the assays: Seurat counts anew with each, and its nFeature become doubles.
  object <- seurat_columns(object, obs, pieces, record)
  object <- seurat_reductions(object, pieces, record, genes, name)
  object <- seurat_graphs(object, pieces$obsp, record$graphs, name)
  object <- seurat_images(object, pieces, record, name)
  if (!is.null(record$default) && record$default %in% names(object@assays)) {
    SeuratObject::DefaultAssay(object) <- record$default
  }
  uns <- plain_from_piece(pieces$uns)
  for (entry in setdiff(names(uns), "spotscape")) {
    suppressWarnings(SeuratObject::Misc(object, slot = entry) <- uns[[entry]])
  }
  object
}

# Seurat takes no underscores in the names of features.
seurat_feature_names <- function(names) {
  made <- gsub("_", "-", names, fixed = TRUE)
  if (anyDuplicated(made)) {
    twice <- unique(made[duplicated(made)])
    warning(sprintf(
      "%d names of genes are there twice (%s), as Seurat takes no underscore; a number was added.",
      length(twice), name_list(twice)
    ), call. = FALSE)
    made <- make.unique(made, sep = "-")
  }
  made
}

make_assay <- function(layers, extra, var, record, cells) {
  for (one in extra) {
    features <- as.character(unlist(one$features))
    layers[[one$layer]] <- matrix_from_piece(one$values, features, cells)
  }
  if (!is.null(record$cells)) {
    own <- intersect(cells, record$cells)
    layers <- lapply(layers, function(layer) layer[, own, drop = FALSE])
  }
  is_old <- identical(record$class, "Assay") || identical(record$class, "SCTAssay")
  first <- intersect(c("counts", "data"), names(layers))
  if (!length(first)) {
    names(layers)[[1L]] <- "data"
    first <- "data"
  }
  create <- if (is_old) SeuratObject::CreateAssayObject else SeuratObject::CreateAssay5Object
  wanted <- if (is_old) first[[1L]] else first
  # Seurat keeps these sparse, whatever they were.
  layers[wanted] <- lapply(layers[wanted], as_counts, name = "layer")
  assay <- do.call(create, layers[wanted])
  for (layer in setdiff(names(layers), wanted)) {
    values <- layers[[layer]]
    if (is_old && layer == "scale.data") values <- as.matrix(values)
    if (!is_old || layer %in% c("counts", "data", "scale.data")) {
      SeuratObject::LayerData(assay, layer = layer) <- values
    }
  }
  if (length(var)) {
    rownames(var) <- rownames(assay)
    assay <- SeuratObject::AddMetaData(assay, var)
  }
  if (length(record$variable)) SeuratObject::VariableFeatures(assay) <- intersect(record$variable, rownames(assay))
  if (!is.null(record$key)) SeuratObject::Key(assay) <- record$key
  assay
}

# The images, each with its own cells; places of cells in none are those of an FOV for each slice.
seurat_images <- function(object, pieces, record, assay) {
  of <- slices_from_pieces(pieces$slices)
  placed <- rep(FALSE, ncol(object))
  for (image in names(pieces$images)) {
    own <- record$images[[image]]$cells %||% if (!is.null(of)) colnames(object)[which(of == image)]
    object <- add_image(object, image, pieces$images[[image]], record$images[[image]], pieces$spatial, assay, own)
    placed <- placed | colnames(object) %in% SeuratObject::Cells(object[[image]])
  }
  if (!length(pieces$spatial) || all(placed | is.na(pieces$spatial[, 1L]))) {
    return(object)
  }
  rest <- !placed & !is.na(pieces$spatial[, 1L])
  if (is.null(of) || !length(pieces$images) && nlevels(of) < 2L) of <- factor(rep("slice1", ncol(object)))
  for (slice in levels(droplevels(of[rest]))) {
    name <- make.names(slice)
    object <- add_image(object, name, list(), NULL, pieces$spatial, assay, colnames(object)[rest & of %in% slice])
  }
  object
}

# Which slice each cell is of, where Python says so.
slices_from_pieces <- function(slices) {
  if (is.null(slices)) {
    return(NULL)
  }
  levels <- as.character(unlist(slices$levels))
  codes <- as.integer(unlist(slices$codes))
  factor(levels[replace(codes, codes == 0L, NA)], levels = levels)
}

# Metadata, less what Seurat keeps elsewhere; but the images of cells stay where a run calls them its slices.
seurat_meta <- function(obs, uns = NULL) {
  elsewhere <- c(SEURAT_IDENTS, SEURAT_SPLIT, SEURAT_IMAGE)
  obs <- obs[setdiff(names(obs), setdiff(elsewhere, run_slice_column(uns)))]
  if (length(obs)) obs
}

run_slice_column <- function(uns) plain_from_piece(uns$spotscape$integration$slice_key)

# Metadata in the order it came, and the identities: the domains where Python found new ones.
seurat_columns <- function(object, obs, pieces, record) {
  own <- seurat_meta(obs, pieces$uns)
  if (!is.null(own)) object@meta.data <- own[colnames(object), , drop = FALSE]
  domains <- domain_column("spotscape")
  if (!is.null(obs[[SEURAT_IDENTS]])) SeuratObject::Idents(object) <- obs[[SEURAT_IDENTS]]
  found <- c(record$ident_column, as.character(unlist(pieces$new_columns)))
  if (domains %in% names(obs) && (is.null(obs[[SEURAT_IDENTS]]) || domains %in% found)) {
    SeuratObject::Idents(object) <- domains
  }
  object
}

seurat_split <- function(object, assay, split) {
  if (is.null(split) || !inherits(object[[assay]], "StdAssay")) {
    return(object)
  }
  object[[assay]] <- split(object[[assay]], f = split)
  object
}

seurat_reductions <- function(object, pieces, record, genes, assay, cells = colnames(object)) {
  for (name in names(pieces$obsm)) {
    known <- record$reductions[[name]]
    values <- as.matrix(pieces$obsm[[name]])
    key <- known$key %||% seurat_key(toupper(name))
    columns <- known$columns
    if (length(columns) != ncol(values)) columns <- paste0(key, seq_len(ncol(values)))
    dimnames(values) <- list(cells, columns)
    if (!is.null(known$cells)) values <- values[intersect(rownames(values), known$cells), , drop = FALSE]
    loadings <- pieces$varm[[name]]
    if (is.null(loadings)) {
      loadings <- methods::new("matrix")
    } else {
      loadings <- `dimnames<-`(as.matrix(loadings), list(genes, columns))
      wanted <- intersect(known$features %||% genes[!is.na(loadings[, 1L])], genes)
      loadings <- loadings[wanted, , drop = FALSE]
    }
    misc <- known$misc %||% list()
    if (name == "spotscape") misc <- plain_from_piece(pieces$uns$spotscape) %||% misc
    object[[name]] <- SeuratObject::CreateDimReducObject(
      embeddings = values, loadings = loadings, stdev = as.numeric(known$stdev %||% numeric()), key = key,
      assay = known$assay %||% assay, misc = if (length(misc)) misc else list()
    )
  }
  object
}

seurat_graphs <- function(object, graphs, assays, assay, cells = colnames(object)) {
  for (name in names(graphs)) {
    values <- matrix_from_piece(graphs[[name]], cells, cells)
    graph <- methods::as(values, "Graph")
    SeuratObject::DefaultAssay(graph) <- assays[[name]] %||% assay
    object[[name]] <- graph
  }
  object
}

add_image <- function(object, name, shown, record, spatial, assay, cells = NULL) {
  cells <- intersect(cells %||% colnames(object)[!is.na(spatial[, 1L])], colnames(object))
  if (!length(cells)) {
    return(object)
  }
  xy <- spatial[match(cells, colnames(object)), seq_len(2L), drop = FALSE]
  shown$scale_factors <- with_spot(shown$scale_factors, xy)
  class <- record$class %||% if (is.null(shown$image)) "FOV" else "VisiumV2"
  key <- record$key %||% seurat_key(name)
  assay <- record$assay %||% assay
  made <- switch(class,
    VisiumV1 = seurat_class("VisiumV1",
      assay = assay, key = key, image = shown$image, scale.factors = seurat_scale_factors(shown$scale_factors),
      spot.radius = record$spot_radius, coordinates = visium_columns(record$coordinates, cells, xy)
    ),
    VisiumV2 = visium_v2(xy, cells, record, shown, assay, key),
    SlideSeq = , STARmap = seurat_class(class,
      assay = assay, key = key, coordinates = data.frame(x = xy[, 1L], y = xy[, 2L], row.names = cells)
    ),
    as_fov(data.frame(x = xy[, 1L], y = xy[, 2L], cell = cells), record, assay, key)
  )
  suppressWarnings(object[[name]] <- made)
  object
}

# Spots are drawn by their diameter. Where nobody said it, that of Visium, 55 of 100 micrometres between centres.
with_spot <- function(factors, xy) {
  if (is.null(factors$spot) && nrow(xy) > 1L) factors$spot <- 0.55 * spot_distance(xy)
  factors
}

# The distance of neighbouring spots, by a sample of them.
spot_distance <- function(xy) {
  some <- unique(round(seq(1, nrow(xy), length.out = min(200L, nrow(xy)))))
  nearest <- vapply(some, function(i) {
    apart <- (xy[, 1L] - xy[i, 1L])^2 + (xy[, 2L] - xy[i, 2L])^2
    sqrt(min(apart[-i]))
  }, 0)
  stats::median(nearest)
}

seurat_class <- function(class, ...) {
  require_packages("Seurat", sprintf("An image of class %s", class))
  methods::new(methods::getClass(class, where = asNamespace("Seurat")), ...)
}

visium_columns <- function(known, cells, xy) {
  found <- known[match(cells, rownames(known)), , drop = FALSE]
  found$imagerow <- xy[, 2L]
  found$imagecol <- xy[, 1L]
  rownames(found) <- cells
  found
}

# x is the row of the image, or its column where the class says which.
visium_v2 <- function(xy, cells, record, shown, assay, key) {
  says <- "coords_x_orientation" %in% methods::slotNames(methods::getClass("VisiumV2", where = asNamespace("Seurat")))
  place <- if (says) xy else xy[, 2:1, drop = FALSE]
  record$radius <- record$radius %||% shown$scale_factors$spot
  fov <- as_fov(data.frame(x = place[, 1L], y = place[, 2L], cell = cells), record, assay, key, outlines = FALSE)
  settings <- list(
    "VisiumV2", boundaries = fov@boundaries, molecules = fov@molecules, assay = assay, key = key, image = shown$image,
    scale.factors = seurat_scale_factors(shown$scale_factors)
  )
  if (says) settings$coords_x_orientation <- "horizontal"
  do.call(seurat_class, settings)
}

as_fov <- function(place, record, assay, key, outlines = TRUE) {
  centroids <- SeuratObject::CreateCentroids(
    place, nsides = record$nsides %||% Inf, radius = record$radius, theta = record$theta %||% 0L
  )
  parts <- list(centroids = centroids)
  for (name in if (outlines) names(record$outlines)) {
    corners <- record$outlines[[name]]
    corners <- corners[corners$cell %in% place$cell, , drop = FALSE]
    if (nrow(corners)) parts[[name]] <- SeuratObject::CreateSegmentation(corners)
  }
  SeuratObject::CreateFOV(parts, type = names(parts), assay = assay, key = key)
}

seurat_scale_factors <- function(factors) {
  wanted <- c("spot", "fiducial", "hires", "lowres")
  values <- lapply(stats::setNames(nm = wanted), function(name) as.numeric(factors[[name]] %||% 1))
  do.call(asNamespace("Seurat")$scalefactors, values)
}

#' @exportS3Method
update_from_pieces.Seurat <- function(object, pieces) {
  object <- current_seurat(object)
  # The assay that was read may lack some of the cells.
  check_same_cells(intersect(colnames(object), as.character(unlist(pieces$obs$names))), pieces)
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
