#!/usr/bin/env bash
# The site, under site/: the Python half and the front page by Sphinx, R's half by pkgdown under site/r, all links checked.
#
#   scripts/site.sh              R=skip leaves R's half out, loudly
#
# Nothing is fetched, except that pkgdown takes six scripts for its pages when it is first used on a machine.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

export RETICULATE_PYTHON=${RETICULATE_PYTHON:-$root/.venv/bin/python}
export PATH=$root/.venv/bin:$PATH LC_ALL=${LC_ALL:-C.UTF-8}
unset MPLBACKEND # notebooks show figures by a backend of their own
export PYTHONWARNINGS="ignore:IProgress not found" # tqdm's, of a bar that no page shows
export OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 # small matrices: threads would only wait for each other
data=${SPOTSCAPE_DATA:-$root/../shared/data}
if [ -d "$data" ]; then SPOTSCAPE_DATA=$(cd "$data" && pwd); export SPOTSCAPE_DATA; fi

say() { printf '\n== site: %s\n' "$*"; }
die() { printf 'site: %s\n' "$*" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf site docs/reference

say "Sphinx: the front page, tutorials and reference of Python"
python -m sphinx -q -b html -W --keep-going -d "$work/doctrees" docs "$work/site/html" || die "Sphinx failed; see above."
mv "$work/site/html" site
rm -rf site/.doctrees site/.buildinfo docs/reference

if [ "${R:-}" = skip ]; then
  say "R=skip: R'S HALF IS LEFT OUT; links to it lead nowhere"
  python scripts/links.py site --ignore r/
  exit 0
fi

say "pkgdown: guides and reference of R"
mkdir "$work/lib" "$work/source"
# NEWS.md is a page of the front, for both languages.
git ls-files -co --exclude-standard | grep -vE '^((docs|tests|benchmarks)/|NEWS\.md$)' | tar -cf - -T - | tar -C "$work/source" -xf -
R_LIBS=$work/lib${R_LIBS:+:$R_LIBS}
export R_LIBS
R CMD INSTALL --no-test-load --library="$work/lib" "$work/source" >"$work/install.log" 2>&1 ||
  { cat "$work/install.log" >&2; die "R CMD INSTALL failed."; }
R_USER_CACHE_DIR=${R_USER_CACHE_DIR:-$root/.venv/cache}
export R_USER_CACHE_DIR
scripts/pkgdown-scripts.sh "$R_USER_CACHE_DIR/R/pkgdown"
(cd "$work/source" && Rscript --vanilla "$root/scripts/pkgdown.R" "$root/site/r") >"$work/pkgdown.log" 2>&1 ||
  { tail -n 60 "$work/pkgdown.log" >&2; die "pkgdown failed."; }
# Examples that are for people alone are not run, and pkgdown says so of each.
if grep -nE '^(Warning|Error)' "$work/pkgdown.log" | grep -vF '@examplesIf condition "interactive()'; then die "pkgdown warns; see above."; fi

say "links"
python scripts/links.py site
echo "Open $root/site/index.html in a browser."
