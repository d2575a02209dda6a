# What a verb asks of an object, whatever kind it is, and what it writes into it: generics, with a method for each kind.
# A public verb checks its arguments, reads by these, calls Python, and writes back by these.
#
# A further kind of object needs a row in KINDS, and one file with methods of the generics below, as
# bridge-SpatialExperiment.R has them; pieces-SpatialExperiment.R has those for the object as a whole. Where a default
# fits, a kind needs no method. Generics that are exported (RunSpotscape(), ...) have a method for each kind beside them:
# the arguments differ.
#
# Python reads these files without the package around them. Methods are then found from functions of ours only, so that
# lapply() and Map() are given a function that calls the generic, and never the generic itself.

# A SpatialExperiment is a SingleCellExperiment as well.
KINDS <- c(seurat = "Seurat", spe = "SpatialExperiment", sce = "SingleCellExperiment")

OBJECT_CLASSES <- "Seurat, SpatialExperiment or SingleCellExperiment"

# The name in KINDS, as Python and files have it.
kind_of <- function(object, name = "object", expected = paste("a", OBJECT_CLASSES, "object")) {
  found <- names(KINDS)[vapply(KINDS, function(class) inherits(object, class), NA)]
  # Code may claim any class.
  if (!length(found) || is.language(object)) {
    input_error(name, describe_class(object), expected)
  }
  found[[1L]]
}

# An object of a kind that has methods, and whose packages are there. `purpose`: what they are for, in the message.
check_object <- function(object, ..., purpose = "A Seurat object") {
  kind_of(object, ...)
  require_object(object, purpose)
}

# An object can be read from a file where the package of its class is not installed.
require_object <- function(object, purpose = "A Seurat object") UseMethod("require_object")

# ---- names -------------------------------------------------------------------------------------------------------

# Name of the embedding where nobody gives one.
default_reduction <- function(object) UseMethod("default_reduction")

# What the names of the columns that belong to an embedding start with.
column_stem <- function(object, reduction) UseMethod("column_stem")

cell_names <- function(object) colnames(object) %||% as.character(seq_len(ncol(object)))

# Names of cells that no two share.
piece_names <- function(object) UseMethod("piece_names")

#' @exportS3Method
piece_names.default <- function(object) cell_names(object)

# ---- reading -----------------------------------------------------------------------------------------------------

# The table about cells: metadata or colData.
cell_table <- function(object) UseMethod("cell_table")

# That table with the image of each cell, where that is the column asked for.
table_with_images <- function(object, table, slice_by) UseMethod("table_with_images")

#' @exportS3Method
table_with_images.default <- function(object, table, slice_by) table

# The table about the genes of an assay, with their names as row names.
gene_table <- function(object, assay) UseMethod("gene_table")

# What an object keeps of a run: `embedding`, `table` and `cells`, and the `part` of the object that holds these cells.
stored_run <- function(object, reduction) UseMethod("stored_run")

# The record of a run, NULL where there is none; write_info() puts it back.
read_info <- function(object, reduction) UseMethod("read_info")

# What verbs leave beside the run, by name: models, alignments.
object_misc <- function(object) UseMethod("object_misc")

# The assay with the raw counts, and the cells that it has.
assay_to_read <- function(object, assay) UseMethod("assay_to_read")

#' @exportS3Method
assay_to_read.default <- function(object, assay) assay

part_with <- function(object, assay) UseMethod("part_with")

#' @exportS3Method
part_with.default <- function(object, assay) object

# Raw counts, genes x cells: a list with a matrix for each level of `of`, or with one of all cells where it is NULL.
read_counts <- function(object, assay, layer, of = NULL) UseMethod("read_counts")

# Raw counts of one slice, where its layers are joined for a run.
joined_counts <- function(object, assay, layer, verbose) UseMethod("joined_counts")

#' @exportS3Method
joined_counts.default <- function(object, assay, layer, verbose) read_counts(object, assay, layer)[[1L]]

# Whether the object says where its cells lie, without `image` and `coordinates`.
has_places <- function(object) UseMethod("has_places")

# Coordinates of one slice, or of several (a factor; NULL for one), by row in the order of the cells.
cell_places <- function(object, image, coordinates, cells = cell_names(object), slices = NULL) UseMethod("cell_places")

# A run takes one slice, also where `coordinates` are given.
check_one_slice <- function(object, image = NULL, assay = NULL) UseMethod("check_one_slice")

# The column that tells the slices of an object apart, where nobody names one. Images and split layers go under the
# name "slice", which is then written.
usual_slices <- function(object) UseMethod("usual_slices")

# The slice of each cell, a factor.
cell_slices <- function(object, slice_by, assay) UseMethod("cell_slices")

#' @exportS3Method
cell_slices.default <- function(object, slice_by, assay) column_slices(cell_table(object), slice_by)

# The slices of a run over several where their column is gone, if the object knows them otherwise.
lost_slices <- function(object) UseMethod("lost_slices")

#' @exportS3Method
lost_slices.default <- function(object) NULL

# ---- writing -----------------------------------------------------------------------------------------------------

# Columns about cells, in the order of `cells`; NULL takes a column out.
add_columns <- function(object, columns, cells = colnames(object)) UseMethod("add_columns")

# A record of a verb, under a name of its own.
add_record <- function(object, name, record) UseMethod("add_record")

# Embedding, record and model of a run.
add_embedding <- function(object, result, reduction.name, reduction.key = NULL, assay = NULL) UseMethod("add_embedding")

# The domains, and how sure they are. An earlier column of that goes where nothing says it of these domains.
add_domains <- function(object, result, reduction.name) UseMethod("add_domains")

write_info <- function(object, info, reduction) UseMethod("write_info")

# Domains got other names: what an object shows cells by follows, where that was the domains.
follow_domains <- function(object, before, after) UseMethod("follow_domains")

#' @exportS3Method
follow_domains.default <- function(object, before, after) object

# Expression, genes x cells, under a name of its own. `whole`: all genes were asked for.
add_imputed <- function(object, values, name, scale, whole) UseMethod("add_imputed")

# ---- several objects ---------------------------------------------------------------------------------------------

# Settings that this kind does not know are refused.
refuse_settings <- function(object, settings, kind) UseMethod("refuse_settings")

#' @exportS3Method
refuse_settings.default <- function(object, settings, kind) invisible()

# One object of several (by their slices' names), slice by slice, with a column of the slices. `cells`: names for the
# cells of each, which no two share; NULL where none are named.
join_slices <- function(objects, cells, slice_by, reduction.name) UseMethod("join_slices", objects[[1L]])

# An object of an older version of its package as the installed one has it.
current_object <- function(object) UseMethod("current_object")

#' @exportS3Method
current_object.default <- function(object) object

# ---- the whole object --------------------------------------------------------------------------------------------

# The pieces of pieces.R.
take_apart <- function(object, assay = NULL) {
  check_object(object)
  object_pieces(object, assay)
}

object_pieces <- function(object, assay) UseMethod("object_pieces")

# An object of these pieces. There is none yet: `kind` is a name in KINDS, of the class that is to be made.
put_together <- function(pieces) {
  kind <- check_choice("kind", pieces$kind, names(KINDS))
  from_pieces(structure(kind, class = KINDS[[kind]]), pieces)
}

from_pieces <- function(kind, pieces) UseMethod("from_pieces")

# The object with what the pieces have beyond it.
update_from_pieces <- function(object, pieces) UseMethod("update_from_pieces")
