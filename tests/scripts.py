"""The script that a failure prints, run as it stands: on the wrong one, and on the right one.

A wrong one of the zoo becomes right by leaving out what it changes: the same base, file name aside,
with the same traits.
"""

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

from power import candidates, laws_of

from seqlaws.properties.runner.examine import Effort

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
MENDED = """
import importlib.util
import sys

sys.path.insert(0, {tests!r})
import zoo.entries

def unchanged(base, part, function, target, dtypes, traits):
    made = zoo.entries.subject(base, None, {{"dtypes": tuple(dtypes), **traits}})
    made.target = target
    return made

zoo.entries._made = unchanged
spec = importlib.util.spec_from_file_location("mended", {path!r})
mended = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mended)
globals().update((n, v) for n, v in vars(mended).items() if not n.startswith("__"))
"""


@dataclass
class Shown:
    """A script, and what became of it on the wrong implementation and on the right one."""

    reason: str
    program: str = ""
    why_none: str = ""
    wrong: subprocess.CompletedProcess = None
    mended: subprocess.CompletedProcess = None

    @property
    def kind(self):
        """Whether a script needs the suite."""
        if not self.program:
            return ""
        return "with the suite" if "seqlaws.properties" in self.program else "alone"

    @property
    def amiss(self):
        """Return "", or what is not as it should be."""
        if not self.program:
            return "no script, and why" if self.why_none else "no script"
        if self.wrong.returncode != 1:
            return f"exit {self.wrong.returncode} on the wrong one"
        if says(self.reason) not in self.wrong.stderr:
            return "it fails with another sentence"
        if self.mended.returncode:
            return f"exit {self.mended.returncode} on the right one"
        return "" if "holds: " in self.mended.stdout else "it does not say that it holds"


def says(reason):
    """What of a failure's sentence must be in what its script prints."""
    sentence, entry, _ = reason.partition(": ")
    return sentence if entry and ", expected " in reason else re.sub(r" \(\S+:\d+\)$", "", reason)


def failure(target, law, effort):
    """The verdict of a law that a wrong one of the zoo breaks, or None."""
    operation, _, name = law.partition(".")
    for made in laws_of():
        if made.name == name and operation in made.operations:
            for candidate in candidates(target, made, effort):
                if candidate.operation == operation:
                    verdict = candidate.verdict(made)
                    if verdict.status in ("failed", "SHOULD failed"):
                        return verdict
    return None


def program_of(verdict):
    """The script in a failure's message."""
    return textwrap.dedent(verdict.message.partition("reproduce with\n\n")[2])


def run(program, folder):
    """A program, in a process of its own that finds the suite."""
    file = Path(folder) / "script.py"  # some are too long for a command line
    file.write_text(program, encoding="utf-8")
    return subprocess.run(
        [sys.executable, str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT / ".typings"), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def mended(target, folder):
    """A file that has the right one under the wrong one's name."""
    path = TESTS / "zoo" / target.partition(":")[0]
    right = Path(folder) / "right" / path.parent.name / path.name
    right.parent.mkdir(parents=True, exist_ok=True)
    right.write_text(MENDED.format(tests=str(TESTS), path=str(path)), encoding="utf-8")
    return path, right


def shown(target, law, folder, effort=None):
    """Run the script of a failure, on the wrong one and on the right one; None without failure."""
    verdict = failure(target, law, effort or Effort(examples=100, shrinking=0.5))
    if verdict is None:
        return None
    one = Shown(verdict.reason, program_of(verdict), verdict.message.partition("  no script ")[2])
    if one.program:
        one.wrong = run(one.program, folder)
        path, right = mended(target, folder)
        one.mended = run(one.program.replace(str(path), str(right)), folder)
    return one
