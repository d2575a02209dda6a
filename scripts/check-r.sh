#!/usr/bin/env bash
# What `make test` does not ask of the R half: lintr and pkgdown's view of the index. For Bioconductor: check-bioc.sh.
#
#   scripts/check-r.sh           needs R's packages lintr and pkgdown (Debian: r-cran-lintr r-cran-pkgdown)
#
# Works without a network. Fails on any lint, and where the index of the site is incomplete.
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

echo "== pkgdown"
cd spotscape
# The site has no address yet; any will do for the check.
Rscript --vanilla -e '
  options(pkgdown.internet = FALSE)
  pkgdown::check_pkgdown(pkgdown::as_pkgdown(".", override = list(url = "https://arxiv.org/abs/2506.15698")))'
