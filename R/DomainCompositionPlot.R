#' Figure of what domains are made of
#'
#' The shares of cell types in each domain, or how far they are from those expected, from what [DomainComposition()]
#' found; `spotscape.pl.domain_composition` in Python draws both panels side by side.
#'
#' @param made What [DomainComposition()] gave: a list with the data frames `composition` and `enrichment`.
#' @param panel `"shares"`: a bar for each domain; of several slices it is the mean of those that have the domain.
#'   `"enrichment"`: a dot for each domain and type, by the log2 ratio of share and expected share (colour) and the
#'   adjusted p-value (size).
#' @param n_types Types to draw, 1 or more: those with the largest share in any domain. The others are one grey part of
#'   the bars.
#' @return A ggplot.
#' @section Errors:
#' Of class `spotscape_input_error`: `made` is not from [DomainComposition()], or `n_types` is no whole number of 1 or
#' more.
#' @seealso [DomainComposition()]
#' @examples
#' made <- list(composition = data.frame(
#'   domain = rep(c("1", "2"), each = 2), cell_type = c("glia", "neuron"),
#'   share = c(0.7, 0.3, 0.2, 0.8)
#' ))
#' made$enrichment <- cbind(
#'   made$composition, log2_ratio = c(0.6, -0.9, -1.2, 0.5), p_adjusted = c(0.01, 0.01, 0.2, 0.2)
#' )
#' DomainCompositionPlot(made)
#' DomainCompositionPlot(made, panel = "enrichment")
#' @export
DomainCompositionPlot <- function(made, panel = "shares", n_types = 12L) {
  if (!is.list(made) || !all(vapply(c("composition", "enrichment"), function(name) is.data.frame(made[[name]]), NA))) {
    input_error("made", describe_class(made), "the list that DomainComposition() gives")
  }
  check_choice("panel", panel, c("shares", "enrichment"))
  if (!is.numeric(n_types) || length(n_types) != 1L || is.na(n_types) || n_types < 1 || n_types %% 1 != 0) {
    input_error("n_types", describe(n_types), "a whole number of 1 or more")
  }
  shares <- mean_shares(made$composition)
  largest <- tapply(shares$share, shares$cell_type, max, na.rm = TRUE)
  drawn <- names(largest)[rank(-largest, ties.method = "first") <= n_types]
  if (panel == "shares") plot_composition(shares, drawn) else plot_enrichment(made$enrichment, shares, drawn)
}

# The mean over slices of each domain and type, both in the order that they come in.
mean_shares <- function(composition) {
  for (name in c("domain", "cell_type")) {
    composition[[name]] <- factor(composition[[name]], unique(composition[[name]]))
  }
  stats::aggregate(share ~ cell_type + domain, composition, mean)
}

plot_composition <- function(shares, drawn) {
  colours <- stats::setNames(domain_colours(length(drawn)), drawn)
  data <- shares[shares$cell_type %in% drawn, ]
  data$cell_type <- as.character(data$cell_type)
  rest <- shares[!shares$cell_type %in% drawn, ]
  if (nrow(rest)) {
    data <- rbind(data, cbind(cell_type = "others", stats::aggregate(share ~ domain, rest, sum)))
    colours <- c(colours, others = "#D9D9D9")
  }
  # The first type at the foot of the bar, as its colour is the last of the legend.
  data$cell_type <- factor(data$cell_type, rev(names(colours)))
  ggplot2::ggplot(data, ggplot2::aes(x = .data$domain, y = .data$share, fill = .data$cell_type)) +
    ggplot2::geom_col(width = 0.8) +
    ggplot2::scale_fill_manual(values = colours, name = NULL) +
    ggplot2::scale_x_discrete(drop = FALSE) +
    ggplot2::labs(x = "domain", y = "share of the cells") +
    ggplot2::theme_classic()
}

plot_enrichment <- function(enrichment, shares, drawn) {
  data <- enrichment[enrichment$cell_type %in% drawn, ]
  data$domain <- factor(data$domain, levels(shares$domain))
  data$cell_type <- factor(data$cell_type, rev(drawn))
  dots_over_domains(data, "cell_type", "log2_ratio", "log2 of share / expected")
}
