#' Map of the domains over the tissue
#'
#' One point per cell where it lies, coloured by domain, or by a measure such as how sure its domain is. Colours are told
#' apart by people with red-green or blue-yellow blindness. The y axis points down, as in images, and an FOV is turned as
#' `ImageDimPlot()` turns it; both axes have one scale. Several slices are drawn side by side, each on its own scale, in
#' the same colours.
#'
#' @inheritParams RunSpotscape
#' @inheritParams IntegrateSlices
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object, or the numeric coordinates
#'   themselves (a matrix or data frame with a row per cell).
#' @param group.by Name of the metadata (`colData`) column to colour by; for coordinates, a vector with a
#'   value per cell. Numbers that are not all whole, such as `"spotscape_confidence"`, are drawn on a scale of colours.
#' @param slice_by Name of the metadata (`colData`) column with the slices, or `"seurat_image"`: the images; for coordinates,
#'   a vector with a value per cell. `NULL`: the slices of the run, if it was [IntegrateSlices()], else one slice.
#' @param cols Colours, one per domain, with or without the domains' names; for a scale, two or more, from low to high.
#'   `NULL`: see Description.
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
                                     slice_by = NULL, cols = NULL, pt.size = NULL, slice_key = NULL, ...) {
  require_object(object, "SpatialDomainPlot() on a Seurat object")
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  check_column(group.by, colnames(object[[]]))
  records <- lapply(SeuratObject::Reductions(object), function(name) methods::slot(object[[name]], "misc"))
  names(records) <- SeuratObject::Reductions(object)
  object <- drawn_part(object, group.by)
  table <- object[[]]
  slices <- drawn_slices(table_with_images(object, table, slice_by), slice_by, records, group.by)
  if (is.null(slices) && is.null(coordinates)) image <- image %||% recorded_image(object, records, group.by)
  # IntegrateLayers() writes no column of the slices; each has its own image.
  if (is.null(slices) && is.null(image) && is.null(coordinates) && length(own_images(object)) > 1L) {
    whole <- lengths(own_images(object)) == ncol(object)
    if (!any(whole)) slices <- image_slices(object)
  }
  place <- quietly(FALSE, seurat_places(object, image, coordinates, slices))
  as_fov <- is.null(coordinates) && shows_fov(object, image)
  plot_domains(if (as_fov) place[, 2:1] else place, table[[group.by]], group.by, cols, pt.size, slices, as_fov)
}

#' @rdname SpatialDomainPlot
#' @export
SpatialDomainPlot.SingleCellExperiment <- function(object, group.by = "spotscape_domain", coordinates = NULL,
                                                   slice_by = NULL, cols = NULL, pt.size = NULL, slice_key = NULL, ...) {
  require_object(object)
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  table <- cell_table(object)
  check_column(group.by, colnames(table))
  slices <- drawn_slices(table, slice_by, S4Vectors::metadata(object), group.by)
  if (is.null(slices)) check_one_slice(object)
  place <- cell_places(object, NULL, coordinates, names_over_slices(cell_names(object), slices), slices)
  plot_domains(place, table[[group.by]], group.by, cols, pt.size, slices)
}

#' @rdname SpatialDomainPlot
#' @export
SpatialDomainPlot.SpatialExperiment <- SpatialDomainPlot.SingleCellExperiment

#' @rdname SpatialDomainPlot
#' @export
SpatialDomainPlot.default <- function(object, group.by, slice_by = NULL, cols = NULL, pt.size = NULL, slice_key = NULL,
                                      ...) {
  no_more_arguments(...)
  slice_by <- renamed(slice_by, slice_key)
  n_cells <- NROW(object)
  if (length(group.by) != n_cells) {
    input_error("group.by", sprintf("%d values", length(group.by)), sprintf("one for each of %d cells", n_cells))
  }
  if (!is.null(slice_by) && length(slice_by) != n_cells) {
    input_error("slice_by", sprintf("%d values", length(slice_by)), sprintf("one for each of %d cells", n_cells))
  }
  cells <- rownames(object) %||% as.character(seq_len(n_cells))
  slices <- if (!is.null(slice_by)) as_slices(slice_by, "slice_by")
  title <- if (is_measure(group.by)) "value" else "domain"
  plot_domains(as_coordinates(object, cells, "object"), group.by, title, cols, pt.size, slices)
}

# Whether places are those of an FOV, which ImageDimPlot() draws with its x upward and its y to the right.
shows_fov <- function(object, image) {
  all(vapply(object@images[image %||% names(own_images(object))], function(one) identical(class(one)[[1L]], "FOV"), NA))
}

# The slices to draw side by side: those asked for, or those of the run that wrote `group.by`, or of any; NULL for one.
drawn_slices <- function(table, slice_by, records, group.by) {
  if (!is.null(slice_by)) {
    return(column_slices(table, slice_by, fewest = 1L))
  }
  own <- own_record(records, group.by)
  Find(Negate(is.null), lapply(c(list(own), records), recorded_slices, table = table))
}

# The record of the run that wrote a column.
own_record <- function(records, group.by) records[[sub("_(domain|confidence)$", "", group.by)]]

# The image that the run was told to take, if the object still has it.
recorded_image <- function(object, records, group.by) {
  record <- own_record(records, group.by)
  image <- if (is.list(record)) record[["image"]]
  if (length(intersect(image, SeuratObject::Images(object)))) image
}

# A run on one of several bin sizes has domains for the cells of that size.
drawn_part <- function(object, group.by) {
  reduction <- sub("_(domain|confidence)$", "", group.by)
  if (!reduction %in% SeuratObject::Reductions(object)) {
    return(object)
  }
  kept <- object[[reduction]]
  cells <- intersect(colnames(object), SeuratObject::Cells(kept))
  if (length(cells) == ncol(object)) object else seurat_on(object, cells, SeuratObject::DefaultAssay(kept))
}

# The y axis points down, as in images, but where `up`.
plot_domains <- function(coordinates, domain, title, cols, pt.size, slices = NULL, up = FALSE) {
  if (!is_measure(domain)) domain <- as.factor(domain)
  data <- data.frame(x = coordinates[, 1L], y = coordinates[, 2L], domain = domain)
  if (!is.null(slices)) {
    data <- cbind(panel_coordinates(data, slices), slice = slices)
  }
  # What fits one panel is too large where several share its place.
  across <- if (is.null(slices)) sqrt(nrow(data)) else sqrt(max(table(slices))) * ceiling(sqrt(nlevels(slices)))
  plot <- ggplot2::ggplot(data, ggplot2::aes(x = .data$x, y = .data$y, colour = .data$domain)) +
    ggplot2::geom_point(size = pt.size %||% max(0.1, min(4, 80 / across)), shape = 16) +
    colour_scale(domain, title, cols) +
    (if (up) ggplot2::scale_y_continuous() else ggplot2::scale_y_reverse()) +
    ggplot2::coord_fixed(clip = "off") +
    ggplot2::theme_void() +
    ggplot2::theme(plot.margin = ggplot2::margin(4, 4, 4, 4))
  if (is.null(slices)) {
    return(plot)
  }
  plot + ggplot2::facet_wrap(ggplot2::vars(.data$slice)) + ggplot2::theme(
    strip.text = ggplot2::element_text(margin = ggplot2::margin(2, 2, 4, 2)), panel.spacing = ggplot2::unit(8, "pt")
  )
}

# Numbers on a scale, and not the names of groups.
is_measure <- function(values) is.numeric(values) && any(values != round(values), na.rm = TRUE)

# A colour for each domain, or a scale of them for a measure.
colour_scale <- function(domain, title, cols) {
  if (!is.factor(domain)) {
    if (is.null(cols)) {
      return(ggplot2::scale_colour_viridis_c(name = title, na.value = "grey85"))
    }
    if (length(cols) < 2L) input_error("cols", sprintf("%d colours", length(cols)), "two or more, from low to high")
    return(ggplot2::scale_colour_gradientn(colours = unname(cols), name = title, na.value = "grey85"))
  }
  cols <- cols %||% colours_of(levels(domain))
  if (length(cols) < nlevels(domain)) {
    input_error("cols", sprintf("%d colours", length(cols)), sprintf("one for each of %d domains", nlevels(domain)))
  }
  ggplot2::scale_colour_manual(
    values = cols, name = title, na.value = "grey85", guide = ggplot2::guide_legend(override.aes = list(size = 3))
  )
}

# Each slice moved to the middle of its panel and made to fill it, x and y by one factor: its shape stays.
panel_coordinates <- function(data, slices) {
  for (rows in split(seq_along(slices), slices)) {
    spans <- lapply(data[rows, c("x", "y")], range)
    size <- max(vapply(spans, diff, 0))
    for (axis in c("x", "y")) {
      data[rows, axis] <- (data[rows, axis] - mean(spans[[axis]])) / if (size > 0) size else 1
    }
  }
  data
}

# Python's palette (spotscape.pl), in the order of the domains; from the start again after its last colour.
domain_colours <- function(n) {
  rep_len(c(
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#6A1500", "#2A2A80", "#95402A",
    "#6A80FF", "#AABF95", "#006A6A", "#2A4055", "#4040AA", "#D4D480", "#40D4FF", "#155580", "#2A806A", "#802A2A",
    "#6A95D4", "#EABF00", "#95AA6A", "#AA5540", "#6ABFBF", "#2A80D4", "#8095FF", "#006AD4", "#6AFFAA", "#2A5555"
  ), n)
}

# A colour for each domain: by its number where all have one, so that it stays where others are not there.
colours_of <- function(names) {
  numbers <- suppressWarnings(as.integer(names))
  if (!length(names) || anyNA(numbers) || any(numbers < 1L) || !identical(as.character(numbers), names)) {
    return(domain_colours(length(names)))
  }
  domain_colours(max(numbers))[numbers]
}

check_column <- function(group.by, known) {
  check_choice("group.by", group.by, known, "Call RunSpotscape() first, or name another column.")
}
