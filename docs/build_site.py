"""Build the documentation as a site: `python docs/build_site.py [FOLDER]`, by default build/site.

Needs `pip install -e ".[docs]"`. A warning, such as a link that leads nowhere, is an error.
"""

import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path("docs/results")
FORWARD = '<!DOCTYPE html><meta http-equiv="refresh" content="0; url=README.html">\n'


def main() -> int:
    """Build; return Sphinx's exit status."""
    folder = Path(*(sys.argv[1:2] or [str(ROOT / "build/site")]))
    options = ["--fail-on-warning", "--keep-going", "--quiet", "-c", str(ROOT / "docs")]
    status = build_main([*options, "-d", str(folder / ".doctrees"), str(ROOT), str(folder)])
    if not status:
        (folder / "index.html").write_text(FORWARD, encoding="utf-8")
        for page in (ROOT / RESULTS).glob("*.html"):
            shutil.copy(page, folder / RESULTS)
    return status


if __name__ == "__main__":
    sys.exit(main())
