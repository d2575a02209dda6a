#' How many domains a tissue supports
#'
#' A Gaussian mixture is fitted for each number and judged by Schwarz' criterion, which counts only as many cells as are
#' independent. The criterion is weighed against what annotators of tissue do: they name five or six domains, rarely fewer
#' than three or more than eleven. So three or four groups may be suggested as five. The computation is
#' `spotscape.tl.suggest_n_domains` in Python. [RunSpotscape()] takes the number suggested here where it is given none.
#'
#' The number is a suggestion, not a finding. Tissue is organised on several scales, and the number of domains is a choice
#' of scale. [NDomainsPlot()] shows how clear the choice is, and what the prior changed. Compare the maps of neighbouring
#' numbers (`FindSpatialDomains(object, n_domains = )`), or the levels of [DomainTree()].
#'
#' @inheritParams FindSpatialDomains
#' @param candidates Numbers to choose from, each from 2 to the number of cells; `NULL` for 2 to 15.
#' @param stability Also say how stable each number is: each molecule goes to one of two halves by a fair coin, the run is
#'   made on both, and their domains are compared by the adjusted Rand index. Takes two runs more. Two or three domains are
#'   often the most stable, so this does not go into the suggestion. Look for a number after which the curve falls.
#' @param seed Of the mixtures' starts, and of the halves.
#' @param assay,layer Where the raw counts are, for `stability`, as in [RunSpotscape()].
#' @param reduction Name of the reduction to read; `NULL` for that of the last run by its usual name.
#' @return A data frame with a row for each candidate: `n_domains`; `log_likelihood`, of a cell
#'   (mean); `by_data`, how much the number weighs by the data alone; `weight`, with what annotators do (both sum to 1);
#'   `suggested`, `TRUE` for one row; and with `stability` that (1: both halves have the same domains, 0: as by chance). The
#'   object is not changed.
#' @section Errors:
#' Of class `spotscape_input_error`: the object holds no run, or a candidate is no number of domains of these cells; with
#' `stability`, nothing says where cells lie, or counts are not whole numbers.
#' @references Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6. Neufeld et al. (2024), Inference
#'   after latent variable estimation for single-cell RNA sequencing data, Biostatistics 25.
#' @seealso [NDomainsPlot()], [FindSpatialDomains()]
#' @examples
#' \dontshow{spotscape:::example_results("SuggestNDomains")}
#' set.seed(1)
#' towards <- rep(1:5, each = 60) # 60 cells along each of five axes
#' embedding <- 20 * diag(5)[towards, ] + matrix(rnorm(1500), 300)
#' curve <- SuggestNDomains(embedding)
#' curve$n_domains[curve$suggested]
#' @export
SuggestNDomains <- function(object, ...) {
  UseMethod("SuggestNDomains")
}

#' @rdname SuggestNDomains
#' @export
SuggestNDomains.default <- function(object, candidates = NULL, stability = FALSE, seed = 0L, assay = NULL, layer = NULL,
                                    coordinates = NULL, image = NULL, reduction = NULL, ...) {
  no_more_arguments(...)
  if (is.matrix(object) && is.numeric(object)) {
    if (isTRUE(stability)) {
      input_error("stability", "TRUE, and an embedding alone", "an object with counts after a run")
    }
    cells <- rownames(object) %||% as.character(seq_len(nrow(object)))
    run <- list(embedding = object, cells = cells)
    place <- if (!is.null(coordinates)) as_coordinates(coordinates, cells, "coordinates")
    return(suggest_python(embedding_in_python(run, place), candidates, stability, seed))
  }
  check_object(object, expected = paste("a", OBJECT_CLASSES, "object, or an embedding (numeric matrix)"))
  run <- run_of(object, reduction)
  known <- has_places(object) || !is.null(image) || !is.null(coordinates)
  if (known || isTRUE(stability)) run <- with_lost_slices(run, coordinates)
  place <- if (known || isTRUE(stability)) run_places(run$part, run, image, coordinates)
  if (!isTRUE(stability)) {
    return(suggest_python(embedding_in_python(run, place), candidates, stability, seed))
  }
  refuse_lost_slices(run)
  assay <- assay_to_read(run$part, assay)
  adata <- run_to_python(run, counts = run_counts(run$part, assay, layer), places = place)
  record <- run$info[intersect(c("params", "domains", "mapped"), names(run$info))]
  slice_key <- if (!is.null(run$slices)) "slice"
  if (!is.null(slice_key)) record$integration <- list(slice_key = slice_key)
  adata$uns$update(pieces_to_python(list(spotscape = record)))
  call_python(python_module("gr")$spatial_neighbors, adata, slice_key = slice_key)
  suggest_python(adata, candidates, stability, seed)
}

#' Figure of the number of domains
#'
#' How much each number of domains weighs, by the data alone (line) and with what annotators usually do (bars). Python has
#' it as `spotscape.pl.n_domains`. One high bar is a clear choice. Several bars of about one height are not: compare the
#' maps of these numbers. Where the line peaks elsewhere, the prior decided. Where the stability was asked for, a second
#' panel shows it: how alike domains of two halves of the molecules are.
#'
#' @param curve What [SuggestNDomains()] gave.
#' @return A ggplot.
#' @section Errors:
#' Of class `spotscape_input_error`: `curve` is not from [SuggestNDomains()].
#' @seealso [SuggestNDomains()]
#' @examples
#' curve <- data.frame(
#'   n_domains = 2:6, log_likelihood = -1, by_data = c(0.1, 0.2, 0.3, 0.3, 0.1),
#'   weight = c(0, 0.1, 0.3, 0.4, 0.2),
#'   suggested = c(FALSE, FALSE, FALSE, TRUE, FALSE)
#' )
#' NDomainsPlot(curve)
#' @export
NDomainsPlot <- function(curve) {
  columns <- c("n_domains", "by_data", "weight", "suggested")
  if (!is.data.frame(curve) || !all(columns %in% names(curve))) {
    input_error("curve", describe_class(curve), "the data frame that SuggestNDomains() gives")
  }
  require_packages("ggplot2", "NDomainsPlot()")
  both <- "stability" %in% names(curve)
  if (both) curve$panel <- factor("weight", c("weight", "stability (ARI of two halves)"))
  drawn <- ggplot2::ggplot(curve, ggplot2::aes(.data$n_domains)) +
    ggplot2::geom_col(ggplot2::aes(y = .data$weight, fill = .data$suggested), width = 0.8) +
    ggplot2::geom_line(ggplot2::aes(y = .data$by_data, linetype = "the data alone")) +
    ggplot2::geom_point(ggplot2::aes(y = .data$by_data), size = 1.2) +
    ggplot2::scale_fill_manual(
      values = c(`FALSE` = "#c8c8c8", `TRUE` = "#0072b2"), labels = c(`FALSE` = "other", `TRUE` = "suggested"),
      name = "with the prior"
    ) +
    ggplot2::scale_x_continuous(breaks = curve$n_domains) +
    ggplot2::labs(x = "number of domains", y = if (!both) "weight", linetype = NULL) +
    ggplot2::theme_minimal()
  if (!both) {
    return(drawn)
  }
  curve$panel[] <- levels(curve$panel)[[2L]]
  drawn + ggplot2::geom_line(ggplot2::aes(y = .data$stability), data = curve) +
    ggplot2::geom_point(ggplot2::aes(y = .data$stability), data = curve, size = 1.2) +
    ggplot2::expand_limits(y = 0) +
    ggplot2::facet_wrap(ggplot2::vars(.data$panel), ncol = 1L, scales = "free_y", strip.position = "left") +
    ggplot2::theme(strip.placement = "outside")
}

# `adata`: with the embedding, and for the stability with counts and the record of the run.
suggest_python <- function(adata, candidates, stability, seed) {
  call_python(
    python_module("tl")$suggest_n_domains, adata,
    candidates = if (!is.null(candidates)) lapply(candidates, scalar_to_python, name = "candidates"),
    stability = stability, seed = scalar_to_python("seed", seed)
  )
  found <- reticulate::py_to_r(python_module("interop.reticulate")$from_anndata(adata))$info$n_domains
  numbers <- as.integer(found$candidates)
  curve <- data.frame(
    n_domains = numbers, log_likelihood = as.numeric(found$log_likelihood), by_data = as.numeric(found$by_data),
    weight = as.numeric(found$weights), suggested = numbers == as.integer(found$suggested)
  )
  if (!is.null(found$stability)) curve$stability <- as.numeric(found$stability)
  curve
}
