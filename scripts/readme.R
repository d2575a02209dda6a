# Runs the R blocks of README.md and of vignettes/guide.Rmd as they stand, on objects around the simulated slice that
# the package brings.
#
#   Rscript --vanilla scripts/readme.R        from the root of the repository, with spotscape installed
#
# Only what reads a user's own files has a stand-in: Load10X_Spatial() gives the simulated slice. Stops where a line
# fails, and where README's first block finds no markers.
suppressPackageStartupMessages({
  library(Seurat)
  library(SpatialExperiment)
})
source("tests/testthat/helper.R", local = (helper <- new.env(parent = asNamespace("spotscape"))))

readme <- c(readLines("README.md"), readLines("vignettes/guide.Rmd"))
fences <- grep("^```", readme)
starts <- fences[readme[fences] == "```r"]
blocks <- lapply(starts, function(start) readme[(start + 1L):(min(fences[fences > start]) - 1L)])
stopifnot(length(blocks) >= 5L)

# 250 genes, two of which go by the names in README; one slice with an image, and parts of it as slices of their own.
named <- function(slice) {
  rownames(slice$counts)[1:2] <- c("MBP", "PCP4")
  slice
}
example <- named(helper$example_slice(400L))
parts <- lapply(helper$example_slices(1:200, 201:400), named)
user <- new.env()
user$Load10X_Spatial <- function(...) helper$example_seurat("VisiumV2", slice = example)
user$a <- helper$example_seurat("VisiumV2", slice = parts[[1L]])
user$b <- helper$example_seurat("VisiumV2", slice = parts[[2L]])
user$a$condition <- "control"
user$b$condition <- "case"
user$a$layer <- rep(c("upper", "lower"), 100L)
user$b$layer <- NA_character_
user$new <- helper$example_seurat("VisiumV2", slice = parts[[2L]])
user$object <- suppressWarnings(merge(user$a, user$b)) |> NormalizeData() |> FindVariableFeatures() |> ScaleData() |> RunPCA()

folder <- tempfile("readme-")
dir.create(folder)
setwd(folder)
pdf(NULL)
saveRDS(helper$example_spe(slice = example), "slice.rds")
writeLines(paste(c("a set", "", rownames(example$counts)[1:20]), collapse = "\t"), "sets.gmt")
withCallingHandlers(
  for (block in blocks) {
    for (line in parse(text = block)) {
      cat(">", deparse(line), sep = "\n  ")
      shown <- withVisible(eval(line, user))
      if (shown$visible) print(shown$value)
    }
  },
  # Slices as small as these are warned of.
  warning = function(w) tryInvokeRestart("muffleWarning")
)
if (!NROW(user$markers)) stop("README's first block finds no markers")
cat(sprintf("%d blocks of R in README and the guide run; %d markers\n", length(blocks), nrow(user$markers)))
