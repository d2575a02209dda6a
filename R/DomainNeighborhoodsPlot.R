#' Figure of which domains or cell types lie beside which
#'
#' A heat map of what [DomainNeighborhoods()] found. Red is more than by chance, blue is less. The scale ends at the largest
#' value off the diagonal, as domains lie beside themselves far more than by chance: values of the diagonal beyond it have
#' the colour of its end. Up to 12 names have their numbers written into the map.
#'
#' @param found What [DomainNeighborhoods()] gave.
#' @param value `"zscore"`, `"count"` (edges), `"log2_odds"`, or `"difference"` of a condition from the reference, with a
#'   star where it is one (adjusted p below 0.05).
#' @param condition The condition to draw against the reference; `NULL`: the first one that was compared.
#' @return A ggplot.
#' @section Errors:
#' Of class `spotscape_input_error`: `found` is not from [DomainNeighborhoods()], `value` or `condition` is unknown, or no
#' conditions were compared.
#' @seealso [DomainNeighborhoods()]
#' @examples
#' found <- list(
#'   zscore = matrix(c(9, -4, -4, 8), 2, dimnames = list(c("glia", "neuron"), c("glia", "neuron"))),
#'   count = matrix(c(80, 10, 10, 60), 2, dimnames = list(c("glia", "neuron"), c("glia", "neuron"))),
#'   pairs = data.frame(
#'     first = c("glia", "glia", "neuron"), second = c("glia", "neuron", "neuron"),
#'     log2_odds = c(1.2, -2, 1.1)
#'   )
#' )
#' DomainNeighborhoodsPlot(found)
#' DomainNeighborhoodsPlot(found, value = "log2_odds")
#' @export
DomainNeighborhoodsPlot <- function(found, value = "zscore", condition = NULL) {
  if (!is.list(found) || !is.matrix(found$zscore) || !is.matrix(found$count) || !is.data.frame(found$pairs)) {
    input_error("found", describe_class(found), "the list that DomainNeighborhoods() gives")
  }
  check_choice("value", value, c("zscore", "count", "log2_odds", "difference"))
  title <- c(zscore = "z-score", count = "edges", log2_odds = "log2 odds\nagainst chance")[value]
  if (value %in% c("zscore", "count")) {
    square <- found[[value]]
    data <- data.frame(
      first = rownames(square)[row(square)], second = colnames(square)[col(square)], value = as.vector(square)
    )
  } else if (value == "log2_odds") {
    data <- both_sides(found$pairs, value)
  } else {
    rows <- compared_rows(found$differences, condition)
    data <- both_sides(rows, value)
    title <- sprintf("log2 odds,\n%s less %s", rows$condition[[1L]], rows$reference[[1L]])
  }
  plot_neighborhoods(data, rownames(found$count), title, from_zero = value == "count")
}

# The rows of one condition.
compared_rows <- function(differences, condition) {
  if (!is.data.frame(differences)) {
    input_error(
      "value", "'difference' where no conditions were compared", "another one",
      "Give condition_key to DomainNeighborhoods()."
    )
  }
  known <- unique(as.character(differences$condition))
  condition <- condition %||% known[[1L]]
  check_choice("condition", condition, known)
  differences[differences$condition == condition, ]
}

# A column of pairs, for both orders of the two names.
both_sides <- function(pairs, column) {
  star <- if (is.null(pairs$p_adjusted)) FALSE else !is.na(pairs$p_adjusted) & pairs$p_adjusted < 0.05
  data <- data.frame(first = pairs$first, second = pairs$second, value = pairs[[column]], star = star)
  turned <- data[data$first != data$second, ]
  turned[c("first", "second")] <- turned[c("second", "first")]
  rbind(data, turned)
}

plot_neighborhoods <- function(data, names, title, from_zero) {
  off <- abs(data$value[data$first != data$second])
  bound <- max(0, off[is.finite(off)])
  if (bound == 0) bound <- 1
  data$text <- if (length(names) <= 12L) cell_text(data$value) else ""
  if (!is.null(data$star)) data$text <- paste0(data$text, ifelse(data$star, "*", ""))
  data$light <- !is.na(data$value) & abs(data$value) > 0.7 * bound
  data$first <- factor(data$first, rev(names))
  data$second <- factor(data$second, names)
  limits <- c(if (from_zero) 0 else -bound, bound)
  data$colour <- pmin(pmax(data$value, limits[[1L]]), limits[[2L]])
  ggplot2::ggplot(data, ggplot2::aes(x = .data$second, y = .data$first)) +
    ggplot2::geom_tile(ggplot2::aes(fill = .data$colour)) +
    ggplot2::geom_text(ggplot2::aes(label = .data$text, colour = .data$light), size = 3, show.legend = FALSE) +
    (if (from_zero) {
      ggplot2::scale_fill_gradient(low = "#FFF5F0", high = "#67000D", limits = limits, name = title, na.value = "white")
    } else {
      ggplot2::scale_fill_gradient2(
        low = "#053061", mid = "#F7F7F7", high = "#67001F", limits = limits, name = title, na.value = "white"
      )
    }) +
    ggplot2::scale_colour_manual(values = c(`FALSE` = "black", `TRUE` = "white")) +
    ggplot2::coord_fixed() +
    ggplot2::labs(x = NULL, y = NULL) +
    ggplot2::theme_classic() +
    ggplot2::theme(axis.text.x = ggplot2::element_text(angle = 90, hjust = 1, vjust = 0.5))
}

# Two or more digits, whole numbers without decimals; nothing for NA.
cell_text <- function(values) {
  whole <- abs(values) >= 10 | values == round(values)
  text <- ifelse(whole, format(round(values), big.mark = ",", trim = TRUE), sprintf("%.1f", round(values, 1) + 0))
  replace(text, is.na(values), "")
}
