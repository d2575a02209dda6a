#!/usr/bin/env bash
# Make sure R and the R packages that spotscape's R half needs are there.
#
#   scripts/setup-r.sh            check; install what is missing where that is allowed (below)
#   scripts/setup-r.sh --site     the same, with what makes R's half of the site (pkgdown)
#   scripts/setup-r.sh --dist     the same, with the tools that `R CMD check --as-cran` asks for (checkbashisms, qpdf)
#   scripts/setup-r.sh --bioc     the same, with BiocCheck
#   scripts/setup-r.sh --check    check only: exit 0 when complete, 1 with the missing names otherwise
#
# Installing changes the operating system, so it is done only on Debian, as root, and only when asked:
# in continuous integration (CI=true) or with SETUP_R=1. Elsewhere this script names what is missing and
# how to get it. It is safe to run again: with everything there it does nothing.
set -euo pipefail

R_PACKAGES=(Seurat SeuratObject SpatialExperiment SingleCellExperiment SummarizedExperiment S4Vectors
  reticulate Matrix ggplot2 withr testthat knitr rmarkdown roxygen2)
DEB_PACKAGES=(r-base-core r-base-dev libopenblas0-pthread r-cran-seurat r-bioc-spatialexperiment
  r-cran-reticulate r-cran-withr r-cran-testthat r-cran-knitr r-cran-rmarkdown r-cran-roxygen2
  r-cran-hdf5r chromium chromium-driver) # the last three for tests alone, which skip where they are not there
TOOLS=()
if [ "${1:-}" = --site ]; then R_PACKAGES+=(pkgdown); DEB_PACKAGES+=(r-cran-pkgdown); fi
if [ "${1:-}" = --dist ]; then TOOLS=(checkbashisms qpdf); DEB_PACKAGES+=(devscripts qpdf); fi
if [ "${1:-}" = --bioc ]; then R_PACKAGES+=(BiocCheck); DEB_PACKAGES+=(r-bioc-bioccheck); fi
MIN_R=4.3

say() { printf 'setup-r: %s\n' "$*"; }
die() { printf 'setup-r: %s\n' "$*" >&2; exit 1; }

missing() {
  for tool in "${TOOLS[@]}"; do command -v "$tool" >/dev/null 2>&1 || echo "$tool"; done
  if ! command -v Rscript >/dev/null 2>&1; then echo "R (>= $MIN_R)"; return; fi
  Rscript --vanilla -e '
    args <- commandArgs(trailingOnly = TRUE)
    if (getRversion() < args[1]) cat(sprintf("R (>= %s; found %s)\n", args[1], getRversion()))
    gone <- args[-1][!vapply(args[-1], function(p) nzchar(system.file(package = p)), NA)]
    if (length(gone)) cat(gone, sep = "\n")' "$MIN_R" "${R_PACKAGES[@]}"
}

how_to() {
  cat <<'TXT'
How to get them:
  Debian 12, 13 (as root)   SETUP_R=1 scripts/setup-r.sh
  any R                     install.packages(c("Seurat", "reticulate", "testthat", "knitr", "rmarkdown", "roxygen2", "BiocManager"))
                            BiocManager::install("SpatialExperiment")
  without R                 make test R=skip
TXT
}

gone=$(missing)
if [ -z "$gone" ]; then
  say "R $(Rscript --vanilla -e 'cat(as.character(getRversion()))') and all ${#R_PACKAGES[@]} R packages are there."
  exit 0
fi
say "missing: $(echo "$gone" | paste -sd, - | sed 's/,/, /g')"
[ "${1:-}" != "--check" ] || { how_to; exit 1; }

allowed=no
if [ "$(id -u)" = 0 ] && { [ "${CI:-}" = true ] || [ "${SETUP_R:-}" = 1 ]; }; then allowed=yes; fi
. /etc/os-release 2>/dev/null || true
if [ "$allowed" = no ] || [ "${ID:-}" != debian ] || [ "${VERSION_ID:-0}" -lt 12 ]; then
  how_to
  die "not installing: that needs Debian 12 or newer, root, and CI=true or SETUP_R=1."
fi

export DEBIAN_FRONTEND=noninteractive
apt_args=(-y -q --no-install-recommends -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0)
target=()
run=()

if [ "$VERSION_ID" = 12 ]; then
  say "this is Debian 12, whose R is too old. I will"
  say "  1. add the Debian 13 (trixie) suite of the mirror you already use, pinned at priority 100, in"
  say "     /etc/apt/sources.list.d/spotscape-trixie.sources and /etc/apt/preferences.d/spotscape-trixie;"
  say "  2. install from it: ${DEB_PACKAGES[*]};"
  say "     with them come libc 2.41 and gcc 14 (R 4.5's headers need that gcc)."
  say "To undo 1, remove those two files; libc and gcc stay as they are then."
else
  say "I will install with apt: ${DEB_PACKAGES[*]}"
fi

say "apt-get update ..."
apt-get update -q >/dev/null
if [ "$VERSION_ID" = 12 ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
  [ -n "$mirror" ] || die "found no Debian 12 mirror in the apt sources; add the trixie suite by hand and run this again."
  cat >/etc/apt/sources.list.d/spotscape-trixie.sources <<SRC
Types: deb
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SRC
  printf 'Package: *\nPin: release n=trixie\nPin-Priority: 100\n' >/etc/apt/preferences.d/spotscape-trixie
  apt-get update -q >/dev/null
  target=(-t trixie)
fi

# eatmydata skips fsync, which is most of the time of a thousand small package files; nice to have only.
if command -v eatmydata >/dev/null 2>&1 || apt-get install "${apt_args[@]}" eatmydata >/dev/null 2>&1; then
  run=(eatmydata)
fi
say "apt-get install ... (4 to 5 minutes from nothing)"
log=$(mktemp)
if ! "${run[@]}" apt-get install "${apt_args[@]}" "${target[@]}" "${DEB_PACKAGES[@]}" >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  die "apt-get install failed; its whole output is in $log"
fi
rm -f "$log"

gone=$(missing)
[ -z "$gone" ] || die "still missing after the install: $(echo "$gone" | paste -sd, -)"
say "R $(Rscript --vanilla -e 'cat(as.character(getRversion()))') and all ${#R_PACKAGES[@]} R packages are there."
