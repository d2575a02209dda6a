#!/usr/bin/env bash
# The scripts that pkgdown puts beside its pages, into its cache: from npm where they are not there yet.
#
#   scripts/pkgdown-scripts.sh CACHE      CACHE is what tools::R_user_dir("pkgdown", "cache") says
#
# pkgdown would fetch them from the web by itself. Here each is compared with the sum that pkgdown has for it, and with
# all of them there, nothing is fetched. Without npm it is left to pkgdown.
set -euo pipefail
cache=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# name in pkgdown, version there, package of npm, version of it, file, sum
scripts="
headroom 0.11.0 headroom.js 0.11.0 headroom.min.js sha256 AsUX4SJE1+yuDu5+mAVzJbuYNPHj/WroHuZ8Ir/CkE0=
headroom 0.11.0 headroom.js 0.11.0 jQuery.headroom.min.js sha256 ZX/yNShbjqsohH1k95liqY9Gd8uOiE1S4vZc+9KQ1K4=
clipboard.js 2.0.11 clipboard 2.0.11 clipboard.min.js sha512 7O5pXpc0oCRrxk8RUfDYFgn0nO1t+jLuIOQdOMRp4APB7uZ4vSjspzp5y6YDtDs4VzUSTbWzBFZ/LKJhnyFOKw==
search 1.0.0 fuse.js 6.4.6 fuse.min.js sha512 KnvCNMwWBGCfxdOtUpEtYgoM59HHgjHnsVGSxxgz7QH1DYeURk+am9p3J+gsOevfE29DV0V+/Dd52ykTKxN5fA==
search 1.0.0 autocomplete.js 0.38.0 autocomplete.jquery.min.js sha512 GU9ayf+66Xx2TmpxqJpliWbT5PiGYxpaG8rfnBEk1LL8l1KGkRShhngwdXK1UgqhAzWpZHSiYPc09/NwDQIGyg==
search 1.0.0 mark.js 8.11.1 mark.min.js sha512 5CYOlHXGh6QpOFA/TeTylKLWfB3ftPsde7AnmhuitiTX4K5SqCLBeKro6sPS8ilsz1Q4NRx3v8Ko2IBiszzdww==
"
while read -r name version package release file kind sum; do
  [ -n "$name" ] || continue
  target=$cache/$name/$version/$file
  [ ! -e "$target" ] || continue
  command -v npm >/dev/null 2>&1 || exit 0
  (cd "$work" && npm pack --silent "$package@$release" >/dev/null 2>&1) || exit 0
  tar -xzOf "$work/$package-$release.tgz" "package/dist/$file" >"$work/$file"
  [ "$(openssl dgst "-$kind" -binary "$work/$file" | base64 -w0)" = "$sum" ] ||
    { echo "pkgdown-scripts: $package@$release is not what pkgdown expects" >&2; exit 1; }
  mkdir -p "${target%/*}"
  mv "$work/$file" "$target"
done <<<"$scripts"

# Not on npm. pkgdown has an older release of it among its own files, which does the same on its pages.
target=$cache/bootstrap-toc/1.0.1/bootstrap-toc.min.js
own=$(Rscript --vanilla -e 'cat(system.file("BS3", "assets", "bootstrap-toc.js", package = "pkgdown"))')
if [ ! -e "$target" ] && [ -e "$own" ]; then mkdir -p "${target%/*}"; cp "$own" "$target"; fi
