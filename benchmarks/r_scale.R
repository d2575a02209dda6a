# RunSpotscape() on a large Seurat object, for r_scale.py: the object is read, the run is measured.
#
#   Rscript benchmarks/r_scale.R folder output.json
#
# `folder` holds the counts of a slice, genes x cells, as three arrays (x, i, p) and their size, and the coordinates.
# Needs Linux, and spotscape and Seurat installed.
suppressPackageStartupMessages({
  library(spotscape)
  library(Seurat)
})
given <- commandArgs(trailingOnly = TRUE)

memory <- function(name) {
  line <- grep(paste0("^", name, ":"), readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 2^20
}
read_numbers <- function(name, what, n) {
  readBin(file.path(given[[1L]], name), what, n, size = if (what == "integer") 4L else 8L)
}
size <- read_numbers("size", "integer", 3L) # genes, cells, values
cells <- paste0("cell", seq_len(size[[2L]]))
read_object <- function() {
  counts <- methods::new("dgCMatrix",
    x = read_numbers("x", "double", size[[3L]]), i = read_numbers("i", "integer", size[[3L]]),
    p = read_numbers("p", "integer", size[[2L]] + 1L), Dim = size[1:2],
    Dimnames = list(paste0("gene", seq_len(size[[1L]])), cells)
  )
  object <- CreateSeuratObject(counts, assay = "Spatial")
  place <- matrix(read_numbers("spatial", "double", 2L * size[[2L]]), ncol = 2L, dimnames = list(cells, c("x", "y")))
  object[["slice1"]] <- CreateFOV(as.data.frame(place), type = "centroids", assay = "Spatial", key = "slice1_")
  object
}
run <- function(object) {
  RunSpotscape(object, n_domains = 8, config = list(cluster_method = "kmeans"), verbose = FALSE)
}
object <- read_object()
invisible(run(subset(object, cells = cells[1:200]))) # Python runs, and has loaded what it needs
invisible(gc())

cat("5", file = "/proc/self/clear_refs") # the peak is counted from here
before <- memory("VmRSS")
seconds <- system.time(object <- run(object))[["elapsed"]]
peak <- memory("VmHWM")
cat(
  sprintf('{"s": %f, "before": %f, "peak": %f, "first": %.17g}\n', seconds, before, peak, Embeddings(object[["spotscape"]])[1L, 1L]),
  file = given[[2L]]
)
