#!/usr/bin/env bash
# Wheel, sdist and R source package, under dist/: checked, and each installed where nothing is and tried on one slice.
#
#   scripts/dist.sh              R=skip leaves R's package out, loudly; PIP_ARGS="..." for pip
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
python=$root/.venv/bin/python
export LC_ALL=${LC_ALL:-C.UTF-8} MPLBACKEND=Agg
unset PYTHONPATH

say() { printf '\n== dist: %s\n' "$*"; }
die() { printf 'dist: %s\n' "$*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source" "$work/dist"
git ls-files -co --exclude-standard | tar -cf - -T - | tar -C "$work/source" -xf -

say "sdist, and the wheel from it"
"$python" -m build --outdir "$work/dist" "$work/source" >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" >&2; die "build failed."; }
"$python" -m twine check --strict "$work"/dist/*

# README's code of one language, as a stranger would paste it.
block() { awk -v fence="\`\`\`$1" '$0 == "```" { on = 0 } on { print } $0 == fence { on = 1 }' "$root/README.md"; }

# Where nothing is: not even the checkout's own code is on the path. README's shell and Python run as they stand.
try_python() {
  say "$(basename "$1"), installed from nothing"
  "$python" -m venv "$work/venv"
  # shellcheck disable=SC2086
  "$work/venv/bin/python" -m pip --disable-pip-version-check install --quiet ${PIP_ARGS:-} -c constraints.txt "$1"
  mkdir "$work/try"
  (
    cd "$work/try"
    PATH=$work/venv/bin:$PATH
    block sh | grep '^spotscape ' >readme.sh
    block python >readme.py
    bash -euo pipefail readme.sh
    python readme.py
    spotscape interactive-map domains.h5ad -o map.html
    [ -s both.h5ad ] && [ -s report.html ] && [ -s confidence.png ] && [ -s map.html ]
  ) || die "$(basename "$1") does not run."
}

try_python "$(ls "$work"/dist/*.tar.gz)"
rm -rf "$work/venv" "$work/try"
try_python "$(ls "$work"/dist/*.whl)"

if [ "${R:-}" = skip ]; then
  say "R=skip: R'S PACKAGE IS LEFT OUT"
else
  mkdir "$work/r"
  CHECK_ARGS=--as-cran DIST=$work/r _R_CHECK_CRAN_INCOMING_=FALSE scripts/test-r.sh
  tarball=$(ls "$work"/r/*.tar.gz)
  say "$(basename "$tarball"), installed into an empty library"
  mkdir "$work/lib"
  R CMD INSTALL --library="$work/lib" "$tarball" >"$work/install.log" 2>&1 || { cat "$work/install.log" >&2; die "R CMD INSTALL failed."; }
  (
    cd "$work"
    R_LIBS=$work/lib RETICULATE_PYTHON=$work/venv/bin/python Rscript --vanilla -e '
      library(spotscape)
      slice <- from_anndata(reticulate::import("anndata")$read_h5ad("try/slice.h5ad"), kind = "spe")
      slice <- RunSpotscape(slice, n_domains = 7, verbose = FALSE)
      print(table(slice$spotscape_domain))
      stopifnot(nlevels(factor(slice$spotscape_domain)) == 7L)'
  ) || die "the R package does not run."
  mv "$tarball" "$work/dist/"
fi

rm -rf dist
mv "$work/dist" dist
say "done"
ls -l dist
