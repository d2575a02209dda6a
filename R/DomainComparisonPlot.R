#' Figure of a comparison of conditions
#'
#' How a condition differs from the reference, from what [CompareDomains()] found; `spotscape.pl.domain_comparison` in
#' Python draws both panels side by side.
#'
#' @param compared What [CompareDomains()] gave: a list with the data frames `composition`, `genes` and `shares`.
#' @param panel `"shares"`: a point for each slice, the share of its cells that a domain has, and a bar at the mean of
#'   the condition; a star where the shares differ (adjusted p below 0.05). `"genes"`: the genes with the smallest
#'   p-values of each domain, by log2 fold change (colour) and adjusted p-value (size).
#' @param condition The condition to draw against the reference; `NULL`: the first one that was compared.
#' @param n_genes Genes to draw of each domain, 1 or more.
#' @return A ggplot.
#' @section Errors:
#' Of class `spotscape_input_error`: `compared` is not from [CompareDomains()], `condition` was not compared, or
#' `n_genes` is no whole number of 1 or more.
#' @seealso [CompareDomains()]
#' @examples
#' compared <- list(
#'   composition = data.frame(
#'     domain = c("1", "2"), condition = "case", reference = "control", p_adjusted = c(0.01, 0.6)
#'   ),
#'   shares = data.frame(
#'     slice = rep(c("a", "b", "c", "d"), 2),
#'     condition = rep(c("control", "control", "case", "case"), 2),
#'     domain = rep(c("1", "2"), each = 4), share = c(0.3, 0.33, 0.6, 0.62, 0.7, 0.67, 0.4, 0.38)
#'   ),
#'   genes = data.frame(
#'     domain = c("1", "2"), condition = "case", gene = c("MBP", "SNAP25"),
#'     log2_fold_change = c(1.4, -0.3),
#'     p_adjusted = c(0.001, 0.4)
#'   )
#' )
#' DomainComparisonPlot(compared)
#' DomainComparisonPlot(compared, panel = "genes")
#' @export
DomainComparisonPlot <- function(compared, panel = "shares", condition = NULL, n_genes = 3L) {
  check_compared(compared)
  check_choice("panel", panel, c("shares", "genes"))
  known <- unique(as.character(compared$composition$condition))
  condition <- condition %||% known[[1L]]
  check_choice("condition", condition, known)
  if (!is.numeric(n_genes) || length(n_genes) != 1L || is.na(n_genes) || n_genes < 1 || n_genes %% 1 != 0) {
    input_error("n_genes", describe(n_genes), "a whole number of 1 or more")
  }
  composition <- compared$composition[compared$composition$condition == condition, ]
  if (panel == "shares") {
    return(plot_shares(compared$shares, composition))
  }
  genes <- compared$genes[compared$genes$condition == condition, ]
  genes$domain <- factor(genes$domain, composition$domain)
  plot_genes(genes, n_genes)
}

check_compared <- function(compared) {
  tables <- c("composition", "genes", "shares")
  if (!is.list(compared) || !all(vapply(tables, function(name) is.data.frame(compared[[name]]), NA))) {
    input_error("compared", describe_class(compared), "the list that CompareDomains() gives")
  }
}

plot_shares <- function(shares, composition) {
  pair <- c(composition$reference[[1L]], composition$condition[[1L]])
  data <- shares[shares$condition %in% pair, ]
  data$domain <- factor(data$domain, composition$domain)
  data$condition <- factor(data$condition, pair)
  apart <- ggplot2::position_dodge(width = 0.6)
  stars <- data.frame(domain = composition$domain[which(composition$p_adjusted < 0.05)])
  ggplot2::ggplot(data, ggplot2::aes(x = .data$domain, y = .data$share, colour = .data$condition)) +
    ggplot2::stat_summary(
      fun = mean, fun.min = mean, fun.max = mean, geom = "errorbar", width = 0.5, linewidth = 1, position = apart,
      show.legend = FALSE
    ) +
    ggplot2::geom_point(position = apart, size = 2.4, alpha = 0.8) +
    ggplot2::geom_text(
      data = stars, mapping = ggplot2::aes(x = .data$domain, y = max(data$share) * 1.05), label = "*", size = 7,
      inherit.aes = FALSE
    ) +
    ggplot2::scale_colour_manual(values = domain_colours(2L), name = NULL) +
    ggplot2::scale_x_discrete(drop = FALSE) +
    ggplot2::expand_limits(y = 0) +
    ggplot2::labs(x = "domain", y = "share of the cells of a slice") +
    ggplot2::theme_classic() +
    ggplot2::theme(legend.position = "top")
}

plot_genes <- function(genes, n_genes) {
  # The tables come with each domain's genes in order of their p-values.
  rank <- stats::ave(seq_len(nrow(genes)), genes$domain, FUN = seq_along)
  first <- genes[rank <= n_genes, ]
  shown <- unique(first$gene[order(first$domain)])
  if (length(shown) == 0L) {
    return(
      ggplot2::ggplot() + ggplot2::theme_void() +
        ggplot2::annotate("text", x = 0, y = 0, label = "no genes were compared")
    )
  }
  data <- genes[genes$gene %in% shown, ]
  data$gene <- factor(data$gene, rev(shown))
  dots_over_domains(data, "gene", "log2_fold_change", "log2 fold change")
}

# A dot for each domain and row: a log2 ratio as colour, the adjusted p-value as size. Infinite ratios have the colour of
# the farthest that is finite.
dots_over_domains <- function(data, row, change, title) {
  p_adjusted <- ifelse(is.na(data$p_adjusted), 1, data$p_adjusted)
  data$strength <- pmin(-log10(pmax(p_adjusted, 1e-5)), 5)
  bound <- max(1, abs(data[[change]][is.finite(data[[change]])]))
  data[[change]] <- pmax(pmin(data[[change]], bound), -bound)
  ggplot2::ggplot(data, ggplot2::aes(x = .data$domain, y = .data[[row]])) +
    ggplot2::geom_point(
      ggplot2::aes(fill = .data[[change]], size = .data$strength), shape = 21, colour = "grey50", na.rm = TRUE
    ) +
    ggplot2::scale_fill_gradient2(
      low = "#2166AC", mid = "#F7F7F7", high = "#B2182B", limits = c(-bound, bound), name = title
    ) +
    ggplot2::scale_size(
      range = c(1, 6), limits = c(0, 5), breaks = c(-log10(0.05), 3, 5), labels = c("0.05", "0.001", "1e-05"),
      name = "adjusted p"
    ) +
    ggplot2::scale_x_discrete(drop = FALSE) +
    ggplot2::labs(x = "domain", y = NULL) +
    ggplot2::theme_classic()
}
