"""Make docs/power.md from the results of `python tests/power.py --page`."""

import statistics
from collections import Counter
from importlib.metadata import version

HEAD = """# Detection power of the suite

{wrong} of the {all_wrong} wrong implementations and {right} of the {all_right} correct ones in
`tests/zoo/` were checked. Each wrong one has a witness that proves it wrong by the contract. The
correct ones use other summation orders, formulations and precisions. Others are generated from
random admissible rewrites. `python tests/power.py` and `python tests/generated/run.py` run the
suite on all of them, `python tests/power.py --page` writes this page, and
`pytest tests/test_power.py` checks a fixed sample. Measured with seqlaws {version}, partly at
earlier commits of it.

| | |
|---|---|
| wrong implementations detected by a MUST | {must} of {wrong} |
| detected only by a SHOULD | {should} |
| missed | {missed} |
| correct implementations rejected, over {seeds} suite seeds | {rejected} of {right} |
| generated correct implementations rejected, each with its own seed | {refused} of {generated} |
| numbers compared in these | {entries:,} |
| largest observed / allowed of a correct implementation | {worst:.2f} |
| median seconds to the first detection, including shrinking and diagnosis | {seconds:.2f} |
| median examples to the first detection | {examples:.0f} |
| median count of numbers in a shrunk case that are neither 0 nor 1 | {numbers:.0f} |
| correct diagnoses, where the cause is one line | {diagnosed} of {causes} ({share:.1f}%) |
"""


def page(found, all_wrong, all_right, generated=()):
    """Return the page, from one dict for each implementation that was run."""
    wrong = [o for o in found if o["kind"] == "wrong"]
    right = [o for o in found if o["kind"] == "right"]
    caught = [o for o in wrong if o["caught"]]
    due = [o for o in caught if o["due"]]
    good = [o for o in due if is_right(o["due"], o["said"])]
    head = HEAD.format(
        version=version("seqlaws"),
        all_wrong=all_wrong,
        all_right=all_right,
        wrong=len(wrong),
        right=len(right),
        must=sum(o["level"] == "MUST" for o in caught),
        should=sum(o["level"] == "SHOULD" for o in caught),
        missed=len(wrong) - len(caught),
        seeds=len({o["seed"] for o in right}),
        rejected=sum(bool(o["caught"]) for o in right),
        refused=sum(bool(o["rejected"] or o["problem"]) for o in generated),
        generated=len(generated),
        entries=sum(o["entries"] for o in generated),
        worst=max((o["worst"] for o in right), default=0.0),
        seconds=middle(o["seconds"] for o in caught),
        examples=middle(o["examples"] for o in caught),
        numbers=middle(o["numbers"] for o in caught if o["numbers"]),
        diagnosed=len(good),
        causes=len(due),
        share=100 * len(good) / max(len(due), 1),
    )
    parts = [head, classes(wrong), laws(wrong), right_ones(right), wrong_ones(wrong)]
    return "\n".join(parts)


def is_right(expected, text):
    """Return True if the cause is one of the first two named; text after a colon is detail."""
    for start in (" gives with ", " consistent with ", " those of ", " that of "):
        _, found, names = text.partition(start)
        if found:
            text = names.partition(" with ")[2] if start.endswith(" of ") else names
    return any(
        name == expected or name.startswith(f"{expected}:") for name in text.split(", or ")[:2]
    )


def middle(values):
    return statistics.median([*values] or [0.0])


def table(columns, rows):
    """Return a Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(map(cell, row)) + " |" for row in rows)]) + "\n"


def cell(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def classes(wrong):
    """Return a table with a row for each class of defect."""
    rows = []
    for defect, n in Counter(o["defect"] for o in wrong).most_common():
        of = [o for o in wrong if o["defect"] == defect]
        due = [o for o in of if o["due"]]
        good = sum(is_right(o["due"], o["said"]) for o in due)
        share = f"{good} of {len(due)}" if due else ""
        rows.append((defect, n, sum(bool(o["caught"]) for o in of), share))
    columns = ("class of defect", "wrong implementations", "detected", "correct diagnoses")
    return "## By class of defect\n\n" + table(columns, rows)


def laws(wrong):
    """Return a table with a row for each law that detects anything first."""
    first = Counter(o["caught"].partition(".")[2] for o in wrong if o["caught"])
    rows = [(f"`{law}`", count) for law, count in first.most_common()]
    return "## By law\n\n" + table(("law", "detects first"), rows)


def right_ones(right):
    """Return a table with a row for each correct implementation."""
    rows = [
        (o["target"], o["defect"], o["cause"], o["examples"], f"{o['worst']:.2f}", o["seed"])
        for o in right
    ]
    columns = (
        "implementation",
        "difference",
        "details",
        "examples",
        "largest observed / allowed",
        "seed",
    )
    return "## Correct implementations\n\n" + table(columns, rows)


def wrong_ones(wrong):
    """Return a table with a row for each wrong implementation."""
    rows = []
    for o in wrong:
        said = o["said"].partition("\n")[0]
        mark = ("right: " if is_right(o["due"], o["said"]) else "") if o["due"] else ""
        rows.append(
            (
                o["target"],
                o["cause"],
                f"`{o['caught']}`" if o["caught"] else "**missed**",
                o["examples"],
                f"{o['seconds']:.1f}",
                o["numbers"],
                mark + said,
            )
        )
    columns = (
        "implementation",
        "defect",
        "first detected by",
        "examples",
        "seconds",
        "numbers",
        "diagnosis",
    )
    return "## Wrong implementations\n\n" + table(columns, rows)
