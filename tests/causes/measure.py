"""Which causes are told of implementations whose defects are known.

    python tests/causes/measure.py singles|pairs|blogs|zoo|files [--count N] [--seed N] [--jobs N]
                              [--into FILE] [--seconds N] [--first] [--only TEXT] [--folder FOLDER]

checks every planted defect (or `--count` of them, drawn), so many random pairs, the three blogs,
the wrong ones of the zoo whose author gives a diagnosis, or the files of a folder, each of which
says in its docstring what is wrong with it. It prints for each what was expected and what is told.
`--into` adds a line of JSON for each to a file. `--first` stops at the first law that fails: are
all of them caught at all?
"""

import argparse
import ast
import json
import multiprocessing
import random
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".typings"), str(ROOT / "tests")]

from power_page import is_right  # noqa: E402
from zoo.catalogue import wrong  # noqa: E402

from causes.expected import DECLARED, EXPECTED  # noqa: E402
from causes.planted import pairs, planted, singles  # noqa: E402
from seqlaws.properties import check  # noqa: E402

PAIRS = 40  # where no count is given


@dataclass
class Measured:
    """What the suite said of one implementation."""

    operations: list[str]
    expected: list[str]  # the names of the defects, or the causes of a blog
    status: str = ""
    problem: str = ""
    failed: list[str] = field(default_factory=list)  # laws of level MUST
    should_failed: list[str] = field(default_factory=list)  # laws of level SHOULD
    not_offered: list[str] = field(default_factory=list)  # what was refused beyond the core
    diagnoses: list[str] = field(default_factory=list)  # of the single failures
    causes: list[dict] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self):
        laws = f"{len(self.failed)} failed, {len(self.should_failed)} SHOULD failed"
        yield f"{', '.join(self.operations)}: {self.status}, {laws}, {self.seconds:.1f} s"
        yield from (f"    expected  {name}" for name in self.expected)
        yield from (f"    told      {cause['sentence']}" for cause in self.causes)
        yield f"    laws      {', '.join(self.failed) or 'none'}"


def measured(work, *, seconds, first):
    """Check what one piece of work stands for: (operation, *defects), (blog,), or of the zoo."""
    place, *names = work
    if ".py:" in place:
        operation, diagnosis, dtype = names
        target = Path(__file__).parents[1] / "zoo" / place
        return told(Measured([operation], [diagnosis]), target, seconds, first, dtype)
    if place in EXPECTED:
        operations = ["softmax", "lstm", "attention"]
        expected = [each["cause"] for each in EXPECTED[place]]
        path = Path(__file__).with_name(f"{place}.py")
        return told(Measured(operations, expected), path, seconds * len(operations), first)
    if place.endswith(".py"):
        return told(Measured([], names), Path(place), seconds, first)
    with tempfile.TemporaryDirectory() as folder:
        path = planted(place, *names, into=folder)
        return told(Measured([place], names), path, seconds, first)


def told(outcome, path, seconds, first, dtype="float32"):
    dtypes = ["float64" if outcome.operations == ["positional_encoding"] else dtype]
    result = check(path, outcome.operations or None, dtypes, seconds=seconds, stop_at_first=first)
    outcome.status, outcome.problem = result.status, result.problem
    outcome.failed = [verdict.law for verdict in result.failures]
    outcome.should_failed = [v.law for v in result.verdicts if v.status == "SHOULD failed"]
    outcome.not_offered = sorted({what for v in result.verdicts for what in v.not_offered})
    outcome.diagnoses = sorted({v.diagnosis for v in result.failures if v.diagnosis})
    outcome.causes = [
        {"sentence": one.sentence, "names": list(one.names), "level": one.level}
        for one in result.causes
    ]
    outcome.seconds = result.seconds
    return outcome


def is_told(expected, sentence):
    """Whether a cause is the expected one, as a misreading or as a trait that declares it."""
    trait = DECLARED.get(expected)
    return is_right(expected, sentence) or (trait is not None and f": {trait}" in sentence)


def chosen(options):
    """The work that the command line asks for."""
    if options.what == "pairs":
        return list(pairs(options.count or PAIRS, options.seed))
    if options.what == "zoo":
        told_of = [e for e in wrong() if e.diagnosis]
        work = [(e.target, e.operation, e.diagnosis, e.dtypes[0]) for e in told_of]
    elif options.what == "files":
        files = sorted(options.folder.glob("*.py"))
        text = {path: ast.get_docstring(ast.parse(path.read_text("utf-8"))) for path in files}
        work = [(str(path), " ".join(said.split())) for path, said in text.items() if said]
    else:
        work = [(blog,) for blog in EXPECTED] if options.what == "blogs" else list(singles())
    work = [each for each in work if options.only in " ".join(each)]
    if options.count is not None and options.count < len(work):
        work = random.Random(options.seed).sample(work, options.count)
    return work


def main():
    parser = argparse.ArgumentParser(description="Measure which causes are told.")
    parser.add_argument("what", choices=("singles", "pairs", "blogs", "zoo", "files"))
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each operation")
    parser.add_argument("--first", action="store_true", help="stop at the first law that fails")
    parser.add_argument("--only", default="", help="singles whose operation and name contain this")
    parser.add_argument("--folder", type=Path, help="of the files")
    options = parser.parse_args()
    if (options.what == "files") != bool(options.folder):
        parser.error("files need a --folder, the others have none")
    run = partial(measured, seconds=options.seconds, first=options.first)
    missed, done = 0, []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, spawn) as pool:
        for outcome in pool.map(run, chosen(options)):
            print(*outcome.lines(), sep="\n", flush=True)
            done.append(outcome)
            missed += outcome.status != "failed" or bool(outcome.problem)
            if options.into:
                with options.into.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"what": options.what, **asdict(outcome)}) + "\n")
    print(f"{missed} not caught" if missed else "all caught")
    if options.what == "zoo":
        alone = sum(sum(c["level"] == "MUST" for c in o.causes) == 1 for o in done)
        right = sum(any(is_told(o.expected[0], c["sentence"]) for c in o.causes) for o in done)
        print(f"one cause in {alone} of {len(done)}, the right one among them in {right}")


if __name__ == "__main__":
    main()
