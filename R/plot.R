#' Map of the domains over the tissue
#'
#' One point per cell where it lies, coloured by domain. Colours are told apart by people with
#' red-green or blue-yellow blindness. The y axis points down, as in images; both axes have one scale.
#'
#' @inheritParams RunSpotscape
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object, or the numeric coordinates
#'   themselves (a matrix or data frame with a row per cell).
#' @param group.by Name of the metadata (`colData`) column to colour by; for coordinates, a vector with a
#'   value per cell.
#' @param cols Colours, one per domain, with or without the domains' names. `NULL`: see Description.
#' @param pt.size Diameter of a point in millimetres; `NULL` fits it to the number of cells.
#' @return A ggplot.
#' @examples
#' place <- expand.grid(x = 1:20, y = 1:15)
#' SpatialDomainPlot(place, group.by = factor(1 + place$y %/% 4))
#' @importFrom ggplot2 .data
#' @export
SpatialDomainPlot <- function(object, ...) {
  UseMethod("SpatialDomainPlot")
}

#' @rdname SpatialDomainPlot
#' @export
SpatialDomainPlot.Seurat <- function(object, group.by = "spotscape_domain", image = NULL, coordinates = NULL,
                                     cols = NULL, pt.size = NULL, ...) {
  require_packages("SeuratObject", "SpatialDomainPlot() on a Seurat object")
  no_more_arguments(...)
  check_column(group.by, colnames(object[[]]))
  plot_domains(seurat_coordinates(object, image, coordinates), object[[group.by]][[1L]], group.by, cols, pt.size)
}

#' @rdname SpatialDomainPlot
#' @export
SpatialDomainPlot.SingleCellExperiment <- function(object, group.by = "spotscape_domain", coordinates = NULL,
                                                   cols = NULL, pt.size = NULL, ...) {
  require_bioconductor(object)
  no_more_arguments(...)
  table <- SummarizedExperiment::colData(object)
  check_column(group.by, colnames(table))
  plot_domains(sce_coordinates(object, coordinates, cell_names(object)), table[[group.by]], group.by, cols, pt.size)
}

#' @rdname SpatialDomainPlot
#' @export
SpatialDomainPlot.SpatialExperiment <- SpatialDomainPlot.SingleCellExperiment

#' @rdname SpatialDomainPlot
#' @export
SpatialDomainPlot.default <- function(object, group.by, cols = NULL, pt.size = NULL, ...) {
  no_more_arguments(...)
  n_cells <- NROW(object)
  if (length(group.by) != n_cells) {
    input_error("group.by", sprintf("%d values", length(group.by)), sprintf("one for each of %d cells", n_cells))
  }
  cells <- rownames(object) %||% as.character(seq_len(n_cells))
  plot_domains(as_coordinates(object, cells, "object"), group.by, "domain", cols, pt.size)
}

plot_domains <- function(coordinates, domain, title, cols, pt.size) {
  domain <- as.factor(domain)
  cols <- cols %||% domain_colours(nlevels(domain))
  if (length(cols) < nlevels(domain)) {
    input_error("cols", sprintf("%d colours", length(cols)), sprintf("one for each of %d domains", nlevels(domain)))
  }
  data <- data.frame(x = coordinates[, 1L], y = coordinates[, 2L], domain = domain)
  ggplot2::ggplot(data, ggplot2::aes(x = .data$x, y = .data$y, colour = .data$domain)) +
    ggplot2::geom_point(size = pt.size %||% max(0.1, min(4, 80 / sqrt(nrow(data)))), shape = 16) +
    ggplot2::scale_colour_manual(
      values = cols, name = title, na.value = "grey85",
      guide = ggplot2::guide_legend(override.aes = list(size = 3))
    ) +
    ggplot2::scale_y_reverse() +
    ggplot2::coord_fixed() +
    ggplot2::theme_void() +
    ggplot2::theme(plot.margin = ggplot2::margin(4, 4, 4, 4))
}

# Python's palette (spotscape.pl), in the order of the domains; from the start again after its last colour.
domain_colours <- function(n) {
  rep_len(c(
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#6A1500", "#2A2A80", "#95402A",
    "#6A80FF", "#AABF95", "#006A6A", "#2A4055", "#4040AA", "#D4D480", "#40D4FF", "#155580", "#2A806A", "#802A2A",
    "#6A95D4", "#EABF00", "#95AA6A", "#AA5540", "#6ABFBF", "#2A80D4", "#8095FF", "#006AD4", "#6AFFAA", "#2A5555"
  ), n)
}

check_column <- function(group.by, known) {
  check_choice("group.by", group.by, known, "Call RunSpotscape() first, or name another column.")
}
