#' Maps of the tissue side by side
#'
#' Domains, confidence, columns, genes and cell types, each as a map over the tissue image where there is one. One slice
#' gives a panel for each name; several slices give a row each, with one scale of colours a panel. With
#' `micrometres_per_unit` all slices are drawn at one scale, with a scale bar. An FOV is turned as `ImageDimPlot()` turns
#' it. In Python this is `spotscape.pl.tissue_maps`.
#'
#' @inheritParams RunSpatialPseudotime
#' @param panels What to show, each by its name:
#'   - `"domain"` and `"confidence"` of the run;
#'   - a column of the metadata (`colData`): groups, or numbers;
#'   - a gene;
#'   - an assay (of an experiment, an `altExp`) with the parts of each cell, such as cell types from a deconvolution: a
#'     pie on each cell, or above 5,000 cells a slice the colour of its largest part.
#'
#'   A name that is there twice is taken in this order, assays before genes. `NULL`: domains and, where there is one,
#'   confidence.
#' @param slice_by Column with the slices (`"seurat_image"`: the images of a Seurat object); `NULL`: that of the run.
#' @param slices Names of the slices to show; `NULL`: all.
#' @param layer Layer (of an experiment: assay) with the expression to show, as it is. `NULL`: `log(1 + x)` of the raw
#'   counts, scaled to 10,000 in each cell.
#' @param img Draw the tissue image, if the object holds one.
#' @param alpha Opacity of the cells, 0 to 1.
#' @param title Title of the figure.
#' @param pt.size Diameter of a point in millimetres; `NULL` fits it to the number of cells.
#' @param micrometres_per_unit How many micrometres one unit of the coordinates is; `NULL` where that is not known.
#' @param assay Name of the assay with the genes; `NULL`: the default assay, or of an experiment `"counts"`.
#' @param image,coordinates Where the places are, as in [RunSpotscape()].
#' @return A patchwork of ggplots, slice by slice; a ggplot where there is one panel.
#' @section Errors:
#' Of class `spotscape_input_error`: what a panel names is not there or cannot be drawn, there are no places, a slice is
#' unknown, or patchwork is not installed.
#' @seealso [SpatialDomainPlot()], [InteractiveDomainMap()]
#' @examplesIf requireNamespace("patchwork", quietly = TRUE) && requireNamespace("SpatialExperiment", quietly = TRUE)
#' place <- as.matrix(expand.grid(x = 1:12, y = 1:10))
#' counts <- matrix(rpois(2400, 2), 20, dimnames = list(paste0("gene", 1:20), paste0("cell", 1:120)))
#' spe <- SpatialExperiment::SpatialExperiment(assays = list(counts = counts), spatialCoords = place)
#' spe$layer <- factor(1 + place[, "y"] %/% 4)
#' TissueMapPlot(spe, panels = c("layer", "gene1"))
#' @export
TissueMapPlot <- function(object, panels = NULL, slice_by = NULL, slices = NULL, layer = NULL, img = TRUE, alpha = 1,
                          title = NULL, pt.size = NULL, micrometres_per_unit = NULL, assay = NULL, image = NULL,
                          coordinates = NULL, reduction = NULL) {
  require_packages("patchwork", "Several panels in one figure")
  if (!is.numeric(alpha) || length(alpha) != 1L || is.na(alpha) || alpha < 0 || alpha > 1) {
    input_error("alpha", describe(alpha), "a number from 0 to 1")
  }
  micrometres <- check_micrometres(micrometres_per_unit)
  map <- read_map(object, panels, slice_by, slices, layer, assay, img, image, coordinates, reduction)
  if (map$as_fov) map$places <- cbind(map$places[, 2L], -map$places[, 1L])
  rows <- if (is.null(map$slices)) list(seq_along(map$cells)) else split(seq_along(map$cells), map$slices)
  frame <- if (!is.null(micrometres)) widest(map$places, rows)
  plots <- unlist(lapply(seq_along(rows), function(i) {
    lapply(names(map$shown), function(name) {
      plot <- map_panel(map, name, rows[[i]], pt.size, alpha, frame, length(map$shown))
      if (i == 1L) plot <- plot + ggplot2::ggtitle(name) else plot <- plot + ggplot2::theme(legend.position = "none")
      if (name == names(map$shown)[[1L]] && length(rows) > 1L) plot <- named_row(plot, names(rows)[[i]])
      plot
    })
  }), recursive = FALSE)
  n_columns <- if (length(rows) > 1L) length(map$shown) else min(4L, length(map$shown))
  if (!is.null(micrometres)) {
    last <- (length(plots) - 1L) %/% n_columns * n_columns + 1L
    plots[[last]] <- with_scale_bar(plots[[last]], map$places[rows[[length(rows)]], , drop = FALSE], frame, micrometres)
  }
  if (length(plots) == 1L) {
    return(if (is.null(title)) plots[[1L]] else plots[[1L]] + ggplot2::ggtitle(title))
  }
  patchwork::wrap_plots(plots, ncol = n_columns) + patchwork::plot_annotation(title = title)
}

# Width and height of the largest slice, which each panel then shows as much of.
widest <- function(places, rows) {
  spans <- vapply(rows, function(of) apply(places[of, , drop = FALSE], 2L, function(one) diff(range(one))), c(0, 0))
  apply(spans, 1L, max) * 1.04
}

# One slice as one panel shows it. y is turned over here, for images are drawn from the top.
map_panel <- function(map, name, rows, pt.size, alpha, frame, n_panels) {
  values <- map$shown[[name]]
  of <- if (is.matrix(values)) values[rows, , drop = FALSE] else values[rows]
  data <- data.frame(x = map$places[rows, 1L], y = -map$places[rows, 2L])
  pies <- is.matrix(values) && length(rows) <= 5000L
  if (is.matrix(of) && !pies) {
    largest <- ifelse(is.na(of[, 1L]), NA, max.col(replace(of, is.na(of), 0), "first"))
    of <- factor(colnames(values)[largest], colnames(values))
  }
  if (!pies) data$value <- of
  size <- pt.size %||% max(0.1, min(4, 80 / sqrt(length(rows)) / sqrt(n_panels)))
  plot <- ggplot2::ggplot(data, ggplot2::aes(.data$x, .data$y)) + map_background(map, rows)
  plot <- plot + if (pies) {
    list(
      ggplot2::geom_point(data = data[is.na(of[, 1L]), ], colour = "grey85", size = size, shape = 16),
      ggplot2::geom_polygon(
        ggplot2::aes(group = .data$piece, fill = .data$part), data = pie_pieces(data, of), alpha = alpha
      ),
      ggplot2::scale_fill_manual(values = domain_colours(ncol(of)), name = NULL, drop = FALSE)
    )
  } else {
    list(
      ggplot2::geom_point(
        ggplot2::aes(colour = .data$value), size = size, shape = 16, alpha = alpha, show.legend = TRUE
      ),
      map_scale(values, name)
    )
  }
  middle <- c(mean(range(data$x)), mean(range(data$y)))
  span <- frame %||% (c(diff(range(data$x)), diff(range(data$y))) * 1.04)
  plot + ggplot2::theme_void() +
    ggplot2::coord_fixed(
      xlim = middle[[1L]] + c(-0.5, 0.5) * span[[1L]], ylim = middle[[2L]] + c(-0.5, 0.5) * span[[2L]], clip = "off"
    ) +
    ggplot2::theme(plot.margin = ggplot2::margin(6, 6, 6, 6), plot.title = ggplot2::element_text(hjust = 0.5))
}

# One scale of colours for all slices.
map_scale <- function(values, name) {
  if (is.matrix(values)) values <- factor(colnames(values), colnames(values))
  if (is.factor(values)) {
    return(ggplot2::scale_colour_manual(
      values = stats::setNames(domain_colours(nlevels(values)), levels(values)), name = NULL, na.value = "grey85",
      drop = FALSE, guide = ggplot2::guide_legend(override.aes = list(size = 3, alpha = 1))
    ))
  }
  limits <- if (name == "confidence") c(0, 1) else range(values, na.rm = TRUE)
  ggplot2::scale_colour_viridis_c(name = NULL, limits = limits, na.value = "grey85")
}

# The image that the cells of a slice lie in, cut to them.
map_background <- function(map, rows) {
  name <- unique(map$image_of[rows])
  one <- if (length(name) == 1L) map$images[[name]]
  pixels <- one$image
  scale <- one$scale_factors$lowres
  if (is.null(pixels) && length(one$images)) {
    best <- c(intersect(c("hires", "lowres"), names(one$images)), names(one$images))[[1L]]
    pixels <- one$images[[best]]
    scale <- one$scale_factors[[best]]
  }
  if (is.null(pixels) || !isTRUE(is.finite(scale))) {
    return(NULL)
  }
  place <- map$places[rows, , drop = FALSE]
  margin <- 0.02 * max(apply(place, 2L, function(values) diff(range(values))))
  cut <- function(values, most) {
    c(max(1L, floor((min(values) - margin) * scale) + 1L), min(most, ceiling((max(values) + margin) * scale)))
  }
  columns <- cut(place[, 1L], dim(pixels)[[2L]])
  lines <- cut(place[, 2L], dim(pixels)[[1L]])
  if (diff(columns) < 0 || diff(lines) < 0) {
    return(NULL)
  }
  kept <- seq_len(min(3L, dim(pixels)[[3L]]))
  pixels <- pixels[lines[[1L]]:lines[[2L]], columns[[1L]]:columns[[2L]], kept, drop = FALSE]
  if (dim(pixels)[[3L]] < 3L) pixels <- pixels[, , c(1L, 1L, 1L), drop = FALSE]
  ggplot2::annotation_raster(
    grDevices::as.raster(pixels, max = if (max(pixels) > 1) 255 else 1),
    xmin = (columns[[1L]] - 1) / scale, xmax = columns[[2L]] / scale,
    ymin = -lines[[2L]] / scale, ymax = -(lines[[1L]] - 1) / scale, interpolate = TRUE
  )
}

# The corners of a piece for each cell and part: from twelve o'clock and clockwise.
pie_pieces <- function(data, parts) {
  radius <- 0.475 * typical_distance(data)
  ends <- t(apply(parts, 1L, cumsum))
  if (ncol(parts) == 1L) ends <- parts
  pieces <- which(!is.na(parts) & parts > 0, arr.ind = TRUE)
  to <- ends[pieces]
  from <- to - parts[pieces]
  steps <- seq(0, 1, length.out = 16L)
  turn <- 2 * pi * (from + outer(to - from, steps))
  x <- data$x[pieces[, 1L]] + radius * cbind(0, sin(turn))
  y <- data$y[pieces[, 1L]] + radius * cbind(0, cos(turn))
  data.frame(
    x = as.vector(t(x)), y = as.vector(t(y)), piece = rep(seq_len(nrow(pieces)), each = 17L),
    part = factor(rep(colnames(parts)[pieces[, 2L]], each = 17L), colnames(parts))
  )
}

# The distance to the nearest other cell, its median over some cells.
typical_distance <- function(data) {
  some <- unique(round(seq(1, nrow(data), length.out = min(nrow(data), 200L))))
  nearest <- vapply(some, function(i) {
    apart <- (data$x - data$x[[i]])^2 + (data$y - data$y[[i]])^2
    suppressWarnings(sqrt(min(apart[apart > 0])))
  }, 0)
  nearest <- nearest[is.finite(nearest)]
  if (length(nearest)) stats::median(nearest) else 1
}

# The name of the slice at the left of its row.
named_row <- function(plot, name) {
  plot + ggplot2::ylab(name) + ggplot2::theme(
    axis.title.y = ggplot2::element_text(angle = 90, margin = ggplot2::margin(0, 6, 0, 0))
  )
}

# A bar of a round length of up to a quarter of the width, below the tissue.
with_scale_bar <- function(plot, places, frame, micrometres) {
  most <- frame[[1L]] * micrometres / 4
  power <- 10^floor(log10(most))
  length <- max(Filter(function(one) one <= most, c(1, 2, 5) * power))
  left <- mean(range(places[, 1L])) - frame[[1L]] / 2
  bottom <- -mean(range(places[, 2L])) - frame[[2L]] / 2 - max(frame) * 0.03
  text <- if (length >= 1000) sprintf("%g mm", length / 1000) else sprintf("%g \u00b5m", length)
  plot +
    ggplot2::annotate(
      "segment", x = left, xend = left + length / micrometres, y = bottom, yend = bottom, linewidth = 1.2
    ) +
    ggplot2::annotate("text", x = left, y = bottom, label = text, hjust = 0, vjust = 1.6, size = 3) +
    ggplot2::theme(plot.margin = ggplot2::margin(6, 6, 30, 6))
}
