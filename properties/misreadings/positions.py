"""Misreadings of positions: rates, angles, pairs; the rotation and its gradient."""

from seqlaws.properties.misreadings.edits import Edit, Misreading, edit, misreading

BOTH = "positional_encoding rotary_embedding"
TABLE, TURNED = "positions: positional_encoding", "positions: rotary_embedding"
EITHER = "positions: rotary_embedding, rotary_embedding_vjp"
RATE = "number(position, -2 * i, max(dim, 1))"
COUNTED = "first + np.arange(length)"
WAVES = "np.stack([np.sin(angle), np.cos(angle)], axis=-1)"
COLUMNS = "np.reshape(waves, (length, 2 * angle.shape[1]))[:, :dim]"
TURN = "x1 * cos - x2 * sin, x2 * cos + x1 * sin"
BACK = "dy1 * cos + dy2 * sin, dy2 * cos - dy1 * sin"
EQUAL_STEPS = "1 - i * (2 / max(dim, 1)) * (1 - 1 / base)"


def rates(name: str, new: str) -> Misreading:
    """Other rates of both operations."""
    return misreading(name, BOTH, edit("positions: angles", RATE, new))


def table(name: str, old: str, new: str) -> Misreading:
    """Something else in the table."""
    return misreading(name, "positional_encoding", edit(TABLE, old, new))


def waves(name: str, sin: str, cos: str) -> Misreading:
    """Other columns."""
    return table(name, WAVES, f"np.stack([{sin}, {cos}], axis=-1)")


def columns(name: str, new: str) -> Misreading:
    """Columns in another order."""
    return table(name, COLUMNS, new)


def placed(name: str, positions: str) -> Misreading:
    """Other positions of the rows."""
    return misreading(
        name,
        "rotary_embedding",
        edit("positions: rotations", "number(single(x), positions)", positions),
    )


def position(name: str, new: str) -> Misreading:
    """Other whole numbers for positions."""
    return placed(name, f"number(single(x), {new})")


def paired(name: str, interleaved: str) -> Misreading:
    """Another pairing than the one that is asked for."""
    line = "cos, sin = rotations("
    return misreading(
        name,
        "rotary_embedding",
        edit(EITHER, line, f"interleaved = {interleaved}\n    {line}"),
    )


def turned(name: str, new: str) -> tuple[Misreading, Misreading]:
    """Something else than a rotation; the gradient may be the same by the opposite angle."""
    back = new.replace("x1", "dy1").replace("x2", "dy2").replace("sin", "(-sin)")
    there = edit(TURNED, TURN, new)
    both = (*there, *edit("positions: rotary_embedding_vjp", BACK, back))
    return misreading(name, "rotary_embedding", there), misreading(name, "rotary_embedding", both)


def gradient(name: str, *changes: tuple[Edit, ...]) -> Misreading:
    """Of the vjp alone."""
    return misreading(name, "rotary_embedding", *changes, gradients=True)


def pulled(name: str, new: str) -> Misreading:
    """Another gradient."""
    return gradient(name, edit("positions: rotary_embedding_vjp", BACK, new))


def narrowed(form: str) -> tuple[Misreading, ...]:
    """Angles, and what they are made of, of fewer bits."""
    angle = "position[:, None] * theta"
    narrow = f'narrow({{}}, "{form}")'.format
    return (
        misreading(f"angles in {form}", BOTH, edit("positions: angles", angle, narrow(angle))),
        misreading(
            f"angles in {form}, and positions and rates",
            BOTH,
            edit(
                "positions: angles",
                angle,
                narrow(f"{narrow('position')}[:, None] * {narrow('theta')}"),
            ),
        ),
        misreading(
            f"positions in {form}",
            BOTH,
            edit("positions: angles", angle, f"{narrow('position')}[:, None] * theta"),
        ),
        misreading(
            f"rates in {form}",
            BOTH,
            edit("positions: angles", angle, f"position[:, None] * {narrow('theta')}"),
        ),
    )


MISREADINGS = (
    misreading(
        "rates that fall in equal steps",
        BOTH,
        edit("positions: angles", f"exponential({RATE}, base)", EQUAL_STEPS),
    ),
    rates("exponents i / D", "number(position, -i, max(dim, 1))"),
    rates("rates down to 1 / base itself", "number(position, -2 * i, max(dim + dim % 2 - 2, 1))"),
    table("each column at a rate of its own", "np.cos(angle)", (
        f"np.cos(({COUNTED})[:, None] * exponential(number(angle[:1, :1], "
        "-2 * np.arange(angle.shape[1]) - 1, max(dim, 1)), BASE))"
    )),
    misreading("a base of 1000", "positional_encoding", edit("positions: BASE", "10000", "1000")),
    misreading("a base of 100000", "positional_encoding",
               edit("positions: BASE", "10000", "100000")),
    waves("cosines in even columns", "np.cos(angle)", "np.sin(angle)"),
    columns("sines first, then cosines",
            "np.concatenate([np.sin(angle), np.cos(angle)], axis=-1)[:, :dim]"),
    columns("an odd dim ends with a cosine", (
        f"(np.concatenate([{COLUMNS[:-9]}[:, : dim - 1], np.cos(angle)[:, -1:]], axis=-1) "
        f"if dim % 2 else {COLUMNS})"
    )),
    columns("an odd dim ends with zeros",
            f"np.where(np.arange(dim) < dim // 2 * 2, {COLUMNS}, 0)"),
    columns("the table divided by the root of dim", f"{COLUMNS} * (1 / math.sqrt(max(dim, 1)))"),
    columns("the table multiplied by the root of dim", f"{COLUMNS} * math.sqrt(dim)"),
    columns("the table transposed where it is square",
            f"(transpose({COLUMNS}) if length == dim else {COLUMNS})"),
    waves("the sign of the cosine wrong", "np.sin(angle)", "-np.cos(angle)"),
    waves("sines alone", "np.sin(angle)", "np.sin(angle)"),
    table("positions from 1", COUNTED, "first + np.arange(1, length + 1)"),
    table("a table of 512 positions", COUNTED, "first + np.minimum(np.arange(length), 511)"),
    paired("never interleaved", "False"),
    paired("always interleaved", "True"),
    paired("the two pairings exchanged", "not interleaved"),
    misreading("interleaved pairs given back in halves", "rotary_embedding",
               edit("positions: together", "if not interleaved:", "if True:")),
    misreading("the rotation in the other direction", "rotary_embedding",
               edit("positions: rotations", "np.sin(angle)", "-np.sin(angle)")),
    misreading("base ignored", "rotary_embedding",
               edit("positions: rotations", "float(base)", "BASE")),
    position("positions ignored", "np.arange(len(positions))"),
    position("positions from the first", "positions - positions[:1]"),
    position("positions counted up from the first", "positions[:1] + np.arange(len(positions))"),
    position("positions from 1", "positions + 1"),
    position("absolute positions", "np.abs(positions)"),
    position("no position below 0", "np.maximum(positions, 0)"),
    position("a table of 2048 positions", "np.minimum(positions, 2047)"),
    position("a table of 2048 positions that begins again", "positions % 2048"),
    position("a table of 4096 positions", "np.minimum(positions, 4095)"),
    position("positions in 16 bits", "positions.astype(np.int16)"),
    *turned("the second feature from the turned first",
            "x1 * cos - x2 * sin, x2 * cos + (x1 * cos - x2 * sin) * sin"),
    *turned("a reflection for the rotation", "x1 * cos - x2 * sin, x2 * cos - x1 * sin"),
    *turned("a reflection for the rotation", "x1 * cos + x2 * sin, x2 * cos + x1 * sin"),
    *turned("sines and cosines exchanged", "x1 * sin - x2 * cos, x2 * sin + x1 * cos"),
    *turned("no sines", "x1 * cos, x2 * cos"),
    *turned("nothing turned", "x1 + 0, x2 + 0"),
    misreading("heads taken for positions", "rotary_embedding", edit(
        "positions: rotations", "return +number(x, np.cos(angle)), +number(x, np.sin(angle))",
        "angle = angle[:, None] if x.shape[1] == x.shape[2] else angle\n"
        "    return +number(x, np.cos(angle)), +number(x, np.sin(angle))",
    )),
    pulled("the gradient turned forwards", "dy1 * cos - dy2 * sin, dy2 * cos + dy1 * sin"),
    pulled("the gradient not turned", "dy1 + 0, dy2 + 0"),
    pulled("the gradient without its sines", "dy1 * cos, dy2 * cos"),
    gradient("the gradient in halves", edit(
        "positions: rotary_embedding_vjp", "dy1, dy2 = pairs",
        "interleaved = False\n    dy1, dy2 = pairs",
    )),
    *narrowed("bfloat16"),
    *narrowed("float16"),
    *(one for one in narrowed("float32") if not one.name.startswith("positions")),
    misreading("sines and cosines in bfloat16", "rotary_embedding", edit(
        "positions: rotations", "return +number(x, np.cos(angle)), +number(x, np.sin(angle))",
        'return tuple(number(x, narrow(f(angle), "bfloat16")) for f in (np.cos, np.sin))',
    )),
)  # fmt: skip
