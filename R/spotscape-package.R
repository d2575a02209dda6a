#' spotscape: spatial domains of a tissue
#'
#' Finds spatial domains in a slice measured by spatially resolved transcriptomics. [RunSpotscape()]
#' takes a Seurat, SpatialExperiment or SingleCellExperiment object, or a matrix of counts with
#' coordinates, and gives the same object back with an embedding and the domains in it. The
#' computation is the Python package of the same name, which comes with this one and is reached through
#' \pkg{reticulate}: see [install_spotscape()] and [spotscape_sitrep()].
#'
#' @references "Global Context-aware Representation Learning for Spatially Resolved Transcriptomics",
#'   ICML 2025, arXiv 2506.15698.
#' @importClassesFrom Matrix dgCMatrix
#' @keywords internal
"_PACKAGE"
