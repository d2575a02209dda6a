#!/usr/bin/env bash
# What `make test` does not ask of the R half: lintr, BiocCheck, and pkgdown's view of the index.
#
#   scripts/check-r.sh           needs R's packages lintr, BiocCheck and pkgdown
#                                (Debian: r-cran-lintr r-bioc-bioccheck r-cran-pkgdown)
#
# Works without a network. Fails on any lint, on any ERROR of BiocCheck, and where the index of the site is incomplete.
# BiocCheck's one WARNING is that no package of Bioconductor is depended on: they are in Suggests, so that Seurat's
# users need none of them.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export RETICULATE_PYTHON=${RETICULATE_PYTHON:-$root/.venv/bin/python} OMP_NUM_THREADS=1 LC_ALL=${LC_ALL:-C.UTF-8}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/spotscape"
git ls-files -co --exclude-standard | tar -cf - -T - | tar -C "$work/spotscape" -xf -
cd "$work"

echo "== lintr"
Rscript --vanilla -e '
  found <- lintr::lint_package("spotscape")
  print(found)
  quit(status = as.integer(length(found) > 0L))'

echo "== BiocCheck"
# In place of the one that BiocManager would download.
cat >config.yaml <<'YAML'
release_version: "3.21"
devel_version: "3.22"
r_ver_for_bioc_ver:
  "3.19": "4.4"
  "3.20": "4.4"
  "3.21": "4.5"
  "3.22": "4.5"
YAML
R CMD build --no-build-vignettes spotscape >build.log 2>&1 || { cat build.log >&2; exit 1; }
BIOCONDUCTOR_CONFIG_FILE=file://$work/config.yaml Rscript --vanilla -e '
  skipped <- c("bioc-views", "CRAN", "bioc-help", "deprecated", "version-num")
  options <- stats::setNames(as.list(rep(TRUE, length(skipped))), paste0("no-check-", skipped))
  found <- do.call(BiocCheck::BiocCheck, c(list(Sys.glob("spotscape_*.tar.gz")), options))
  quit(status = as.integer(length(found$error) > 0L))'

echo "== pkgdown"
cd spotscape
# The site has no address yet; any will do for the check.
Rscript --vanilla -e '
  options(pkgdown.internet = FALSE)
  pkgdown::check_pkgdown(pkgdown::as_pkgdown(".", override = list(url = "https://arxiv.org/abs/2506.15698")))'
