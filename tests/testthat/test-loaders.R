# What Seurat's loaders make of the platforms' folders is taken as it is: small folders are written here, by their
# documented layouts, from the simulated slice, and give the domains that counts and coordinates by themselves give.

skip_if_not_installed("Seurat")

gzipped <- function(lines, file) {
  connection <- gzfile(file, "w")
  on.exit(close(connection))
  writeLines(lines, connection)
}

# Three files of a matrix, and some control features in it where asked.
write_10x <- function(counts, folder, controls = FALSE) {
  dir.create(folder, recursive = TRUE)
  kinds <- rep("Gene Expression", nrow(counts))
  if (controls) {
    blank <- matrix(rep(0:1, length.out = ncol(counts)), 1L, dimnames = list("NegControlProbe_1", colnames(counts)))
    counts <- rbind(counts, methods::as(blank, "CsparseMatrix"))
    kinds <- c(kinds, "Negative Control Probe")
  }
  plain <- tempfile()
  Matrix::writeMM(counts, plain)
  gzipped(readLines(plain), file.path(folder, "matrix.mtx.gz"))
  gzipped(paste(rownames(counts), rownames(counts), kinds, sep = "\t"), file.path(folder, "features.tsv.gz"))
  gzipped(colnames(counts), file.path(folder, "barcodes.tsv.gz"))
}

# The same in the HDF5 file that Space Ranger writes.
write_10x_h5 <- function(counts, folder) {
  dir.create(folder, recursive = TRUE, showWarnings = FALSE)
  file <- hdf5r::H5File$new(file.path(folder, "filtered_feature_bc_matrix.h5"), mode = "w")
  on.exit(file$close_all())
  matrix <- file$create_group("matrix")
  features <- matrix$create_group("features")
  matrix[["data"]] <- as.integer(counts@x)
  matrix[["indices"]] <- counts@i
  matrix[["indptr"]] <- counts@p
  matrix[["shape"]] <- dim(counts)
  matrix[["barcodes"]] <- colnames(counts)
  features[["id"]] <- features[["name"]] <- rownames(counts)
  features[["feature_type"]] <- rep("Gene Expression", nrow(counts))
  features[["genome"]] <- rep("simulated", nrow(counts))
}

write_table <- function(table, folder, name, row.names = FALSE) {
  utils::write.csv(table, file.path(folder, name), row.names = row.names, quote = FALSE)
}

# Cells of a slice, named as a platform names them, in another order in its second file.
named <- function(slice, names) {
  colnames(slice$counts) <- rownames(slice$coordinates) <- names
  slice
}

shuffled <- function(table) table[rev(seq_len(nrow(table))), ]

# Corners of a square around each place.
corners <- function(coordinates) {
  data.frame(
    cell = rep(rownames(coordinates), each = 4L),
    x = rep(coordinates$x, each = 4L) + c(-1, 1, 1, -1), y = rep(coordinates$y, each = 4L) + c(-1, -1, 1, 1)
  )
}

expect_domains_of <- function(object, slice, ...) {
  expect_setequal(colnames(object), colnames(slice$counts))
  result <- RunSpotscape(object, n_domains = 3, config = fast, verbose = FALSE, ...)
  cells <- colnames(result)
  counts <- slice$counts[, cells]
  plain <- RunSpotscape(counts, coordinates = slice$coordinates[cells, ], n_domains = 3, config = fast, verbose = FALSE)
  expect_identical(as.character(result$spotscape_domain), as.character(plain$domains))
}

test_that("LoadXenium()", {
  skip_without_python()
  folder <- withr::local_tempdir()
  slice <- example_slice(140L)
  write_10x(slice$counts, file.path(folder, "cell_feature_matrix"), controls = TRUE)
  table <- data.frame(
    cell_id = rownames(slice$coordinates), x_centroid = slice$coordinates$x, y_centroid = slice$coordinates$y,
    segmentation_method = "nucleus"
  )
  lines <- c(paste(names(table), collapse = ","), do.call(paste, c(shuffled(table), sep = ",")))
  gzipped(lines, file.path(folder, "cells.csv.gz"))
  object <- suppressWarnings(Seurat::LoadXenium(folder, molecule.coordinates = FALSE))
  expect_true("ControlProbe" %in% SeuratObject::Assays(object))
  expect_domains_of(object, slice)
})

test_that("LoadNanostring()", {
  skip_if_not_installed("data.table")
  skip_without_python()
  folder <- withr::local_tempdir()
  slice <- example_slice(140L)
  fov <- rep(1:2, each = 70L)
  id <- rep(1:70, 2L)
  slice <- named(slice, paste0(id, "_", fov))
  place <- slice$coordinates
  counts <- data.frame(fov = fov, cell_ID = id, t(as.matrix(slice$counts)), check.names = FALSE)
  counts <- rbind(transform(counts[1L, ], cell_ID = 0L), counts)
  write_table(counts, folder, "Run1_exprMat_file.csv")
  metadata <- data.frame(fov = fov, cell_ID = id, CenterX_global_px = place$x, CenterY_global_px = place$y)
  write_table(shuffled(metadata), folder, "Run1_metadata_file.csv")
  outline <- corners(place)
  key <- rep(seq_along(id), each = 4L)
  write_table(
    data.frame(fov = fov[key], cellID = id[key], x_global_px = outline$x, y_global_px = outline$y), folder, "Run1-polygons.csv"
  )
  gene <- rownames(slice$counts)[[1L]]
  write_table(
    data.frame(fov = fov, cell_ID = id, x_global_px = place$x, y_global_px = place$y, target = gene), folder, "Run1_tx_file.csv"
  )
  object <- suppressWarnings(Seurat::LoadNanostring(folder, fov = "fov"))
  expect_domains_of(object, slice)
})

write_vizgen <- function(slice, folder) {
  counts <- data.frame(t(as.matrix(slice$counts)), `Blank-1` = 1L, check.names = FALSE)
  write_table(cbind(cell = rownames(counts), counts), folder, "cell_by_gene.csv")
  place <- slice$coordinates
  metadata <- data.frame(id = rownames(place), fov = 1L, volume = 700.5, center_x = place$x, center_y = place$y)
  write_table(shuffled(metadata), folder, "cell_metadata.csv")
}

vizgen_slice <- function() {
  named(example_slice(140L), sprintf("11088342476461192440022163991631%05d", seq_len(140L)))
}

test_that("ReadVizgen(), of centroids", {
  skip_if_not_installed("data.table")
  skip_without_python()
  folder <- withr::local_tempdir()
  slice <- vizgen_slice()
  write_vizgen(slice, folder)
  read <- suppressWarnings(Seurat::ReadVizgen(folder, type = "centroids", filter = "^Blank-"))
  object <- SeuratObject::CreateSeuratObject(methods::as(as.matrix(read$transcripts), "CsparseMatrix"), assay = "Vizgen")
  centroids <- SeuratObject::CreateCentroids(read$centroids)
  fov <- SeuratObject::CreateFOV(list(centroids = centroids), type = "centroids", assay = "Vizgen")
  suppressWarnings(object[["fov"]] <- fov) # it remarks on the order of the cells, which is the point
  expect_domains_of(object, slice)
})

# LoadVizgen() wants molecules, too, and polygons in an HDF5 file for each field of view.
test_that("LoadVizgen()", {
  skip_if_not_installed("data.table")
  skip_if_not_installed("hdf5r")
  skip_without_python()
  folder <- withr::local_tempdir()
  slice <- vizgen_slice()
  write_vizgen(slice, folder)
  place <- slice$coordinates
  gene <- rownames(slice$counts)[[1L]]
  molecules <- data.frame(global_x = place$x, global_y = place$y, global_z = 3L, x = place$x, y = place$y, gene = gene)
  write_table(molecules, folder, "detected_transcripts.csv", row.names = TRUE)
  dir.create(file.path(folder, "cell_boundaries"))
  file <- hdf5r::H5File$new(file.path(folder, "cell_boundaries", "feature_data_1.hdf5"), mode = "w")
  features <- file$create_group("featuredata")
  outline <- corners(place)
  for (cell in rownames(place)) {
    level <- features$create_group(cell)$create_group("zIndex_3")$create_group("p_0")
    level[["coordinates"]] <- t(as.matrix(outline[outline$cell == cell, c("x", "y")]))
  }
  file$close_all()
  object <- suppressWarnings(Seurat::LoadVizgen(folder, fov = "fov"))
  expect_setequal(SeuratObject::Boundaries(object[["fov"]]), c("segmentation", "centroids"))
  expect_domains_of(object, slice)
})

test_that("ReadSlideSeq()", {
  skip_without_python()
  folder <- withr::local_tempdir()
  slice <- example_slice(140L)
  beads <- data.frame(barcodes = rownames(slice$coordinates), xcoord = slice$coordinates$x, ycoord = slice$coordinates$y)
  write_table(shuffled(beads), folder, "BeadLocationsForR.csv")
  object <- SeuratObject::CreateSeuratObject(slice$counts, assay = "Spatial")
  image <- Seurat::ReadSlideSeq(file.path(folder, "BeadLocationsForR.csv"))
  object[["image"]] <- image[SeuratObject::Cells(object)]
  expect_domains_of(object, slice)
})

# Positions in another order than the counts', scale factors and an image.
write_spatial <- function(place, names, folder) {
  dir.create(folder)
  positions <- data.frame(
    barcode = names, in_tissue = 1L, array_row = seq_along(names), array_col = 0L, pxl_row_in_fullres = place$y,
    pxl_col_in_fullres = place$x
  )
  write_table(shuffled(positions), folder, "tissue_positions.csv")
  diameters <- '{"spot_diameter_fullres": 75, "fiducial_diameter_fullres": 120,'
  factors <- '"tissue_hires_scalef": 0.1, "tissue_lowres_scalef": 0.03}'
  writeLines(c(diameters, factors), file.path(folder, "scalefactors_json.json"))
  file.copy(slice_file("spatial", "tissue_lowres_image.png"), folder)
}

# A folder of Visium HD with bins of two sizes, the larger being a part of the spots.
write_hd <- function(slice, folder, matrices) {
  for (size in c("008", "016")) {
    cells <- if (size == "008") colnames(slice$counts) else colnames(slice$counts)[1:70]
    names <- sprintf("s_%sum_%s", size, cells)
    inside <- file.path(folder, "binned_outputs", sprintf("square_%sum", size))
    part <- slice$counts[, cells]
    colnames(part) <- names
    matrices(part, inside)
    write_spatial(slice$coordinates[cells, ], names, file.path(inside, "spatial"))
  }
}

# Bins of one size are run, by their assay; the others are left without domains.
expect_domains_of_bins <- function(object, slice, size, n_bins) {
  pattern <- paste0("^s_", size, "_")
  mine <- grep(pattern, colnames(object), value = TRUE)
  bins <- sub(pattern, "", mine)
  expect_length(bins, n_bins)
  result <- RunSpotscape(object, n_domains = 3, config = fast, verbose = FALSE, assay = paste0("Spatial.", size))
  plain <- RunSpotscape(
    slice$counts[, bins],
    coordinates = slice$coordinates[bins, ], n_domains = 3, config = fast, verbose = FALSE
  )
  expect_identical(as.character(result$spotscape_domain[mine]), as.character(plain$domains))
  expect_true(all(is.na(result$spotscape_domain[setdiff(colnames(object), mine)])))
}

test_that("Load10X_Spatial() of Visium HD with several bins", {
  skip_if_not_installed("hdf5r")
  skip_if_not_installed("jsonlite")
  skip_without_python()
  folder <- withr::local_tempdir()
  slice <- example_slice(140L)
  write_hd(slice, folder, write_10x_h5)
  object <- suppressWarnings(Seurat::Load10X_Spatial(folder, bin.size = c(8, 16)))
  expect_setequal(SeuratObject::Assays(object), c("Spatial.008um", "Spatial.016um"))
  expect_domains_of_bins(object, slice, "008um", 140L)
  expect_domains_of_bins(object, slice, "016um", 70L)
})

test_that("Load10X_Spatial() of Visium", {
  skip_if_not_installed("hdf5r")
  skip_if_not_installed("jsonlite")
  skip_without_python()
  folder <- withr::local_tempdir()
  slice <- example_slice(140L)
  write_10x_h5(slice$counts, folder)
  write_spatial(slice$coordinates, colnames(slice$counts), file.path(folder, "spatial"))
  object <- suppressWarnings(Seurat::Load10X_Spatial(folder))
  expect_domains_of(object, slice)
})

# The same without hdf5r.
test_that("Visium HD with several bins, put together as Load10X_Spatial() does", {
  skip_if_not_installed("jsonlite")
  skip_without_python()
  folder <- withr::local_tempdir()
  slice <- example_slice(140L)
  write_hd(slice, folder, function(counts, inside) write_10x(counts, file.path(inside, "filtered_feature_bc_matrix")))
  parts <- lapply(c("008um", "016um"), function(size) {
    inside <- file.path(folder, "binned_outputs", paste0("square_", size))
    assay <- paste0("Spatial.", size)
    counts <- Seurat::Read10X(file.path(inside, "filtered_feature_bc_matrix"))
    object <- SeuratObject::CreateSeuratObject(counts, assay = assay)
    name <- paste0("slice1.", size)
    image <- Seurat::Read10X_Image(file.path(inside, "spatial"), assay = assay, slice = name)
    object[[name]] <- image[SeuratObject::Cells(object)]
    object
  })
  both <- merge(parts[[1L]], parts[[2L]])
  expect_domains_of_bins(both, slice, "008um", 140L)
})

test_that("a SpatialFeatureExperiment", {
  skip_if_not_installed("SpatialFeatureExperiment")
  skip_without_python()
  slice <- example_slice(140L)
  make <- getExportedValue("SpatialFeatureExperiment", "SpatialFeatureExperiment") # not of the suggested packages
  object <- make(
    list(counts = slice$counts),
    spatialCoords = as.matrix(slice$coordinates)
  )
  expect_domains_of(object, slice)
})
