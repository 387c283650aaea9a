"""Sphinx configuration of the site, which `python docs/build_site.py` builds.

The pages are the Markdown files of the clone at their own places, so that a link from one to
another works on GitHub and on the site.
"""

import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / ".typings"))

import seqlaws.reference  # noqa: E402
from seqlaws.properties import laws  # noqa: E402
from seqlaws.properties.operations import OPERATIONS  # noqa: E402

project, author = "seqlaws", "the authors of seqlaws"
release = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "docs/*.md",
    "docs/results/README.md",
    "examples/README.md",
    "benchmarks/README.md",
]
exclude_patterns = ["docs/*.template.md"]
myst_heading_anchors = 4  # GitHub's names of headings
html_theme = "furo"
html_title = f"seqlaws {release}"
html_show_copyright = html_copy_source = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"

LINK = re.compile(r"\[([^\]]*)\]\(([^)#:]+)\)")
API = "docs/public"  # the page that the reference is added to
TYPES = {  # and their methods that are public
    "seqlaws.properties.check_result.Result": "json",
    "seqlaws.properties.judging.verdict.Verdict": "",
    "seqlaws.reference.numbers.Arithmetic": "",
    "seqlaws.reference.numbers.Expected": "",
}


def pages() -> list[str]:
    """Every page but the first, in the order in which the README names them."""
    found = {p for pattern in include_patterns for p in ROOT.glob(pattern)}
    found -= {p for pattern in exclude_patterns for p in ROOT.glob(pattern)}
    names = sorted(str(p.relative_to(ROOT).with_suffix("")) for p in found)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    at = {name: readme.find(f"({name}.md") for name in names if name != root_doc}
    return sorted(at, key=lambda name: (at[name] < 0, readme.rfind(f"({name}.md"), name))


def reference() -> str:
    """The reference of the public names: signatures and docstrings, by autodoc."""
    page = (ROOT / f"{API}.md").read_text(encoding="utf-8")
    functions = re.findall(r"`(seqlaws\.[\w.]+)\(", page)
    functions = [name for name in dict.fromkeys(functions) if name not in TYPES]
    names = [n for o in OPERATIONS for n in (o, f"{o}_vjp") if hasattr(seqlaws.reference, n)]
    called = [n for n in laws.__all__ if callable(getattr(laws, n))]
    kinds = {n: "class" if isinstance(getattr(laws, n), type) else "function" for n in called}
    parts = ["\n## API reference\n\n```{eval-rst}"]
    parts += [f".. autofunction:: {name}\n" for name in functions]
    for name, methods in TYPES.items():
        parts.append(f".. autoclass:: {name}\n" + f"   :members: {methods}\n" * bool(methods))
    parts += ["```\n\n### The specification\n\n```{eval-rst}"]
    parts += [f".. autofunction:: seqlaws.reference.{name}\n" for name in names]
    parts += ["```\n\n### seqlaws.properties.laws\n\n```{eval-rst}"]
    parts += [f".. auto{kind}:: seqlaws.properties.laws.{n}\n" for n, kind in kinds.items()]
    return "\n".join([*parts, "```\n"])


def completed(app: Any, name: str, source: list[str]) -> None:
    """Add the contents to the first page, and the reference to that of the public names.

    A link to a folder becomes text: the site has no page of it.
    """
    place = (ROOT / name).parent
    source[0] = LINK.sub(lambda m: m[1] if (place / m[2]).is_dir() else m[0], source[0])
    if name == root_doc:
        source[0] += "\n```{toctree}\n:hidden:\n\n" + "\n".join(pages()) + "\n```\n"
    if name == API:
        source[0] += reference()


def plain(app: Any, kind: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Show a docstring as it is written: it is no reStructuredText, but text with formulas."""
    text = "\n".join(lines).strip()
    lines[:] = ["::", "", *(f"    {line}" for line in text.splitlines()), ""] if text else []


def setup(app: Any) -> None:
    """Register what the pages need."""
    app.connect("source-read", completed)
    app.connect("autodoc-process-docstring", plain)
