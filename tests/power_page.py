"""docs/power.md, from what `python tests/power.py --page` found."""

import statistics
from collections import Counter

HEAD = """# The power of the suite

{wrong} of the {all_wrong} wrong implementations and {right} of the {all_right} right ones of our
own, in `tests/zoo/`: the wrong ones each with a witness that proves it wrong by the contract, the
right ones in other summation orders, formulations and precisions. Written by `python tests/power.py
--page`, which runs the suite against all of them; a fixed sample is asserted by `pytest
tests/test_power.py`.

| | |
|---|---|
| wrong ones caught by a MUST | {must} of {wrong} |
| caught by a SHOULD alone | {should} |
| missed | {missed} |
| caught in the profile `quick` | {quick} of {wrong} ({quick_share:.1f}%) |
| right ones rejected, over {seeds} suite seeds | {rejected} of {right} |
| worst observed / allowed of a right one | {worst:.2f} |
| seconds to the first catch, its witness shrunk and diagnosed: median | {seconds:.2f} |
| examples to the first catch: median | {examples:.0f} |
| numbers of a shrunk witness that are neither 0 nor 1: median | {numbers:.0f} |
| diagnosis right, where the cause is one line | {diagnosed} of {causes} ({share:.1f}%) |
"""


def page(found, all_wrong, all_right):
    """The whole page, from one dict for each implementation, of so many that there are."""
    wrong = [o for o in found if o["kind"] == "wrong"]
    right = [o for o in found if o["kind"] == "right"]
    caught = [o for o in wrong if o["caught"]]
    due = [o for o in caught if o["due"]]
    good = [o for o in due if is_right(o["due"], o["said"])]
    quick = sum(bool(o["laws"]) for o in wrong)
    head = HEAD.format(
        all_wrong=all_wrong,
        all_right=all_right,
        wrong=len(wrong),
        right=len(right),
        must=sum(o["level"] == "MUST" for o in caught),
        should=sum(o["level"] == "SHOULD" for o in caught),
        missed=len(wrong) - len(caught),
        quick=quick,
        quick_share=100 * quick / max(len(wrong), 1),
        seeds=len({o["seed"] for o in right}),
        rejected=sum(bool(o["caught"]) for o in right),
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
    """Whether the cause is named, as one of two at most; what follows a colon says where."""
    for start in (" gives with ", " consistent with ", " those of "):
        _, found, names = text.partition(start)
        if found:
            text = names.partition(" with ")[2] if start == " those of " else names
    return any(
        name == expected or name.startswith(f"{expected}:") for name in text.split(", or ")[:2]
    )


def middle(values):
    return statistics.median([*values] or [0.0])


def table(columns, rows):
    """A Markdown table; the first column is text, the others as they come."""
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(map(cell, row)) + " |" for row in rows)]) + "\n"


def cell(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def classes(wrong):
    """One row for each class of defect."""
    rows = []
    for defect, n in Counter(o["defect"] for o in wrong).most_common():
        of = [o for o in wrong if o["defect"] == defect]
        due = [o for o in of if o["due"]]
        good = sum(is_right(o["due"], o["said"]) for o in due)
        share = f"{good} of {len(due)}" if due else ""
        quick = sum(bool(o["laws"]) for o in of)
        rows.append((defect, n, sum(bool(o["caught"]) for o in of), quick, share))
    columns = ("class of defect", "wrong ones", "caught", "in quick", "diagnosis right")
    return "## By class of defect\n\n" + table(columns, rows)


def numbered(wrong):
    """Every law that catches anything, by how much it catches."""
    count = Counter(law for o in wrong for law in o["laws"])
    count.update({o["caught"].partition(".")[2]: 0 for o in wrong if o["caught"]})
    return {law: k for k, (law, _) in enumerate(count.most_common(), 1)}


def laws(wrong):
    """One row for each law."""
    first = Counter(o["caught"].partition(".")[2] for o in wrong)
    every = Counter(law for o in wrong for law in o["laws"])
    alone = Counter(o["laws"][0] for o in wrong if len(o["laws"]) == 1)
    rows = [
        (k, f"`{law}`", first[law], every[law], alone[law]) for law, k in numbered(wrong).items()
    ]
    columns = ("", "law", "catches first", "catches in quick", "alone there")
    return "## By law\n\n" + table(columns, rows)


def right_ones(right):
    """One row for each right implementation."""
    rows = [
        (o["target"], o["defect"], o["cause"], o["examples"], f"{o['worst']:.2f}", o["seed"])
        for o in right
    ]
    columns = ("right one", "differs in", "how", "examples", "worst observed / allowed", "seed")
    return "## The right ones\n\n" + table(columns, rows)


def wrong_ones(wrong):
    """One row for each wrong implementation: the matrix, its laws by number."""
    number = numbered(wrong)
    rows = []
    for o in wrong:
        said = o["said"].partition("\n")[0]
        mark = ("right: " if is_right(o["due"], o["said"]) else "") if o["due"] else ""
        matrix = " ".join(str(k) for k in sorted(number[law] for law in o["laws"]))
        rows.append(
            (
                o["target"],
                o["cause"],
                f"`{o['caught']}`" if o["caught"] else "**missed**",
                o["examples"],
                f"{o['seconds']:.1f}",
                o["numbers"],
                mark + said,
                matrix,
            )
        )
    columns = (
        "wrong one",
        "what is wrong",
        "caught first by",
        "examples",
        "seconds",
        "numbers",
        "diagnosis",
        "laws that catch it in quick",
    )
    return "## The wrong ones\n\n" + table(columns, rows)
