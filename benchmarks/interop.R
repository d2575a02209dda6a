# Time and memory of a large sparse matrix on its way between R and Python by reticulate; the other half is interop.py.
#
#   Rscript benchmarks/interop.R [cells] [genes] [density]
#
# The crossing alone, with Python and the packages loaded. Needs Linux, and spotscape installed.
suppressPackageStartupMessages({
  library(spotscape)
  library(SingleCellExperiment)
})
given <- as.numeric(commandArgs(trailingOnly = TRUE))
size <- replace(c(1e5, 1000, 0.1), seq_along(given), given)

memory <- function(name) {
  line <- grep(paste0("^", name, ":"), readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 2^20
}
measure <- function(label, code) {
  invisible(gc())
  cat("5", file = "/proc/self/clear_refs") # the peak is counted from here
  before <- memory("VmRSS")
  seconds <- system.time(value <- force(code))[["elapsed"]]
  cat(sprintf("| %s | %.1f | %.2f |\n", label, seconds, memory("VmHWM") - before))
  value
}

set.seed(1)
counts <- Matrix::rsparsematrix(size[[2L]], size[[1L]], size[[3L]], rand.x = function(n) rep(1, n))
dimnames(counts) <- list(paste0("gene", seq_len(nrow(counts))), paste0("cell", seq_len(ncol(counts))))
sce <- SingleCellExperiment(list(counts = counts))
seurat <- suppressWarnings(SeuratObject::CreateSeuratObject(counts))
invisible(from_anndata(as_anndata(sce[1:10, 1:10])))

cat("| way | seconds | peak above, GB |\n| --- | --- | --- |\n")
there <- measure("as_anndata(sce)", as_anndata(sce))
back <- measure("from_anndata(), sce", from_anndata(there))
there <- measure("as_anndata(seurat)", as_anndata(seurat))
back <- measure("from_anndata(), seurat", from_anndata(there))
sizes <- c(length(counts@x) * 12, prod(dim(counts)) * 8) / 2^30
cat(sprintf("\nThe matrix takes %.2f GB; dense it would take %.2f.\n", sizes[[1L]], sizes[[2L]]))
