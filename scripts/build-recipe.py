"""Build and test the conda package of a source distribution, by recipe/recipe.yaml filled in for it.

    pip install py-rattler-build
    python scripts/build-recipe.py dist/spotscape-0.1.0.tar.gz            with the packages of conda-forge
    python scripts/build-recipe.py SDIST --channel file:///path/to/one    with those of another channel

The package is left in dist/conda.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

from rattler_build import Package, Stage0Recipe, VariantConfig

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "https://pypi.org/packages/source/s/spotscape/spotscape-${{ version }}.tar.gz"
CHECKSUM = "0" * 64

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("sdist", type=Path)
parser.add_argument("--channel", default="conda-forge")
options = parser.parse_args()

sdist = options.sdist.resolve(strict=True)
text = (ROOT / "recipe" / "recipe.yaml").read_text()
if ADDRESS not in text or CHECKSUM not in text:
    raise SystemExit("recipe/recipe.yaml is filled in already")
text = text.replace(ADDRESS, sdist.as_uri())
text = text.replace(CHECKSUM, hashlib.sha256(sdist.read_bytes()).hexdigest())
with tempfile.TemporaryDirectory() as folder:
    recipe = Path(folder) / "recipe.yaml"
    recipe.write_text(text)
    for variant in Stage0Recipe.from_file(recipe).render(VariantConfig()):
        built = variant.run_build(channels=[options.channel], output_dir=ROOT / "dist" / "conda")
        for file in built.packages:
            results = Package.from_file(file).run_tests(channel=[options.channel])
            sys.stdout.write("\n".join(map(str, [file, *results, ""])))
            if not results or any("PASS" not in str(result) for result in results):
                raise SystemExit("the package does not pass its tests")
