# What a verb asks of an object: every kind answers, and a new kind is one set of methods.

generics <- function() {
  namespace <- asNamespace("spotscape")
  functions <- Filter(is.function, mget(ls(namespace), namespace))
  calls <- vapply(functions, function(one) "UseMethod" %in% all.names(body(one)), NA)
  setdiff(names(functions)[calls], getNamespaceExports(namespace))
}

has_method <- function(name, classes) {
  any(vapply(classes, function(class) !is.null(utils::getS3method(name, class, TRUE, asNamespace("spotscape"))), NA))
}

test_that("every kind of object has a method of every generic, or there is a default", {
  internal <- setdiff(generics(), "own_places") # of experiments alone
  expect_gt(length(internal), 20L)
  kinds <- list(Seurat = "Seurat", SingleCellExperiment = "SingleCellExperiment")
  for (kind in names(kinds)) {
    without <- internal[!vapply(internal, has_method, NA, classes = c(kinds[[kind]], "default"))]
    expect_identical(without, character(), label = kind)
  }
})

test_that("methods take the arguments of their generic", {
  namespace <- asNamespace("spotscape")
  for (name in generics()) {
    for (class in c("Seurat", "SingleCellExperiment", "SpatialExperiment", "default")) {
      method <- utils::getS3method(name, class, TRUE, namespace)
      if (!is.null(method)) expect_identical(formals(method), formals(get(name, namespace)), label = paste(name, class))
    }
  }
})

test_that("no function asks for the name of a kind to choose what to do", {
  namespace <- asNamespace("spotscape")
  functions <- Filter(is.function, mget(ls(namespace), namespace))
  callers <- names(functions)[vapply(functions, function(one) "kind_of" %in% all.names(body(one)), NA)]
  # These refuse what is of no kind, or tell Python the name.
  expect_setequal(callers, c("check_object", "kind_of_all", "read_object", "update_object"))
  expect_identical(names(functions)[vapply(functions, function(one) "mget" %in% all.names(body(one)), NA)], character())
})

test_that("a new kind of object goes through a run and a verb by methods of its own", {
  skip_without_python()
  methods <- list(
    require_object = function(object, purpose = "A Seurat object") invisible(),
    default_reduction = function(object) "spotscape", column_stem = function(object, reduction) reduction,
    cell_table = function(object) object$cells,
    stored_run = function(object, reduction) {
      list(
        embedding = object$embeddings[[reduction]], table = object$cells, cells = rownames(object$cells), part = object
      )
    },
    read_info = function(object, reduction) object$said[[reduction]], object_misc = function(object) object$said,
    read_counts = function(object, assay, layer, of = NULL) {
      cells <- seq_len(ncol(object$counts))
      lapply(if (is.null(of)) list(cells) else split(cells, of), function(own) object$counts[, own])
    },
    has_places = function(object) TRUE,
    cell_places = function(object, image, coordinates, cells = cell_names(object), slices = NULL) unname(object$place),
    check_one_slice = function(object, image = NULL, assay = NULL) invisible(),
    add_columns = function(object, columns, cells = colnames(object)) {
      object$cells[names(columns)] <- columns
      object
    },
    add_record = function(object, name, record) {
      object$said[[name]] <- record
      object
    },
    add_embedding = function(object, result, reduction.name, reduction.key = NULL, assay = NULL) {
      object$embeddings[[reduction.name]] <- result$embedding
      object$said[[model_name(reduction.name)]] <- result$model
      write_info(object, result$info, reduction.name)
    },
    add_domains = function(object, result, reduction.name) {
      add_columns(object, stats::setNames(list(unname(result$domains)), domain_column(reduction.name)))
    },
    write_info = function(object, info, reduction) add_record(object, reduction, info)
  )
  namespace <- asNamespace("spotscape")
  for (name in names(methods)) {
    method <- methods[[name]]
    environment(method) <- new.env(parent = namespace)
    registerS3method(name, "spotscape_test_slice", method, envir = namespace)
  }
  local_mocked_bindings(KINDS = c(KINDS, test = "spotscape_test_slice"), .package = "spotscape")

  slice <- example_slice(140L)
  object <- structure(
    list(
      counts = slice$counts, place = as.matrix(slice$coordinates), said = list(),
      cells = data.frame(row.names = colnames(slice$counts)), embeddings = list()
    ),
    class = "spotscape_test_slice"
  )
  training <- training_settings(4L, NULL, 0L, "auto", NULL, 3, FALSE, NULL, FALSE)
  made <- run_object(object, NULL, NULL, NULL, NULL, "spotscape", NULL, training)
  plain <- RunSpotscape(slice$counts, coordinates = slice$coordinates, n_domains = 4L, verbose = FALSE)
  expect_identical(made$embeddings$spotscape, plain$embedding)
  expect_identical(made$cells$spotscape_domain, unname(plain$domains))
  ordered <- suppressWarnings(RunSpatialPseudotime(made, root = list(domain = "1")))
  expect_length(ordered$cells$spotscape_pseudotime, 140L)
  expect_s3_class(LoadSpotscape(made), "spotscape_model")
  expect_input_error(ImputeExpression(made, genes = "no such gene"), "no such gene")
})
