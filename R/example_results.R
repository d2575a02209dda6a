# Vignettes and examples where there is no Python: each call of a verb that needs one gives what the same call gave when
# scripts/example-results.R was run. What was asked is compared, so that a page that was changed fails.

EXAMPLE_VERBS <- c(
  "AlignSlices", "AlignStack", "CompareDomains", "CutDomainTree", "DescribeDomains", "DomainComposition", "DomainGeneSets",
  "DomainNeighborhoods", "DomainTree", "ExportDomains", "FindDomainMarkers", "FindSpatialDomains", "ImputeExpression",
  "IntegrateSlices", "InteractiveDomainMap", "LoadSpotscape", "MapToSpotscape", "RenameDomains", "RunSpatialPseudotime",
  "RunSpotscape", "SaveSpotscape", "ScoreDomains", "SuggestDomainNames", "SuggestNDomains", "TransferDomains"
)

# Puts stand-ins for those verbs into `where`, for the page of this name. Does nothing where Python is there.
example_results <- function(page, where = parent.frame(), available = spotscape_available()) {
  if (available) {
    return(invisible(FALSE))
  }
  file <- system.file("extdata", "example_results.rds", package = "spotscape", mustWork = TRUE)
  place_stand_ins(readRDS(file)[[page]], where)
  message("spotscape: there is no Python here. Results of calls that need it are those that come with the package.")
  invisible(TRUE)
}

place_stand_ins <- function(calls, where) {
  state <- list2env(list(calls = calls, place = 1L))
  for (verb in EXAMPLE_VERBS) assign(verb, stand_in(verb, state, where), envir = where)
}

# Any other call goes to the verb itself, which says that there is no Python.
stand_in <- function(verb, state, where) {
  force(verb)
  function(...) {
    asked <- example_call(sys.call())
    arguments <- list(...) # the calls in it come first
    call <- if (state$place <= length(state$calls)) state$calls[[state$place]]
    if (!identical(call$asked, asked)) {
      return(getExportedValue("spotscape", verb)(...))
    }
    state$place <- state$place + 1L
    if (state$place > length(state$calls)) rm(list = EXAMPLE_VERBS, envir = where) # nothing of ours stays
    if (!is.null(call$error)) stop(call$error)
    if (!is.null(call$file)) writeBin(call$file, arguments[[2L]])
    value <- unpack_result(call$result, arguments)
    if (call$visible) value else invisible(value)
  }
}

example_call <- function(call) paste(deparse(call, width.cutoff = 500L), collapse = " ")

# The code of a help page's examples, or of a vignette, in a file of its own.
page_code <- function(page) {
  code <- tempfile(fileext = ".R")
  if (endsWith(page, ".Rd")) {
    tools::Rd2ex(page, code, commentDontrun = TRUE)
  } else {
    # What the vignettes' chunks ask for.
    knitr::purl(page, code, quiet = TRUE, envir = list2env(list(ready = TRUE, replayed = FALSE), parent = globalenv()))
  }
  code
}

# An object is kept as the slots that differ from those of the object that the verb was given.
pack_result <- function(value, arguments) {
  first <- arguments[[1L]]
  base <- Find(function(one) identical(class(one), class(value)), arguments)
  if (isS4(value) && !is.null(base)) {
    differs <- function(slot) !identical(methods::slot(value, slot), methods::slot(base, slot))
    changed <- stats::setNames(nm = Filter(differs, methods::slotNames(value)))
    slots <- lapply(changed, function(slot) shortened(methods::slot(value, slot)))
    return(list(class = class(value), slots = slots))
  }
  if (is.list(first) && isS4(value) && identical(joined_assay(first), example_counts(value))) {
    SummarizedExperiment::assays(value, withDimnames = FALSE) <- list()
    return(list(joined = shortened(value)))
  }
  list(value = shortened(value))
}

unpack_result <- function(result, arguments) {
  if (!is.null(result$joined)) {
    object <- result$joined
    SummarizedExperiment::assays(object, withDimnames = FALSE) <- list(counts = joined_assay(arguments[[1L]]))
    return(object)
  }
  if (is.null(result$slots)) {
    return(result$value)
  }
  object <- Find(function(one) identical(class(one), result$class), arguments)
  for (slot in names(result$slots)) methods::slot(object, slot, check = FALSE) <- result$slots[[slot]]
  object
}

example_counts <- function(object) unname(SummarizedExperiment::assay(object, "counts"))

joined_assay <- function(objects) {
  if (all(vapply(objects, isS4, NA))) unname(do.call(cbind, lapply(unname(objects), example_counts)))
}

# Numbers of long tables to three digits or so: half of the file would be digits that nobody reads.
shortened <- function(x) {
  if (is.data.frame(x)) {
    x[] <- lapply(x, round_bits, 12L, 100L)
  } else if (is.double(x)) {
    x <- if (NCOL(x) <= 3L && is.matrix(x)) x else round_bits(x, 10L, 1000L) # not places
  } else if (is.list(x) && !is.object(x)) { # not a version, whose parts are versions
    x[] <- lapply(x, shortened)
  } else if (isS4(x)) {
    for (slot in methods::slotNames(x)) methods::slot(x, slot, check = FALSE) <- shortened(methods::slot(x, slot))
  }
  x
}

# To as many binary digits, which leaves bytes of zeros.
round_bits <- function(x, bits, longest) {
  if (!is.double(x) || !is.null(attr(x, "class")) || length(x) < longest) {
    return(x)
  }
  exponent <- floor(log2(abs(x)))
  scale <- 2^(bits - ifelse(is.finite(exponent), exponent, 0))
  rounded <- round(x * scale) / scale
  x[is.finite(rounded)] <- rounded[is.finite(rounded)]
  x
}
