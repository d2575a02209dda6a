# R's half of the site, into a folder. Run by scripts/site.sh in a copy of the sources, with the package installed.
out <- commandArgs(trailingOnly = TRUE)[1L]
options(warn = 1, pkgdown.internet = FALSE)
pkgdown::build_site(
  ".", override = list(destination = out), preview = FALSE, install = FALSE, new_process = FALSE, devel = FALSE
)
