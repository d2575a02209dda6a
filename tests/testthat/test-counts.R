test_that("any matrix becomes a dgCMatrix with the same numbers and names", {
  dense <- matrix(c(0, 2, 0, 1, 0, 3), 2L, dimnames = list(c("g1", "g2"), c("a", "b", "c")))
  for (x in list(dense, methods::as(dense, "CsparseMatrix"), methods::as(dense, "RsparseMatrix"),
                 methods::as(dense, "TsparseMatrix"))) {
    counts <- as_counts(x, "object")
    expect_s4_class(counts, "dgCMatrix")
    expect_identical(as.matrix(counts), dense)
  }
  integers <- dense
  storage.mode(integers) <- "integer"
  expect_identical(as.matrix(as_counts(integers, "object")), dense)
  symmetric <- Matrix::forceSymmetric(methods::as(diag(2), "CsparseMatrix"))
  expect_s4_class(as_counts(symmetric, "object"), "dgCMatrix")
  expect_identical(dimnames(as_counts(unname(dense), "object")), list(c("1", "2"), c("1", "2", "3")))
  expect_input_error(as_counts(matrix("a"), "object"), "object")
})

test_that("coordinates are matched by row names, else taken in order", {
  place <- data.frame(x = c(1L, 2L, 3L), y = c(4, 5, 6), row.names = c("c", "a", "b"))
  cells <- c("a", "b", "c")
  expect_identical(as_coordinates(place, cells, "coordinates"), cbind(c(2, 3, 1), c(5, 6, 4)))
  expect_identical(as_coordinates(as.matrix(place), cells, "coordinates"), cbind(c(2, 3, 1), c(5, 6, 4)))
  expect_identical(as_coordinates(data.frame(x = 1:3, y = 4:6), cells, "coordinates"), cbind(c(1, 2, 3), c(4, 5, 6)))
  expect_identical(as_coordinates(cbind(1:3, 4:6, 7:9), cells, "coordinates")[, 3L], c(7, 8, 9))
})

test_that("coordinates that do not fit are refused", {
  cells <- c("a", "b", "c")
  place <- data.frame(x = 1:2, y = 1:2, row.names = c("a", "b"))
  expect_input_error(as_coordinates(place, cells, "coordinates"), "coordinates", "no row for 1 of 3 cells \\('c'\\)")
  expect_input_error(as_coordinates(cbind(1:2, 1:2), cells, "coordinates"), "coordinates", "2 rows")
  expect_input_error(as_coordinates(cbind(1:3), cells, "coordinates"), "coordinates", "1 columns")
  expect_input_error(as_coordinates(data.frame(x = 1:3, y = letters[1:3]), cells, "coordinates"), "coordinates", "'y'")
  expect_input_error(as_coordinates("x", cells, "coordinates"), "coordinates", "character")
})

test_that("coordinates can be columns of a table", {
  table <- data.frame(u = 1:2, v = 3:4)
  expect_identical(given_coordinates(c("v", "u"), table, c("a", "b")), cbind(c(3, 4), c(1, 2)))
  expect_input_error(given_coordinates(c("v", "w"), table, c("a", "b")), "coordinates", "no column 'w'.*'u', 'v'")
})

test_that("the package that a matrix needs is named", {
  foreign <- structure(list(), class = structure("IterableMatrix", package = "NotInstalledHere"))
  expect_error(as_counts(foreign, "layer"), "matrix of class IterableMatrix needs the R package 'NotInstalledHere'")
})

test_that("a layer of a Seurat object is read where it lies", {
  skip_if_not_installed("SeuratObject")
  skip_if_not(capabilities("profmem"))
  address <- function(counts) {
    values <- counts@x
    on.exit(untracemem(values))
    tracemem(values)
  }
  object <- example_seurat("none", n = 20L)
  assay <- object[["Spatial"]]
  stored <- address(methods::slot(assay, "layers")[["counts"]])
  expect_false(address(SeuratObject::LayerData(assay, layer = "counts")) == stored)
  expect_identical(address(seurat_counts(object, "Spatial", NULL, FALSE)), stored)
  expect_identical(address(seurat_slice_counts(assay, "Spatial", NULL, list(colnames(object)))[[1L]]), stored)
  expect_identical(seurat_counts(object, "Spatial", NULL, FALSE), SeuratObject::LayerData(assay, layer = "counts"))

  # Of another assay or matrix it is what SeuratObject gives.
  methods::slot(assay, "layers")[["counts"]] <- unname(as.matrix(example_slice(20L)$counts))
  expect_identical(layer_data(assay, "counts"), as.matrix(example_slice(20L)$counts))
})
