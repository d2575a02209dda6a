# Every type of column there and back, what cannot cross, and messages in words of R.

column_table <- function(n) {
  every <- function(...) rep_len(c(...), n)
  with_na <- function(values) replace(values, 2L, NA)
  plain <- list(
    logical = every(TRUE, FALSE), integer = every(1:3), double = every(0.5, -2, 1e300), whole = every(1, 2),
    character = every("a", "", "\u00e9"), factor = factor(every("b", "a"), levels = c("b", "a", "unused")),
    ordered = factor(every("low", "high"), levels = c("low", "high"), ordered = TRUE),
    Date = every(as.Date("2021-05-05"), as.Date("1969-01-01")),
    POSIXct = as.POSIXct("2021-05-05 10:00:00.25", tz = "Europe/Paris") + seq_len(n),
    utc = as.POSIXct("2021-05-05 10:00:00", tz = "UTC") + seq_len(n)
  )
  c(plain, stats::setNames(lapply(plain, with_na), paste0(names(plain), "_na")))
}

test_that("every type of column comes back from Python as it was", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  skip_if_not_installed("SpatialExperiment")
  for (object in list(example_seurat("FOV", n = 60L), example_spe(60L))) {
    kind <- class(object)[[1L]]
    columns <- column_table(60L)
    for (name in names(columns)) object <- add_columns(object, columns[name])
    back <- from_anndata(as_anndata(object))
    for (name in names(columns)) {
      expect_identical(cell_table(back)[[name]], columns[[name]], label = sprintf("%s: column '%s'", kind, name))
    }
  }
  spe <- example_spe(60L)
  # S4Vectors makes no Rle of dates and times.
  columns <- Filter(function(values) is.factor(values) || !is.object(values), columns)
  for (name in names(columns)) spe[[name]] <- S4Vectors::Rle(columns[[name]])
  back <- from_anndata(as_anndata(spe))
  for (name in names(columns)) expect_identical(back[[name]], columns[[name]], label = sprintf("Rle of %s", name))
})

test_that("columns and records that cannot cross are left behind, with a warning, and stop nothing", {
  skip_if_not_installed("SpatialExperiment")
  expect_true(known_issue("nested"))
  itself <- new.env()
  assign("itself", itself, itself)
  deep <- 1
  for (i in seq_len(3000L)) deep <- list(deep)
  spe <- example_spe(60L)
  spe$nested <- lapply(seq_len(60L), function(i) list(a = i, b = list(2)))
  spe$environments <- rep(list(itself), 60L)
  spe$table <- S4Vectors::DataFrame(a = seq_len(60L))
  spe$complex <- complex(real = seq_len(60L), imaginary = 1)
  S4Vectors::metadata(spe) <- list(kept = 1:3, environment = itself, deep = deep, call = quote(a + b))
  # As a damaged or hostile file has it.
  table <- SummarizedExperiment::colData(spe)
  table@listData$itself <- itself
  spe@colData <- table
  pieces <- take_apart(spe)
  expect_setequal(pieces$obs$dropped, c("nested", "environments", "table", "complex", "itself"))
  expect_contains(pieces$lost, c("metadata 'environment'", "metadata 'deep'", "metadata 'call'"))
  expect_identical(plain_from_piece(pieces$uns), list(kept = 1:3))
  expect_true(same_values(itself, 1))
})

test_that("an assay whose table of genes has neither columns nor names, as R 4.3 saved it, crosses", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  object <- example_seurat("FOV", n = 60L)
  bare <- structure(list(), class = "data.frame", row.names = rownames(object))
  expect_null(names(bare))
  object@assays$Spatial@meta.data <- bare
  back <- from_anndata(as_anndata(object))
  expect_identical(rownames(back), rownames(object))
  expect_identical(ncol(back[["Spatial"]][[]]), 0L)
})

test_that("a map is drawn by the image that the run was told to take", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  object <- example_seurat("SlideSeq")
  other <- object[["slice1"]]
  SeuratObject::Key(other) <- "other_"
  other@coordinates$x <- -3 * other@coordinates$x
  suppressWarnings(object[["other"]] <- other)
  result <- RunSpotscape(object, n_domains = 3, config = fast, image = "other", verbose = FALSE)
  expect_identical(SeuratObject::Misc(result[["spotscape"]])$image, "other")
  drawn <- ggplot2::ggplot_build(SpatialDomainPlot(result))$data[[1L]]
  expect_equal(sort(drawn$x), sort(other@coordinates$x))
  drawn <- ggplot2::ggplot_build(SpatialDomainPlot(result, image = "slice1"))$data[[1L]]
  expect_equal(sort(drawn$x), sort(object[["slice1"]]@coordinates$x))
})

test_that("slices by image that Python wrote are those of the verbs that follow", {
  skip_without_python()
  skip_if_not_installed("Seurat")
  merged <- merged_seurat()
  merged$condition <- rep(c("a", "b"), c(140L, 160L))
  adata <- as_anndata(merged)
  suppressWarnings(call_verb("integrate_slices", adata, slice_key = "seurat_image", n_domains = 3L, progress = FALSE))
  pieces <- call_python(python_module("interop.pieces")$from_anndata, adata, "seurat")
  # As spotscape run in.rds -o out.rds --slice-key seurat_image does.
  result <- update_object(merged, pieces_to_r(reticulate::py_to_r(pieces)))
  expect_identical(as.integer(table(result$seurat_image)), c(140L, 160L))
  aligned <- suppressWarnings(AlignSlices(result, transform = "none"))
  expect_identical(SeuratObject::Misc(aligned, "spotscape_alignment")$slice_key, "seurat_image")
  compared <- suppressWarnings(CompareDomains(result, "condition"))
  expect_setequal(compared$shares$slice, c("slice1", "slice1.2"))
  # The images say it as well where the column is gone.
  result$seurat_image <- NULL
  again <- suppressWarnings(AlignSlices(result, slice_by = "seurat_image", transform = "none"))
  expect_identical(SeuratObject::Misc(again, "spotscape_alignment"), SeuratObject::Misc(aligned, "spotscape_alignment"))
  without <- suppressWarnings(AlignSlices(result, transform = "none"))
  expect_identical(SeuratObject::Misc(without, "spotscape_alignment"), SeuratObject::Misc(aligned, "spotscape_alignment"))
  expect_identical(suppressWarnings(CompareDomains(result, "condition"))$shares, compared$shares)
  expect_identical(nlevels(SpatialDomainPlot(result, slice_by = "seurat_image")$data$slice), 2L)
})

test_that("messages of R name R's calls and slots only", {
  pythons_own <- "\\badatas?\\b|\\bobs[mp]?\\b|\\bvar[mp]?\\b|\\buns\\b|layers\\[|\\.X\\b|slice_key|\\bNone\\b|\\bTrue\\b"
  speaks <- c("input_error", "stop_input", "stop", "warning", "message", "note", "refuse_several")
  texts <- function(code, inside = FALSE) {
    if (is.character(code)) {
      return(if (inside) code)
    }
    if (!is.call(code) && !is.pairlist(code) && !is.expression(code)) {
      return(NULL)
    }
    inside <- inside || is.call(code) && as.character(code[[1L]])[[1L]] %in% speaks
    unlist(lapply(as.list(code), function(part) if (!missing(part)) texts(part, inside)))
  }
  namespace <- asNamespace("spotscape")
  functions <- Filter(is.function, mget(ls(namespace, all.names = TRUE), namespace))
  found <- unlist(lapply(functions, function(one) texts(body(one))))
  expect_gt(length(found), 200L)
  known <- c("slice_key", "both `slice_by` and `slice_key`", "`slice_key` is called `slice_by` now, and will go.")
  expect_identical(setdiff(unname(found[grepl(pythons_own, found)]), known), character())
})
