skip_if_not_installed("Seurat")

test_that("every image class gives x, y in full-resolution units, in the order of the cells", {
  slice <- example_slice(140L)
  wanted <- unname(as.matrix(slice$coordinates))
  storage.mode(wanted) <- "double"
  for (image in c("VisiumV2", "VisiumV1", "FOV", "SlideSeq")) {
    object <- example_seurat(image, slice = slice)
    expect_identical(seurat_coordinates(object, NULL, NULL), wanted, label = image)
  }
})

test_that("both conventions of VisiumV2's x are understood", {
  object <- example_seurat("VisiumV2")
  by_row <- seurat_coordinates(object, NULL, NULL)
  # As SeuratObject 5.4 and newer write it: a slot is an attribute.
  attr(object@images$slice1, "coords_x_orientation") <- "horizontal"
  expect_identical(seurat_coordinates(object, NULL, NULL), by_row[, 2:1])
  attr(object@images$slice1, "coords_x_orientation") <- "vertical"
  expect_identical(seurat_coordinates(object, NULL, NULL), by_row)
})

test_that("an FOV with outlines only gives their centroids", {
  corners <- data.frame(
    x = c(0, 2, 2, 0, 10, 12, 12, 10), y = c(0, 0, 2, 2, 4, 4, 6, 6), cell = rep(c("a", "b"), each = 4L)
  )
  fov <- SeuratObject::CreateFOV(corners, type = "segmentation", assay = "Spatial", key = "f_")
  found <- image_coordinates(fov, "f")
  expect_equal(found[c("a", "b"), ], cbind(x = c(a = 1, b = 11), y = c(1, 5)))
})

test_that("metadata columns, or numbers, stand in for an image", {
  slice <- example_slice(140L)
  object <- example_seurat("none", slice = slice)
  object <- SeuratObject::AddMetaData(object, slice$coordinates)
  wanted <- unname(as.matrix(slice$coordinates)) * 1
  expect_identical(seurat_coordinates(object, NULL, c("x", "y")), wanted)
  expect_identical(seurat_coordinates(object, NULL, slice$coordinates[140:1, ]), wanted)
  expect_input_error(seurat_coordinates(object, NULL, c("x", "z")), "coordinates", "'z'")
  expect_input_error(seurat_coordinates(object, "slice1", c("x", "y")), "coordinates", "both")
  expect_input_error(seurat_coordinates(object, NULL, NULL), "image", "without images.*coordinates = ")
})

test_that("one image is taken, several must be chosen from", {
  object <- example_seurat()
  expect_input_error(seurat_coordinates(object, "slice2", NULL), "image", "'slice1'")
  second <- object[["slice1"]]
  SeuratObject::Key(second) <- "slice2_"
  suppressWarnings(object[["slice2"]] <- second)
  expect_input_error(seurat_coordinates(object, NULL, NULL), "image", "2 images \\('slice1', 'slice2'\\)")
  expect_identical(dim(seurat_coordinates(object, "slice2", NULL)), c(140L, 2L))
})

test_that("cells that the image or the object lacks are named, with what to do", {
  object <- example_seurat()
  cells <- colnames(object)
  fewer <- object
  fewer@images$slice1 <- quiet_subset(object[["slice1"]], cells = cells[-(1:2)])
  expect_input_error(
    seurat_coordinates(fewer, NULL, NULL), "image", sprintf("2 of 140 cells \\('%s', '%s'\\).*subset\\(", cells[1L], cells[2L])
  )
  more <- quiet_subset(object, cells = cells[-1L])
  more@images$slice1 <- object[["slice1"]]
  expect_input_error(seurat_coordinates(more, NULL, NULL), "image", sprintf("1 cells.*'%s'.*subset\\(", cells[1L]))
})

test_that("counts come from Assay5 and from Assay, in the order of the cells", {
  slice <- example_slice(140L)
  object <- example_seurat(slice = slice)
  expect_identical(seurat_counts(object, "Spatial", NULL, TRUE), slice$counts)
  object[["Old"]] <- SeuratObject::CreateAssayObject(counts = slice$counts)
  expect_s4_class(object[["Old"]], "Assay")
  expect_identical(seurat_counts(object, "Old", NULL, TRUE), slice$counts)
  expect_input_error(seurat_counts(object, "Old", "raw", TRUE), "layer", "\"raw\".*'counts'")
  expect_input_error(seurat_counts(object, "Spatial", "raw", TRUE), "layer", "no layer 'raw'.*'counts'")
  expect_input_error(seurat_assay(object, "RNA"), "assay", "'Spatial', 'Old'")
})

test_that("unjoined layers are joined for the run, said, and left in the object", {
  slice <- example_slice(140L)
  object <- example_seurat(slice = slice)
  half <- rep(c("one", "two"), 70L)
  object[["Spatial"]] <- split(object[["Spatial"]], f = half)
  expect_identical(SeuratObject::Layers(object), c("counts.one", "counts.two"))
  expect_message(counts <- seurat_counts(object, "Spatial", NULL, TRUE), "joined the layers 'counts.one', 'counts.two'")
  expect_identical(counts, slice$counts)
  expect_no_message(seurat_counts(object, "Spatial", NULL, FALSE))
  expect_identical(SeuratObject::Layers(object), c("counts.one", "counts.two"))
})

test_that("an assay without counts, or not for every cell, is refused", {
  slice <- example_slice(140L)
  object <- example_seurat(slice = slice)
  suppressWarnings(object[["Part"]] <- SeuratObject::CreateAssay5Object(counts = slice$counts[, -1L]))
  expect_input_error(seurat_counts(object, "Part", NULL, TRUE), "assay", "1 of 140 cells.*subset\\(")
  suppressWarnings(object[["Norm"]] <- SeuratObject::CreateAssayObject(data = as.matrix(slice$counts)))
  expect_input_error(seurat_counts(object, "Norm", NULL, TRUE), "layer", "empty layer 'counts'")
})
