# Bioconductor's way to Python: an environment with fixed versions, which basilisk makes at the first run and keeps.

BASILISK_PYTHON <- "3.12"
# What constraints.txt says, of all that a run needs; a test holds both equal.
BASILISK_PINS <- c(
  "anndata==0.12.19", "array-api-compat==1.16.0", "h5py==3.16.0", "igraph==1.0.0",
  "Jinja2==3.1.6", "joblib==1.6.0", "legacy-api-wrap==1.5", "llvmlite==0.50.0", "matplotlib==3.11.2",
  "networkx==3.6.1", "numba==0.68.1", "numcodecs==0.16.6", "numpy==2.4.6", "packaging==26.3", "pandas==2.3.3",
  "patsy==1.0.3", "pillow==13.0.0", "POT==0.9.7.post1", "psutil==7.2.2", "pyarrow==26.0.1",
  "pynndescent==0.7.0", "rich==15.0.0", "safetensors==0.8.0", "scanpy==1.11.5", "scikit-learn==1.9.1",
  "scikit-misc==0.5.3", "scipy==1.17.1", "scverse-misc==0.0.3", "seaborn==0.13.2", "session-info2==0.4.1",
  "statsmodels==0.15.0", "sympy==1.14.0", "threadpoolctl==3.8.0", "torch-geometric==2.8.1", "torch==2.13.0",
  "tqdm==4.70.1", "typer==0.29.2", "typing_extensions==4.16.0", "umap-learn==0.5.12",
  "zarr==3.1.6"
)

has_basilisk <- function() requireNamespace("basilisk", quietly = TRUE)

# Up to 1.20, basilisk made environments by conda, and had helpers in a package of their own.
basilisk_is_old <- function() utils::packageVersion("basilisk") < "1.21.0"

basilisk_helper <- function(name) {
  getExportedValue(if (basilisk_is_old()) "basilisk.utils" else "basilisk", name)
}

basilisk_environment <- function() {
  python <- paste0("python=", BASILISK_PYTHON)
  if (basilisk_is_old()) {
    return(basilisk::BasiliskEnvironment("spotscape", "spotscape", packages = python, pip = BASILISK_PINS))
  }
  basilisk::BasiliskEnvironment("spotscape", "spotscape", packages = c(python, BASILISK_PINS))
}

# The Python of that environment, where it has been made already; NULL where not. Makes nothing.
basilisk_python <- function() {
  folder <- if (identical(Sys.getenv("BASILISK_USE_SYSTEM_DIR"), "1")) {
    tryCatch(basilisk::obtainEnvironmentPath(basilisk_environment()), error = function(e) "")
  } else {
    version <- as.character(utils::packageVersion("spotscape"))
    file.path(basilisk_helper("getExternalDir")(), "spotscape", version, "spotscape")
  }
  python <- basilisk_helper("getPythonBinary")(folder)
  if (file.exists(python)) python else NULL
}

# Makes the environment where there is none, and starts its Python in this session, for good.
start_basilisk <- function() {
  if (is.null(basilisk_python())) {
    message("spotscape: basilisk makes a Python environment, once (about 1 GB, some minutes).")
  }
  restore <- basilisk::useBasiliskEnv(basilisk::obtainEnvironmentPath(basilisk_environment()))
  if (is.function(restore)) restore() # the variables of the process that basilisk unset
}
