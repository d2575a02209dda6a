#' Figure of a tree of domains
#'
#' A row is a level, from few domains at the top to many at the bottom. The grey row is the one that the tree was grown from.
#' A node is a domain, as large as its share of the cells. A line leads to what becomes of it, as wide as the cells that go
#' there. Python has it as `spotscape.pl.domain_tree`.
#'
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object after [DomainTree()].
#' @param cols Colours, one for each domain of the last level; `NULL`: those of [SpatialDomainPlot()].
#' @param reduction Name of the run's embedding; `NULL`: `"spotscape"`, or `"SPOTSCAPE"` in an experiment.
#' @return A ggplot.
#' @section Errors:
#' Of class `spotscape_input_error`: the object holds no tree, or there are too few colours.
#' @seealso [DomainTree()], [CutDomainTree()]
#' @eval example_start("DomainTreePlot", "run")
#' @examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)
#' DomainTreePlot(DomainTree(spe, n_domains = c(2, 6)))
#' @export
DomainTreePlot <- function(object, cols = NULL, reduction = NULL) {
  tree <- tree_of(object, reduction)
  require_packages("ggplot2", "DomainTreePlot()")
  leaves <- tree$record$leaves
  cols <- cols %||% colours_of(leaves)
  if (length(cols) < length(leaves)) {
    input_error("cols", sprintf("%d colours", length(cols)), sprintf("one for each of %d domains", length(leaves)))
  }
  if (is.null(names(cols))) names(cols) <- leaves[seq_along(cols)]
  numbers <- as.integer(tree$record$n_domains)
  nodes <- tree_nodes(tree)
  # Each node hangs on the one above that holds the leaf it is named by.
  above <- match(
    paste(nodes$n_domains - 1L, tree$record$levels[cbind(pmax(nodes$row - 1L, 1L), nodes$leaf)] + 1L),
    paste(nodes$n_domains, nodes$leaf)
  )
  lines <- cbind(nodes, from = nodes$x[above])[!is.na(above), ]
  # Names that are long stand where a domain appears: elsewhere they would overlap.
  named <- nodes
  if (max(nchar(leaves)) > 4L) named <- nodes[!duplicated(nodes$leaf), ]
  grown <- data.frame(n_domains = intersect(as.integer(tree$record$grown_from), numbers))
  ggplot2::ggplot(nodes, ggplot2::aes(x = .data$x, y = .data$n_domains, colour = .data$domain)) +
    ggplot2::geom_rect(
      data = grown, mapping = ggplot2::aes(ymin = .data$n_domains - 0.5, ymax = .data$n_domains + 0.5),
      xmin = -Inf, xmax = Inf, fill = "grey93", inherit.aes = FALSE
    ) +
    ggplot2::geom_segment(
      data = lines, alpha = 0.45,
      mapping = ggplot2::aes(
        x = .data$from, y = .data$n_domains - 1L, xend = .data$x, yend = .data$n_domains, linewidth = .data$share
      )
    ) +
    ggplot2::geom_point(ggplot2::aes(size = .data$share)) +
    ggplot2::geom_text(
      ggplot2::aes(label = .data$domain),
      data = named, size = 3, colour = ifelse(is_dark(cols[as.character(named$domain)]), "white", "black")
    ) +
    ggplot2::scale_colour_manual(values = cols, guide = "none") +
    ggplot2::scale_size(range = c(5, 14), limits = c(0, 1), guide = "none") +
    ggplot2::scale_linewidth(range = c(0.4, 8), limits = c(0, 1), guide = "none") +
    ggplot2::scale_y_reverse(breaks = numbers, minor_breaks = NULL) +
    ggplot2::scale_x_continuous(breaks = NULL) +
    ggplot2::labs(x = NULL, y = "number of domains") +
    ggplot2::theme_minimal() +
    ggplot2::theme(panel.grid = ggplot2::element_blank())
}

# Whether black text is hard to read on colours: by their brightness, as televisions weigh it.
is_dark <- function(cols) as.vector(c(0.299, 0.587, 0.114) %*% grDevices::col2rgb(cols)) < 110

# A row for each domain of each level: its `row`, `n_domains`, the `leaf` it is named by, its `domain`, place `x` and
# `share` of the cells. Leaves are put so that no line crosses another.
tree_nodes <- function(tree) {
  levels <- tree$record$levels
  place <- integer(ncol(levels))
  place[do.call(order, lapply(seq_len(nrow(levels)), function(row) levels[row, ]))] <- seq_len(ncol(levels))
  shares <- tabulate(tree$leaf, ncol(levels)) / max(1L, sum(!is.na(tree$leaf)))
  nodes <- lapply(seq_len(nrow(levels)), function(row) {
    of <- levels[row, ] + 1L
    data.frame(
      row = row, n_domains = as.integer(tree$record$n_domains)[[row]], leaf = sort(unique(of)),
      x = as.vector(tapply(place, of, mean)), share = as.vector(tapply(shares, of, sum))
    )
  })
  nodes <- do.call(rbind, nodes)
  nodes$domain <- factor(tree$record$leaves[nodes$leaf], tree$record$leaves)
  nodes
}
