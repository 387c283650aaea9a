"""Misreadings of recurrences as kernels have them: tiles of inputs and units, sorted rows."""

from collections.abc import Iterator

from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading
from seqlaws.properties.misreadings.recurrent import LOOPS, PRODUCTS, RETURNED

SORTED = 'np.argsort({}lengths, kind="stable")'


def of_full_tiles(size: int) -> Iterator[Misreading]:
    """Products without what lies behind the last full tile."""
    x, h = (f"in_full_tiles({z}, {size})" for z in "xh")
    for what, inputs, units in (
        ("inputs and hidden units", x, h),
        ("inputs", x, "h"),
        ("hidden units", "x", h),
    ):
        new = f"products = {inputs} @ transpose(weight_ih) + {units} @ transpose(weight_hh)"
        yield misreading(
            f"{what} behind the last full tile of {size} not read",
            f"{LOOPS} lstm_gates",
            edit("steps: preactivation", PRODUCTS, new),
        )


def put_back(name: str, order: str) -> Misreading:
    """Rows of all outputs in another order, where there are lengths."""
    rows = f"order = {order}\n    y = [z[order] for z in y]\n    "
    edits = [
        before(
            f"{o}: {o}",
            RETURNED[o],
            "lengths = np.full(batch, time) if lengths is None else np.asarray(lengths)\n    "
            f"{rows}{'h, c = h[order], c[order]' if o == 'lstm' else 'h = h[order]'}",
        )
        for o in LOOPS.split()
    ]
    return misreading(name, LOOPS, *edits)


MISREADINGS = (
    *(one for n in (8, 16, 32, 64, 128) for one in of_full_tiles(n)),
    *(
        put_back(name, order)
        for sign in ("-", "")
        for name, order in (
            ("rows sorted by length and not put back", SORTED.format(sign)),
            (
                "rows sorted by length and put back in the order of sorting for its inverse",
                f"{SORTED.format(sign)}[{SORTED.format(sign)}]",
            ),
        )
    ),
)
