#' Turn an R object into an AnnData, and back
#'
#' `as_anndata()` makes a Python AnnData of a Seurat, SpatialExperiment or SingleCellExperiment object, for use by
#' `reticulate`; `from_anndata()` makes one of these of an AnnData. What crosses, and under which name:
#'
#' | Seurat | experiment | AnnData |
#' | --- | --- | --- |
#' | layer `counts` of `assay` | assay `counts` | `X` |
#' | its other layers | other assays | `layers` |
#' | metadata | `colData` | `obs` |
#' | identities, parts of split layers, images of cells |  | `obs`: `seurat_ident`, `seurat_layer`, `seurat_image` |
#' | annotation of genes | `rowData` | `var` |
#' | reductions | `reducedDims` | `obsm["X_<name>"]`, in lower case |
#' | their loadings |  | `varm["<name>_loadings"]` |
#' | graphs | `colPairs` | `obsp` |
#' | other assays | `altExps` | `obsm["assay_<name>_<layer>"]` |
#' | places of cells in images, in full-resolution pixels or the image's unit | `spatialCoords` | `obsm["spatial"]` |
#' | images, scale factors | `imgData` | `uns["spatial"]` |
#' | `Misc`, record of a run | `metadata` | `uns` |
#' | classes, keys, outlines, names | names, sources of images | `uns["spotscape_r"]` |
#'
#' What only R knows (classes, keys, which cells and features a part has) is in `uns["spotscape_r"]`, so that
#' `from_anndata(as_anndata(object))` is the object again.
#'
#' Matrices stay on R's memory, so that nothing large is copied, and can only be read from Python, as the object would
#' change with them: `adata$copy()` is one that Python may change, such as by `scanpy.pp.normalize_total`.
#'
#' @section What stays behind, or changes:
#' | object | part | what |
#' | --- | --- | --- |
#' | Seurat | command log, results of tools, neighbour lists, molecules of an FOV | as_anndata() leaves them behind. A warning says so of all but the log. |
#' | Seurat | SCTAssay, and other assays that are neither Assay nor Assay5 | Come back from an AnnData as an Assay with their layers, without their models. |
#' | Seurat | cells that a reduction, an assay or an image lacks | NaN (zero in an assay) in the AnnData; from_anndata() takes them out again by the names it kept. |
#' | Seurat | cells that the chosen assay lacks, as where Visium HD has an assay for each size of bins | as_anndata() takes the cells of the chosen assay, with a warning; choose another by `assay`. |
#' | Seurat | features with an underscore | Seurat turns it into a hyphen; where two names become one, a number is added, with a warning. |
#' | SpatialExperiment, SingleCellExperiment | ranges of genes (rowRanges), rowPairs, attributes of a reducedDim | as_anndata() leaves them behind, with a warning. |
#' | SpatialExperiment, SingleCellExperiment | altExps within altExps, reducedDims of altExps | as_anndata() takes the assays, rowData and colData of an altExp, nothing else, without a warning. |
#' | any | columns that hold lists, tables or other objects; metadata that is no number, text, table or list of these | as_anndata() leaves them behind, with a warning. |
#' | any | NaN in a column or in metadata | Comes back from an AnnData as NA. |
#' | any | names of a vector or matrix within metadata or Misc | Come back from an AnnData without them. |
#' | Seurat | the `misc` of an assay | Stays behind, with a warning where it says more than that Seurat has counted. |
#'
#' @param object A Seurat, SpatialExperiment or SingleCellExperiment object.
#' @param assay Name of the assay that becomes `X`; `NULL`: the default assay, or of an experiment `"counts"`, else its
#'   first.
#' @param x An AnnData, such as `as_anndata()` gives or `reticulate` reads.
#' @param kind `"seurat"`, `"spe"` or `"sce"`; `NULL`: the kind that `x` was made of, else `"spe"` where it has
#'   coordinates and `"sce"` where it has none.
#' @return `as_anndata()`: an AnnData (cells x genes), a Python object. `from_anndata()`: an object of that kind.
#' @section Errors:
#' Of class `spotscape_input_error`: an object of another class, an assay that is not there, an unknown `kind`, an `x`
#' that is no AnnData, or two cells of one name for a Seurat object.
#' @seealso [RunSpotscape()]
#' @examplesIf spotscape_available() && requireNamespace("SpatialExperiment", quietly = TRUE)
#' counts <- matrix(rpois(60, 2), 10, dimnames = list(paste0("gene", 1:10), paste0("cell", 1:6)))
#' spe <- SpatialExperiment::SpatialExperiment(
#'   assays = list(counts = counts),
#'   spatialCoords = matrix(runif(12), 6, dimnames = list(NULL, c("x", "y")))
#' )
#' adata <- as_anndata(spe)
#' adata
#' from_anndata(adata)
#' @export
as_anndata <- function(object, assay = NULL) {
  pieces <- take_apart(object, assay)
  require_python()
  call_python(python_module("interop.pieces")$to_anndata, pieces_to_python(pieces))
}

#' @rdname as_anndata
#' @export
from_anndata <- function(x, kind = NULL) {
  if (!is.null(kind)) check_choice("kind", kind, names(KINDS))
  if (!inherits(x, "anndata._core.anndata.AnnData")) {
    input_error("x", describe_class(x), "an AnnData")
  }
  require_python()
  pieces <- call_python(python_module("interop.pieces")$from_anndata, x, kind)
  put_together(pieces_to_r(reticulate::py_to_r(pieces)))
}

# Reticulate makes a dict of a list with names only, and takes NULL for None.
pieces_to_python <- function(x) {
  if (is.list(x) && !is.object(x)) {
    return(do.call(reticulate::dict, lapply(x, pieces_to_python)))
  }
  x
}

# Text that came as a list, as text; arrays of one dimension as vectors.
pieces_to_r <- function(x) {
  if (is.list(x) && !is.object(x)) {
    if (length(x) && is.null(names(x)) && all(vapply(x, is.character, NA))) {
      return(unlist(x))
    }
    return(lapply(x, pieces_to_r))
  }
  if (length(dim(x)) == 1L) as.vector(x) else x
}
