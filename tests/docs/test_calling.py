"""docs/calling.md: every snippet runs, and gives what the page says."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from seqlaws.properties.discovery import loader
from seqlaws.properties.discovery.traits import KNOWN
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.laws import LAWS
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.subject import Subject

register_laws()
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "calling.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(?:#|//) (\S+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = {name: body for _, name, body in BLOCK.findall(PAGE)}
WITHIN = "calls_stay_within_their_arrays"
PUT = {  # a file, the operation, laws
    "flash.py": ("attention", "values", "gradients", "returned_log_sum_exp", WITHIN),
    "in_c.py": (
        "softmax",
        "values",
        "nan_shows",
        "outputs_are_written_into_the_given_arrays",
        WITHIN,
    ),
    "varlen.py": ("attention_varlen", "values", "sequences_do_not_see_each_other", WITHIN),
}


@pytest.fixture
def folder(tmp_path):
    for name, body in BLOCKS.items():
        (tmp_path / name).write_text(body, encoding="utf-8")
    return tmp_path


def build(folder):
    """Compile the C function as the page says."""
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    (command,) = re.findall(r"^    (cc .*)$", PAGE, re.MULTILINE)
    subprocess.run(shlex.split(command), cwd=folder, check=True)


def verdicts(path, operation, *laws):
    """The verdicts of laws on a file."""
    subject = Subject("mine", loader.find(str(path)), operation, "float32", "cpu", str(path))
    effort = Effort(examples=20, explains=False, shrinking=0.5)
    return [examine(LAWS[law], subject, effort) for law in laws]


@pytest.mark.parametrize("name", PUT)
def test_a_snippet_conforms(name, folder):
    if name == "flash.py":
        pytest.importorskip("torch")
    if name == "in_c.py":
        build(folder)
    specification_server.add("packed_attention")
    found = verdicts(folder / name, *PUT[name])
    assert [v.status for v in found] == ["passed"] * len(found), [v.reason for v in found]
    assert f"--impl {name}" in PAGE


def test_a_maximum_that_runs_too_far_is_found(folder):
    source = BLOCKS["softmax.c"].replace("j < n; j++)\n", "j <= n; j++)\n")
    (folder / "softmax.c").write_text(source, encoding="utf-8")
    build(folder)
    (found,) = verdicts(folder / "in_c.py", "softmax", WITHIN)
    (says,) = re.findall(r"^    (memory .*?):", PAGE, re.MULTILINE)
    assert found.reason.startswith(says)


def test_layouts_and_traits_of_the_page_are_those_that_are_known():
    rows = re.findall(r"^\| (`\w+`.*?) \| `(\w+)`.*? \| (.*) \|$", PAGE, re.MULTILINE)
    said = {
        name: (usual, *re.findall(r"\w+", others))
        for names, usual, others in rows
        if usual.isupper()
        for name in re.findall(r"`(\w+)`", names)
    }
    assert said == {name: o.layouts for name, o in OPERATIONS.items() if o.layouts}
    assert {"layout", "writes", "returns"} <= KNOWN.keys()
