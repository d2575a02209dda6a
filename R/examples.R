# The start that examples of several pages share, written once: `@eval example_start("Page", "run")` puts it into the
# page "Page". The page's own lines follow it in an @examplesIf of their own. Without Python, recorded results are shown.

EXAMPLE_STARTS <- list(
  # A slice after a run.
  run = r"---(set.seed(1)
counts <- matrix(rpois(6000, 2), 60, dimnames = list(paste0("gene", 1:60), paste0("cell", 1:100)))
spe <- SpatialExperiment::SpatialExperiment(
  assays = list(counts = counts), spatialCoords = as.matrix(expand.grid(x = 1:10, y = 1:10))
)
spe <- RunSpotscape(spe, n_domains = 3, verbose = FALSE))---",
  # What makes a slice.
  slice = r"---(set.seed(1)
slice <- function(name) {
  counts <- matrix(rpois(6000, 2), 60, dimnames = list(paste0("gene", 1:60), paste0(name, 1:100)))
  SpatialExperiment::SpatialExperiment(
    assays = list(counts = counts), sample_id = name,
    spatialCoords = as.matrix(expand.grid(x = 1:10, y = 1:10))
  )
})---",
  # Two of them in one space.
  both = r"---(both <- suppressWarnings(IntegrateSlices(
  list(a = slice("a"), b = slice("b")), n_domains = 3, verbose = FALSE
)))---"
)

example_start <- function(page, ...) {
  c(
    '@examplesIf requireNamespace("SpatialExperiment", quietly = TRUE)',
    sprintf('\\dontshow{spotscape:::example_results("%s")}', page),
    unlist(EXAMPLE_STARTS[c(...)], use.names = FALSE)
  )
}
