# Makes objects of some forty kinds (class x version x slices x names x types) around the simulated slice, takes each from
# R to Python and back and through `spotscape run` and back, and prints a table: what was lost, and whether the domains
# are those that Python finds.
#
#   RETICULATE_PYTHON=.venv/bin/python Rscript --vanilla scripts/round_trip.R [part of the kinds' names]
#
# from the root of the repository, with spotscape installed in R, and in Python with its r extra. Ends with an error where
# anything was lost or differs.
suppressPackageStartupMessages({
  library(testthat)
  library(Seurat)
  library(SpatialExperiment)
  library(spotscape)
})
own <- new.env(parent = asNamespace("spotscape"))
for (file in c("helper.R", "helper-round-trip.R")) sys.source(file.path("tests/testthat", file), own)
with(own, skip_without_python())

kinds <- own$round_trip_kinds()
wanted <- commandArgs(trailingOnly = TRUE)
if (length(wanted)) kinds <- kinds[grepl(wanted[[1L]], kinds$kind), ]
folder <- tempfile("round-trip-")
dir.create(folder)

# R -> Python -> R, and the domains of both.
table <- do.call(rbind, lapply(seq_len(nrow(kinds)), function(i) {
  kind <- kinds[i, ]
  object <- own$round_trip_object(kind)
  saveRDS(object, file.path(folder, sprintf("%d.rds", i)))
  parts <- if (is.list(object)) object else list(object)
  lost <- unlist(lapply(parts, function(one) own$round_trip_losses(one, from_anndata(suppressWarnings(as_anndata(one))))))
  result <- own$round_trip_in_r(object, kind)
  in_python <- own$round_trip_in_python(object, kind)
  saveRDS(list(result = result, domains = in_python), file.path(folder, sprintf("%d-wanted.rds", i)))
  made <- data.frame(
    kind = kind$kind, python = toString(lost), r_is_python = identical(own$domains_of(result), in_python),
    takes_shell = kind$class != "SingleCellExperiment"
  )
  message(sprintf("%d/%d %s", i, nrow(kinds), paste(made, collapse = " | ")))
  made
}))

# R -> shell -> R, all in one process of Python.
keys <- vapply(seq_len(nrow(kinds)), function(i) paste(own$round_trip_slice_key(kinds[i, ]), collapse = ""), "")
jobs <- file.path(folder, "jobs.txt")
writeLines(sprintf("%d\t%s", which(table$takes_shell), keys[table$takes_shell]), jobs)
python <- reticulate::py_config()$python
status <- system2(python, c("scripts/round_trip_shell.py", shQuote(folder)))
if (status) stop("the runs in the shell did not end")
table$shell <- table$shell_is_python <- NA
for (i in which(table$takes_shell)) {
  out <- file.path(folder, sprintf("%d-out.rds", i))
  if (!file.exists(out)) {
    table$shell[i] <- paste(readLines(file.path(folder, sprintf("%d.err", i))), collapse = " ")
    next
  }
  after <- readRDS(out)
  known <- readRDS(file.path(folder, sprintf("%d-wanted.rds", i)))
  # Of a list the shell makes the object that IntegrateSlices() makes.
  before <- if (kinds$slices[i] == "list") known$result else readRDS(file.path(folder, sprintf("%d.rds", i)))
  table$shell[i] <- toString(own$round_trip_losses(before, after, except = "^spotscape_"))
  table$shell_is_python[i] <- identical(own$domains_of(after), known$domains)
}
table$shell[!table$takes_shell] <- "takes no coordinates by name"
words <- function(same) ifelse(is.na(same), "-", ifelse(same, "the same", "DIFFER"))
nothing <- function(lost) ifelse(nzchar(lost), lost, "nothing")
print(data.frame(
  kind = table$kind, "lost in Python" = nothing(table$python), "R's domains" = words(table$r_is_python),
  "lost in the shell" = nothing(table$shell), "its domains" = words(table$shell_is_python), check.names = FALSE
), right = FALSE, width = 200L)
whole <- !nzchar(table$python) & table$r_is_python & (!table$takes_shell | !nzchar(table$shell) & table$shell_is_python %in% TRUE)
cat(sprintf("%d of %d kinds come back whole, with Python's domains\n", sum(whole), nrow(table)))
if (!all(whole)) quit(status = 1L)
