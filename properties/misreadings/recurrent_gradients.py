"""Misreadings of the gradients of the recurrences alone: states, steps, sums, slopes."""

from seqlaws.properties.misreadings.edits import Misreading, edit, misreading

LOOPS = "rnn lstm gru"
RETURNED = {
    "rnn": "dx, +dh, weight_gradient(das, x), weight_gradient(das, befores), db, db",
    "lstm": "dx, +dh, +dc, weight_gradient(das, x), weight_gradient(das, befores), db, db",
    "gru": "dx, +dh, dweight_ih, dweight_hh, db_ih, db_hh",
    "lstm_gates": "+(da @ weight_ih), +(da @ weight_hh), *dweights, db, db",
}
WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
ARGUMENTS = {
    "rnn": ("dx", "dh0", *WEIGHTS),
    "lstm": ("dx", "dh0", "dc0", *WEIGHTS),
    "gru": ("dx", "dh0", *WEIGHTS),
    "lstm_gates": ("dx", "dh", *WEIGHTS),
}
MASKED = "x, dy = np.where(exists, x, 0), np.where(exists, dy, 0)"
STARTED = {"rnn": "    dh = dh_n\n", "lstm": "    dh, dc = dh_n, dc_n\n", "gru": "    dh = dh_n\n"}
BACK = {
    "rnn": "dh = np.where(exists[:, t], +(da_t @ weight_hh), dh)",
    "lstm": "dh = np.where(exists[:, t], +(da_t @ weight_hh), dh)",
    "gru": "dh = np.where(exists[:, t], dh_t, dh)",
}
CELL = "dc = np.where(exists[:, t], +(dc_t * f), dc)"


def returned(name: str, operation: str, changes: dict[int, str]) -> Misreading:
    """Something done to some of the gradients: expressions of g."""
    done = ", ".join(f"{k}: lambda g: {new}" for k, new in changes.items())
    old = RETURNED[operation]
    place = f"{operation.removesuffix('_gates')}: {operation}_vjp"
    new = f"return replaced(({old}), {{{done}}})"
    return misreading(name, operation, edit(place, f"return {old}", new), gradients=True)


def vjp(name: str, operations: str, old: str | dict[str, str], new: str) -> Misreading:
    """Another line in the vjp."""
    edits = [
        edit(f"{o}: {o}_vjp", old if isinstance(old, str) else old[o], new)
        for o in operations.split()
    ]
    return misreading(name, operations, *edits, gradients=True)


def back(name: str, new: str, operations: str = LOOPS) -> Misreading:
    """Something done to the gradient that a step hands to the one before it: `new`, of dh."""
    line = f"dh = np.where(exists[:, t], {new}, dh)"
    edits = [
        edit(f"{o}: {o}_vjp", BACK[o], f"{BACK[o]}\n        {line}") for o in operations.split()
    ]
    return misreading(name, operations, *edits, gradients=True)


def cut(name: str, operations: str, condition: str) -> Misreading:
    """No gradient through existing steps."""
    zero = {"rnn": ("dh",), "lstm": ("dh", "dc"), "gru": ("dh",)}
    edits = []
    for o in operations.split():
        lines = "".join(
            f"\n        {d} = np.where(exists[:, t] & ({condition}), 0, {d})" for d in zero[o]
        )
        edits.append(edit(f"{o}: {o}_vjp", BACK[o], BACK[o] + lines))
    return misreading(name, operations, *edits, gradients=True)


def named(argument: str) -> str:
    """What a gradient is called."""
    return argument if argument.startswith("d") else f"{argument} gradient"


def each(word: str, new: str) -> tuple[Misreading, ...]:
    """The same done to the gradient of each argument in turn."""
    return tuple(
        returned(f"{named(argument)} {word}", operation, {k: new})
        for operation, arguments in ARGUMENTS.items()
        for k, argument in enumerate(arguments)
    )


def several(name: str, arguments: tuple[str, ...], new: str) -> tuple[Misreading, ...]:
    """The same done to the gradients of several arguments."""
    return tuple(
        returned(name, o, {k: new for k, a in enumerate(known) if a in arguments})
        for o, known in ARGUMENTS.items()
    )


STEPS = "(time - t if not reverse else t + 1)"
OF_ALL, ALL = "g * (1 / {})", "(x.shape[0] * x.shape[1])"
ROW = "weight_gradient({0}[:, {2}], {1}[:, {2}])"

MISREADINGS = (
    *each("zero", "nothing(g)"),
    *several("bias gradient zero", ("bias_ih", "bias_hh"), "nothing(g)"),
    *several("weight gradients zero", WEIGHTS, "nothing(g)"),
    returned("gradients of both initial states zero", "lstm", {1: "nothing(g)", 2: "nothing(g)"}),
    *several(
        "gradients of the initial states zero for a row of length 0",
        ("dh0", "dc0"),
        "np.where(np.any(exists, axis=1), g, 0)",
    )[:3],
    *several("bias gradient halved", ("bias_ih", "bias_hh"), "0.5 * g"),
    *several("bias gradient doubled", ("bias_ih", "bias_hh"), "2 * g"),
    *several("gradient doubled", ("dx", "dh0", "dh", "dc0", *WEIGHTS), "2 * g"),
    *several("all gradients zero", ("dx", "dh0", "dh", "dc0", *WEIGHTS), "nothing(g)"),
    *several("mean over the batch", WEIGHTS, "g * (1 / max(x.shape[0], 1))"),
    *several("mean over the batch", ("bias_ih", "bias_hh"), "g * (1 / max(x.shape[0], 1))"),
    *several("mean over the steps", WEIGHTS, "g * (1 / max(x.shape[1], 1))")[:3],
    *(
        one
        for which in (WEIGHTS, ("bias_ih", "bias_hh"))
        for count in ("max({}, 1)", "np.float64({})")  # 0 / 0 without steps is NaN
        for one in several("mean over rows and steps", which, OF_ALL.format(count.format(ALL)))[:3]
    ),
    *several("weight gradients clipped to 1", WEIGHTS, "clip(g, -1, 1)"),
    *several("all gradients clipped to 1", ("dx", "dh0", "dh", "dc0", *WEIGHTS), "clip(g, -1, 1)"),
    *each("doubled", "2 * g"),
    *each("halved", "0.5 * g"),
    *each("negated", "-g"),
    *(
        vjp("weight_hh gradient of the states after the steps", o, f"{kept} = h,", f"{kept} = {h},")
        for o, kept, h in (
            ("rnn", "before[t], slope[t]", "after"),
            ("lstm", "before[t], tape[t]", "h_after"),
        )
    ),
    *(
        returned(
            "weight_hh gradient of the states after the steps, but the last",
            o,
            {
                k: "weight_gradient(das[:, :-1], befores[:, 1:])"
                if back
                else "weight_gradient(das[:, 1:], befores[:, :-1])"
            },
        )
        for o, k in (("rnn", 3), ("lstm", 4))
        for back in (False, True)
    ),
    *(
        returned(
            "the last state before the first step: t - 1 wraps at t = 0",
            o,
            {k: f"weight_gradient({das}, wrapped(befores, h, reverse))"},
        )
        for o, k, das in (("rnn", 3, "das"), ("lstm", 4, "das"), ("gru", 3, "das_hh"))
    ),
    returned("dx through weight_hh", "rnn", {0: "das @ weight_hh"}),
    returned(
        "dx of the last step alone",
        "rnn",
        {0: "np.where((np.arange(time) == time - 1)[:, None], g, 0)"},
    ),
    returned("weight_hh gradient transposed", "rnn", {3: "transpose(g)"}),
    returned("weight_ih gradient transposed", "rnn", {2: "transpose(g)"}),
    returned("bias gradient summed over units", "rnn", {4: "np.sum(das, axis=(1, 2))"}),
    returned(
        "bias gradient summed over units",
        "rnn",
        {4: "np.sum(das, axis=(1, 2))", 5: "np.sum(das, axis=(1, 2))"},
    ),
    returned("bias gradient of one row", "lstm_gates", {4: "bias_gradient(das[:1])"}),
    returned(
        "bias gradient of one row",
        "lstm_gates",
        {4: "bias_gradient(das[:1])", 5: "bias_gradient(das[:1])"},
    ),
    returned("dh through weight_ih", "lstm_gates", {1: "da @ weight_ih"}),
    *(
        returned(
            "bias gradient of one row",
            o,
            {k: "bias_gradient(das[:1])", k + 1: "bias_gradient(das[:1])"},
        )
        for o, k in (("rnn", 4), ("lstm", 5))
    ),
    *(
        returned(f"weight_ih gradient of the {word} step", o, {k: ROW.format("das", "x", part)})
        for o, k in (("rnn", 2), ("lstm", 3))
        for word, part in (("last", "-1:"), ("first", ":1"))
    ),
    *(
        returned(
            "weight_hh gradient lacks the first step",
            o,
            {
                k: f"{ROW.format('das', 'befores', ':-1')} if reverse else "
                f"{ROW.format('das', 'befores', '1:')}"
            },
        )
        for o, k in (("rnn", 3), ("lstm", 4))
    ),
    returned("bias_hh gradient without the reset gate", "gru", {5: "db_ih"}),
    returned("bias_ih gradient with the reset gate", "gru", {4: "db_hh"}),
    returned(
        "weight_hh gradient without the reset gate", "gru", {3: "weight_gradient(das_ih, befores)"}
    ),
    vjp("dh_n ignored", "rnn gru", STARTED, "    dh = nothing(dh_n)\n"),
    vjp("dh_n ignored", "lstm", STARTED, "    dh, dc = nothing(dh_n), dc_n\n"),
    vjp("dc_n ignored", "lstm", STARTED, "    dh, dc = dh_n, nothing(dc_n)\n"),
    vjp("dh_n and dc_n ignored", "lstm", STARTED, "    dh, dc = nothing(dh_n), nothing(dc_n)\n"),
    vjp("dh_n and dc_n swapped", "lstm", STARTED, "    dh, dc = dc_n, dh_n\n"),
    vjp("dh_n doubled", "rnn gru", STARTED, "    dh = 2 * dh_n\n"),
    vjp("dy ignored", LOOPS, MASKED, "x, dy = np.where(exists, x, 0), nothing(dy)"),
    vjp(
        "dy ignored in reverse",
        LOOPS,
        MASKED,
        "x, dy = np.where(exists, x, 0), nothing(dy) if reverse else np.where(exists, dy, 0)",
    ),
    vjp(
        "dy ignored before the end",
        LOOPS,
        MASKED,
        "x, dy = np.where(exists, x, 0), np.where(exists, dy, 0)\n"
        "    dy = np.where((np.arange(time) == time - 1)[:, None], dy, 0)",
    ),
    vjp(
        "dy read in the order of reading",
        LOOPS,
        MASKED,
        "x, dy = np.where(exists, x, 0), np.where(exists, dy[:, ::-1] if reverse else dy, 0)",
    ),
    vjp(
        "dy of the padding counts",
        LOOPS,
        MASKED,
        "x = np.where(exists, x, 0)\n    dh_n = dh_n + np.sum(np.where(exists, 0, dy), axis=1)",
    ),
    vjp("0 * NaN in the gradient", LOOPS, MASKED, "dy = np.where(exists, dy, 0)"),
    cut("gradient cut at every step", LOOPS, "True"),
    *(
        cut(f"truncated after {n} steps", LOOPS, condition)
        for n in (8, 16, 32, 64)
        for condition in (f"{STEPS} == {n}", f"t % {n} == {n - 1}", f"t % {n} == 0 and t > 0")
    ),
    vjp(
        "hidden state detached",
        "lstm",
        BACK,
        f"{BACK['lstm']}\n        dh = np.where(exists[:, t], 0, dh)",
    ),
    vjp("cell state detached", "lstm", CELL, f"{CELL}\n        dc = np.where(exists[:, t], 0, dc)"),
    vjp("forget gate missing on the way back", "lstm", CELL, CELL.replace("dc_t * f", "dc_t")),
    vjp(
        "input gate for the forget gate on the way back",
        "lstm",
        CELL,
        CELL.replace("dc_t * f", "dc_t * i"),
    ),
    vjp(
        "weight_hh transposed on the way back",
        "rnn",
        BACK,
        BACK["rnn"].replace("weight_hh", "transpose(weight_hh)"),
    ),
    *(back("gradient clipped", f"clip(dh, -{bound}, {bound})") for bound in (1, 5, 10)),
    *(
        vjp("gradient clipped", "rnn", "+((dy[:, t] + dh) * slope[t])", new)
        for new in (
            "+(clip(dy[:, t] + dh, -1, 1) * slope[t])",
            "+clip((dy[:, t] + dh) * slope[t], -1, 1)",
        )
    ),
    back("gradient halved at each step", "0.5 * dh"),
    back("gradient below 1e-2 dropped", "np.where(np.abs(np.real(dh)) < 1e-2, 0, dh)"),
    *(
        back(f"{form} inside: the gradient of the state", f'narrow(dh, "{form}")')
        for form in ("bfloat16", "float16")
    ),
    vjp("slope missing", "rnn", "+((dy[:, t] + dh) * slope[t])", "+(dy[:, t] + dh)"),
    *(
        misreading(name, "rnn", edit("rnn: SLOPE", old, new), gradients=True)
        for name, old, new in (
            ("1 - |y| for 1 - y^2", "1 - h * h", "1 - absolute(h)"),
            ("1 - y for 1 - y^2", "1 - h * h", "1 - h"),
            ("y (1 - y) for 1 - y^2", "1 - h * h", "h * (1 - h)"),
            ("1 - a^2 for 1 - y^2", "1 - h * h", "1 - a * a"),
            ("tanh slope missing", "1 - h * h", "1 + 0 * h"),
            ("tanh slope for sigmoid", "h * (1 - h)", "1 - h * h"),
            ("sigmoid slope missing", "lambda a, h: h * (1 - h)", "lambda a, h: 1 + 0 * h"),
            ("sigmoid slope y", "lambda a, h: h * (1 - h)", "lambda a, h: h"),
            ("relu slope 1 at 0", "step(+a)", "step(+a) + at_zero(a)"),
            ("relu slope 1/2 at 0", "step(+a)", "step(+a) + 0.5 * at_zero(a)"),
            ("straight through", "step(+a)", "1 + 0 * a"),
            ("relu slope reversed", "step(+a)", "step(-a)"),
            ("relu slope zero", "step(+a)", "0 * a"),
        )
    ),
)
