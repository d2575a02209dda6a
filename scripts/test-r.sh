#!/usr/bin/env bash
# The R half: documentation up to date, R CMD INSTALL, README's R, vignettes, testthat, R CMD check --no-manual.
#
#   scripts/test-r.sh            Python is taken from RETICULATE_PYTHON, by default .venv's
#   CHECK_ARGS=--as-cran         further arguments for R CMD check
#   DIST=folder                  where to put the source package, once it has passed
#
# Everything is done once: `R CMD build` renders the vignettes, so the check does not run them again, and
# testthat runs within the check. README's R and roxygen2 run beside `R CMD build`, and testthat takes its files with two
# processes: each of these alone keeps one core busy, and a runner has two.
# Fails on any ERROR or WARNING of the check, and on a test suite without tests.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

export RETICULATE_PYTHON=${RETICULATE_PYTHON:-$root/.venv/bin/python}
export SPOTSCAPE_TEST_PYTHON=required # tests that need Python fail without it, rather than skip
export SPOTSCAPE_SOURCES=$root # for tests that read pages
export LC_ALL=${LC_ALL:-C.UTF-8}
export _R_CHECK_SYSTEM_CLOCK_=0 # asks a time server
export _R_CHECK_FORCE_SUGGESTS_=FALSE # basilisk, which brings a conda of its own, need not be there
export NOT_CRAN=true
export OMP_NUM_THREADS=1 # the tests' matrices are small: threads would only wait for each other
export TESTTHAT_PARALLEL=TRUE TESTTHAT_CPUS=${TESTTHAT_CPUS:-2}
export NUMBA_NUM_THREADS=1 # else numba, which UMAP brings, sets the threads of OpenMP to the cores
# R CMD check runs elsewhere: a path relative to the checkout would not be found there.
data=${SPOTSCAPE_DATA:-$root/../shared/data}
if [ -d "$data" ]; then SPOTSCAPE_DATA=$(cd "$data" && pwd); export SPOTSCAPE_DATA; fi

say() { printf '\n== R: %s\n' "$*"; }
die() { printf 'test-r: %s\n' "$*" >&2; exit 1; }

[ -x "$RETICULATE_PYTHON" ] || die "RETICULATE_PYTHON: no Python at $RETICULATE_PYTHON; make it with 'make .venv/.installed'."

work=$(mktemp -d)
beside= # the process that runs beside, once there is one
trap 'if [ -n "$beside" ]; then kill "$beside" 2>/dev/null || true; fi; rm -rf "$work"' EXIT
mkdir "$work/lib" "$work/source"
export R_LIBS=$work/lib${R_LIBS:+:$R_LIBS}

# A copy without what builds and environments leave, so that nothing is written into the checkout.
tar -C "$root" --exclude=./.venv --exclude=./.git --exclude=./.peers --exclude=./demo --exclude='*.Rcheck' --exclude=__pycache__ \
  --exclude=./inst/python --exclude=./benchmarks/cache --exclude='./.*_cache' --exclude=./.hypothesis \
  -cf - . | tar -C "$work/source" -xf -

say "R CMD INSTALL, from the folder as a user would"
R CMD INSTALL --no-docs --no-test-load --library="$work/lib" "$work/source" >"$work/install.log" 2>&1 ||
  { cat "$work/install.log" >&2; die "R CMD INSTALL failed."; }
Rscript --vanilla -e 'library(spotscape); cat("spotscape", as.character(packageVersion("spotscape")), "installs and loads\n")'

# What these two say is shown when they have ended, so that it stands together. The copy that roxygen2 writes into is not
# the one that is built.
cp -R "$work/source" "$work/documented"
beside() {
  say "README's blocks of R"
  Rscript --vanilla scripts/readme.R >"$work/readme.log" 2>&1 || { cat "$work/readme.log"; echo "README's R does not run."; return 1; }
  tail -n 1 "$work/readme.log"

  say "man/ and NAMESPACE are what roxygen2 makes of the comments"
  (cd "$work/documented" && Rscript --vanilla -e 'roxygen2::roxygenise(load_code = "installed")' >"$work/roxygen.log" 2>&1) ||
    { cat "$work/roxygen.log"; echo "roxygen2 failed."; return 1; }
  { diff -r "$root/man" "$work/documented/man" && diff "$root/NAMESPACE" "$work/documented/NAMESPACE"; } ||
    { echo "man/ or NAMESPACE is out of date; run 'make docs'."; return 1; }
  echo "up to date"
}
beside >"$work/beside.log" 2>&1 &
beside=$!

say "R CMD build, with the vignettes"
built=yes
(cd "$work" && R CMD build source) || built=no
wait "$beside" || { cat "$work/beside.log" >&2; die "README's R, or what roxygen2 makes, does not hold; see above."; }
beside=
cat "$work/beside.log"
[ "$built" = yes ] || die "R CMD build failed."

say "R CMD check --no-manual"
tarball=$(ls "$work"/spotscape_*.tar.gz)
failed=no
echo 'options(repos = NULL)' >"$work/Rprofile" # or the check asks a package index for cyclic dependencies
(cd "$work" && R_PROFILE_USER=$work/Rprofile R CMD check --no-manual --no-vignettes ${CHECK_ARGS:-} "$tarball") || failed=yes
check=$work/spotscape.Rcheck

say "testthat"
output=$(ls "$check"/tests/testthat.Rout* 2>/dev/null | head -n 1 || true)
[ -n "$output" ] || die "the check did not reach the tests; see its output above."
sed -n '/test_check\|library(testthat)/,$p' "$output"
# testthat closes with: [ FAIL 0 | WARN 0 | SKIP 2 | PASS 140 ]
counts=$(grep -oE '\[ FAIL [0-9]+ \| WARN [0-9]+ \| SKIP [0-9]+ \| PASS [0-9]+ \]' "$output" | tail -n 1 || true)
[ -n "$counts" ] || die "testthat printed no counts."
read -r fail warn skip pass < <(tr -dc '0-9 \n' <<<"$counts" | xargs)
status=$(grep '^Status:' "$check/00check.log" || true)

say "result"
echo "testthat: $pass passed, $fail failed, $warn warnings, $skip skipped"
echo "R CMD check: $status"
[ "$pass" -gt 0 ] && [ "$fail" -eq 0 ] || die "testthat: $pass passed, $fail failed."
case "$failed $status" in
  yes* | *ERROR* | *WARNING*) die "R CMD check ended with errors or warnings; see above." ;;
  "no Status:"*) ;;
  *) die "R CMD check did not finish." ;;
esac
if [ -n "${DIST:-}" ]; then cp "$tarball" "$DIST/"; fi
