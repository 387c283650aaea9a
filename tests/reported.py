"""Verdicts and times that nobody measured, for tests of the page that shows them.

    python tests/reported.py FOLDER [--large]

writes them as files; --large: 20 implementations and 10,000 verdicts.
"""

import json
import random
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / ".typings")]

from seqlaws.properties.judging.cause import Cause  # noqa: E402
from seqlaws.properties.judging.verdict import STATUSES, Verdict  # noqa: E402
from seqlaws.properties.operations import OPERATIONS  # noqa: E402
from seqlaws.properties.reporting.document import as_document  # noqa: E402
from seqlaws.properties.reporting.page.report import report_of  # noqa: E402

HOSTILE = (
    "<script>alert(1)</script>\x1b[2J\x00\u202eevil`|[x](http://a.b) www.a.b @a\"'&\n# x ${y} {{z}}"
)
LAWS = ("values", "gradients", "rows_sum_to_one", "inputs_are_not_written", "batch_is_its_rows")


def accuracy(draw, beyond):
    """Errors of two outputs, one of them a gradient."""
    pairs = [[draw.random() ** 2 * 1e-7, 10 ** draw.uniform(-9, -6)] for _ in range(40)]
    shares = {"-3": 400, "-1": 80, "0": 10} | ({"3": 2, "inf": 1} if beyond else {})
    one = {"entries": 1000, "exact": 500, "shares": shares, "pairs": pairs}
    return {"p": one, "x": one}


def witness(text=""):
    """What shows a failure."""
    rows = [[[k, 0], 1.5 + k, 1.0, 1e-7] for k in range(30)]
    return {
        "output": "p",
        "index": [0, 0],
        "observed": 1.5,
        "expected": 1.0,
        "allowed": 1e-7,
        "entries": rows,
        "of": 64,
        "misreading": ["in reference/softmax.py", "- a", "+ b" + text],
        "call": "softmax",
        "arrays": {"x": [[0.0, 1.0], [2.0, float("inf")]]},
        "options": {"axis": -1},
        "script": f"import numpy as np\nprint({text!r})\nassert abs(1 - 1.5) <= 1e-7",
    }


def verdict(law, operation, name, status, draw, text=""):
    """One of them, with all that its status brings."""
    made = Verdict(f"{operation}.{law}", "MUST", operation, name, "float32", "cpu", status)
    if status in ("not offered", "not run"):
        made.reason = f"{operation}_vjp is not offered{text}"
        return made
    made.examples, made.entries, made.worst = 100, 12345, draw.uniform(0, 1)
    made.accuracy = accuracy(draw, status == "failed") if law in ("values", "gradients") else {}
    if status != "passed":
        made.worst, made.reason = 5e6, f"p[0, 0] is 1.5, expected 1{text}"
        made.diagnosis, made.witness = f"your output is transposed{text}", witness(text)
    return made


def verdicts(names, laws=LAWS, operations=("softmax", "lstm"), statuses=("passed",), text=""):
    """Every law for each name and operation; statuses: what becomes of the laws in turn."""
    draw = random.Random(1)
    made = []
    for operation in operations:
        for k, law in enumerate(laws):
            made += [
                verdict(law, operation, name, statuses[k % len(statuses)], draw, text)
                for name in names
            ]
    return made


def causes(made, text=""):
    """A cause of each operation and status, where something failed."""
    groups = {}
    for v in made:
        if v.status in ("failed", "SHOULD failed"):
            groups.setdefault((v.implementation, v.status, v.operation), []).append(v)
    return [cause(some, text) for some in groups.values()]


def cause(some, text=""):
    """A cause of these verdicts."""
    v = some[0]
    names = ("output", "index", "observed", "expected", "allowed", "call", "arrays", "options")
    shown = {name: v.witness[name] for name in names}
    return Cause(
        v.implementation,
        "specification",
        f"your output is that of {v.operation} with {text}transposed weights",
        "MUST" if v.status == "failed" else "SHOULD",
        names=(f"transposed weights{text}",),
        lines=("in reference/softmax.py", "- a", "+ b" + text),
        remedy=f"mend it{text}",
        operations=[v.operation],
        dtypes=[v.dtype],
        laws=list(dict.fromkeys(one.law for one in some)),
        failures=len(some),
        smallest={"law": v.law, "dtype": v.dtype, "device": v.device, **shown},
    )


def document(made, text="", **run):
    """verdict.json."""
    names = dict.fromkeys(v.implementation for v in made)
    told = {
        "seed": 0,
        "examples": 100,
        "profile": "default",
        "when": "2026-01-02T03:04:05+00:00",
        "versions": {"Python": "3.11", "numpy": "2.4" + text},
        "machine": {"platform": "Linux", "devices": {"cpu": "a processor" + text}},
        "implementations": {name: f"{name}.py" for name in names},
        "operations": list(OPERATIONS),
        "complaints": [f"a complaint{text}"],
        "precision": [
            {
                "implementation": name,
                "operation": "softmax",
                "dtype": "float32",
                "device": "cpu",
                "declared": "float32",
                "values": "float32" + text,
                "gradients": "",
                "beyond": {},
            }
            for name in names
        ],
    } | run
    sentence = f"A sentence of a law.{text}\n\nf(x) = {text}x"
    laws = {
        v.law: {"level": v.level, "statement": sentence, "source": f"Somebody (2000){text}"}
        for v in made
    }
    flow = {"operation": "lstm", "dtype": "float32", "device": "cpu", "of": "x"}
    falls = [
        {**flow, "implementation": n, "distances": [0, 1, 2], "norms": [1.0, 0.5, 0.2]}
        for n in names
    ]
    found = [asdict(c) for c in causes(made, text)]
    more = {"gradient_flow": falls, "causes": found, "unexecuted": []}
    return as_document(told, made, laws=laws, **more)


def timed(name, size, seconds, direction="forward", **told):
    """One benchmark of pytest-benchmark's document."""
    info = {
        "implementation": name,
        "operation": "softmax",
        "direction": direction,
        "size": size,
        "sizes": {"R": 8, "n": 64},
        "dtype": "float32",
        "device": "cpu",
        "device_name": "a processor",
        "flops": 10**6,
        "bytes": 10**5,
    }
    stats = {"median": seconds, "q1": 0.9 * seconds, "q3": 1.1 * seconds, "rounds": 7}
    return {"extra_info": info | told, "stats": {**stats, "min": 0.8 * seconds, "max": seconds}}


def ceilings(flops=1e11, rate=1e10):
    """A product and a copy of such rates."""
    product = {"ceiling": "product", "operation": "product", "flops": 10**9, "bytes": 0}
    copy = {"ceiling": "copy", "operation": "copy", "bytes": 10**8, "flops": 0}
    return [
        timed("numpy", "1024", 1e9 / flops / 0.8, **product),
        timed("numpy", "100 MB", 1e8 / rate / 0.8, **copy),
    ]


def times(benchmarks, not_timed=(), schema=3):
    """pytest-benchmark's document, as `benchmarks/` completes it."""
    settings = {"threads": {"processors": 2}, "variables": {"OMP_NUM_THREADS": "2"}}
    own = {"schema": schema, "processes": {"ceilings of numpy": settings}}
    return json.dumps(
        {
            "datetime": "2026-01-02T03:04:05",
            "machine_info": {"system": "Linux", "machine": "x86_64"},
            "benchmarks": list(benchmarks),
            "seqlaws": {**own, "not_timed": list(not_timed)},
        }
    )


def large():
    """20 implementations and 10,000 verdicts: one in twenty is not as it should be."""
    names = [f"implementation_{k}" for k in range(20)]
    laws = [*LAWS, *(f"law_{k}" for k in range(100 - len(LAWS)))]
    operations = ("softmax", "rnn", "lstm", "gru", "attention")
    statuses = [*["passed"] * 15, "not offered", "passed", "failed", "passed", "passed"]
    return verdicts(names, laws, operations, statuses)


def everything(folder, text=""):
    """A report with every part: all statuses, times, something earlier; `text` in every text."""

    def write(text, name):
        (folder / name).write_text(text, encoding="utf-8")
        return folder / name

    names = [f"mine{text}", "other"]
    now = write(document(verdicts(names, statuses=STATUSES, text=text), text), "now.json")
    before = write(document(verdicts(names, text=text), text), "before.json")
    rows = [timed(n, s, 1e-3, operation="rnn") for n in names for s in ("small", f"x{text}")]
    rows += [timed(names[1], f"length {n}", 1e-6 * n, operation="rnn") for n in (8, 16, 32, 64)]
    untimed = {
        "implementation": names[0],
        "operation": "gru",
        "direction": "forward",
        "size": "small",
        "dtype": "float32",
        "device": "cpu",
        "status": "does not agree",
        "reason": f"off by 1{text}",
    }
    speeds = write(times([*ceilings(), *rows], [untimed]), "times.json")
    return report_of([now, speeds], [before])


def main():
    """Write files for a look at them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    made = large() if "--large" in sys.argv else verdicts(["mine", "other"], statuses=STATUSES)
    (folder / "verdict.json").write_text(document(made), encoding="utf-8")
    names = list(dict.fromkeys(v.implementation for v in made))
    sizes = [
        ("small", 1e-5),
        ("large", 1e-2),
        *((f"length {n}", 1e-6 * n**1.5) for n in (32, 64, 128, 256)),
    ]
    rows = [
        timed(name, size, seconds * (1 + k), direction)
        for k, name in enumerate(names)
        for size, seconds in sizes
        for direction in ("forward", "backward")
    ]
    (folder / "times.json").write_text(times([*ceilings(), *rows]), encoding="utf-8")


if __name__ == "__main__":
    main()
