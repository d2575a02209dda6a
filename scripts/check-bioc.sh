#!/usr/bin/env bash
# What a reviewer of Bioconductor runs: BiocCheck, and R CMD check --as-cran where there is no Python.
#
#   scripts/check-bioc.sh        needs R's package BiocCheck (Debian: r-bioc-bioccheck; or SETUP_R=1 scripts/setup-r.sh --bioc)
#
# Works without a network: what would ask Bioconductor's or CRAN's servers is left out. Fails on any ERROR or WARNING,
# but one: BiocCheck warns that no package of Bioconductor is in Imports. They are in Suggests, so that users of Seurat
# need none of them. The check finds no Python, so examples and vignettes show recorded results (inst/extdata/example_results.rds).
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=${LC_ALL:-C.UTF-8} OMP_NUM_THREADS=1 RETICULATE_PYTHON=/nowhere/python _R_CHECK_SYSTEM_CLOCK_=0
export _R_CHECK_CRAN_INCOMING_=FALSE _R_CHECK_FORCE_SUGGESTS_=FALSE
unset SPOTSCAPE_TEST_PYTHON PYTHONPATH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/spotscape"
git ls-files -co --exclude-standard | tar -cf - -T - | tar -C "$work/spotscape" -xf -
cd "$work"
echo 'options(repos = NULL)' >Rprofile # or the check asks a package index for cyclic dependencies
export R_PROFILE_USER=$work/Rprofile

echo "== R CMD build"
R CMD build spotscape >build.log 2>&1 || { cat build.log >&2; exit 1; }

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
BIOCONDUCTOR_CONFIG_FILE=file://$work/config.yaml Rscript --no-environ --no-site-file -e '
  skipped <- c("CRAN", "bioc-help", "deprecated")
  options <- stats::setNames(as.list(rep(TRUE, length(skipped))), paste0("no-check-", skipped))
  found <- do.call(BiocCheck::BiocCheck, c(list(Sys.glob("spotscape_*.tar.gz")), options))
  warnings <- grep("No Bioconductor dependencies", unlist(found$warning), invert = TRUE, value = TRUE)
  if (length(warnings)) print(warnings)
  quit(status = as.integer(length(found$error) > 0L || length(warnings) > 0L))'

echo "== R CMD check --as-cran, without Python"
R CMD check --as-cran --no-manual spotscape_*.tar.gz || { cat spotscape.Rcheck/00check.log >&2; exit 1; }
! grep -qE '^Status: .*(ERROR|WARNING)' spotscape.Rcheck/00check.log || exit 1
