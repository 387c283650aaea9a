"""Misreadings that lose precision: something is rounded to a narrower format on its way."""

from seqlaws.properties.misreadings.edits import Edit, Misreading, edit, misreading
from seqlaws.properties.misreadings.positions import COLUMNS, TURN
from seqlaws.properties.misreadings.recurrent import CARRIED, PRODUCTS, arguments
from seqlaws.properties.misreadings.softmax import STORED

NARROW = ("float16", "bfloat16")
Q_K = "q @ transpose(k)"
SCORES = "(q @ transpose(k)) * default_scale(q, scale)"
NEW = "+either((1 - z) * n + z * h, n + z * (h - n))"


def kept(bits: int | str, operation: str) -> Misreading:
    """Outputs of so many bits of significand, or of a narrower dtype."""
    name = f"{bits} bits inside" if isinstance(bits, int) else f"{bits} inside: the output"
    form = repr(bits)
    edits: tuple[Edit, ...] = {
        "attention": edit(
            "attention: attention",
            "return +matmul_where(counted(allowed, fully_masked), p, v)",
            f"return narrow(matmul_where(counted(allowed, fully_masked), p, v), {form})",
        ),
        "positional_encoding": edit(
            "positions: positional_encoding", f"return +{COLUMNS}",
            f"return narrow({COLUMNS}, {form})",
        ),
        "rotary_embedding": edit(
            "positions: rotary_embedding", f"return +together({TURN}, interleaved)",
            f"return narrow(together({TURN}, interleaved), {form})",
        ),
        "softmax": edit(
            "softmax: softmax", "+np.moveaxis(p, -1, axis)",
            f"narrow(np.moveaxis(p, -1, axis), {form})",
        ),
        "rnn": edit("rnn: rnn", "y, batch, hidden), +h",
                    f"[narrow(z, {form}) for z in y], batch, hidden), narrow(h, {form})"),
        "gru": edit("gru: gru", "y, batch, hidden), +h",
                    f"[narrow(z, {form}) for z in y], batch, hidden), narrow(h, {form})"),
        "lstm": edit("lstm: lstm", "y, batch, hidden), +h, +c",
                     f"[narrow(z, {form}) for z in y], batch, hidden), narrow(h, {form}), "
                     f"narrow(c, {form})"),
        "lstm_gates": edit("lstm: lstm_gates", "return +i, +f, +g, +o",
                           f"return tuple(narrow(z, {form}) for z in (i, f, g, o))"),
    }[operation]  # fmt: skip
    return misreading(name, operation, edits)


def operands(form: str, name: str) -> tuple[Misreading, ...]:
    """The operands of matrix products rounded."""
    n = f'narrow({{}}, "{form}")'.format
    products = edit(
        "steps: preactivation",
        PRODUCTS,
        f"products = {n('x')} @ transpose({n('weight_ih')}) "
        f"+ {n('h')} @ transpose({n('weight_hh')})",
    )
    place = "gru: gru_cell"
    candidate = (
        *edit(place, "h @ transpose(w_hn) + b_hn", f"{n('h')} @ transpose({n('w_hn')}) + b_hn"),
        *edit(place, "x @ transpose(w_in) + b_in", f"{n('x')} @ transpose({n('w_in')}) + b_in"),
    )
    scores = edit("attention: scores", Q_K, f"{n('q')} @ transpose({n('k')})")
    output = edit("attention: attention", "fully_masked), p, v)",
                  f"fully_masked), {n('p')}, {n('v')})")  # fmt: skip
    return (
        misreading(name, "rnn lstm lstm_gates gru", products, candidate),
        misreading(name, "attention", scores),
        *((misreading(name, "attention", output),) if form == "tf32" else ()),
        misreading(name, "attention", scores, output),
        arguments(
            f"{form} weights",
            f"weight_ih, weight_hh = {n('weight_ih')}, {n('weight_hh')}",
            "rnn lstm gru lstm_gates",
        ),
        arguments(f"{form} inputs", f"x = {n('x')}"),
    )


def attention(form: str) -> tuple[Misreading, ...]:
    """Stages of attention and softmax rounded."""
    n = f'narrow({{}}, "{form}")'.format
    place = "attention: attention, attention_vjp"
    probabilities = edit(place, "+weights(s, fully_masked)", n("weights(s, fully_masked)"))
    recomputed = edit("attention: attention_vjp", STORED, "p = +p")
    output = edit("attention: attention", "fully_masked), p, v)",
                  f"fully_masked), {n('p')}, {n('v')})")  # fmt: skip
    return (
        misreading(f"{form} inside: the scores", "attention",
                   edit("attention: scores", SCORES, n(SCORES))),
        misreading(f"{form} inside: the masked scores", "attention",
                   edit("attention: scores", "np.where(allowed, s, -np.inf)",
                        n("np.where(allowed, s, -np.inf)"))),
        misreading(f"{form} inside: the mask", "attention",
                   edit("attention: scores", "s = s + mask", f"s = s + {n('mask')}")),
        misreading(f"{form} inside: the attention weights", "attention", probabilities, recomputed),
        misreading(f"{form} inside: the attention weights and values", "attention", output),
        misreading(f"{form} inside: dP", "attention",
                   edit("attention: attention_vjp", "+(p * (dp - inner) * slope)",
                        f"+(p * {n('dp - inner')} * slope)"), gradients=True),
        misreading(f"{form} inside: dS", "attention",
                   edit("attention: attention_vjp", "+(p * (dp - inner) * slope)",
                        n("p * (dp - inner) * slope")), gradients=True),
        misreading(f"{form} inside: the logits", "softmax",
                   edit("softmax: weights", "softmax_rows(x)", f"softmax_rows({n('x')})")),
        misreading(f"{form} inside: the shifted logits", "softmax",
                   edit("softmax: weights", "softmax_rows(x)",
                        f"softmax_rows({n('x - np.maximum(highest(x), -1e30)')})")),
        misreading(f"{form} inside: the weights", "softmax",
                   edit("softmax: softmax_vjp", "p = +weights(x, fully_masked)",
                        f"p = {n('weights(x, fully_masked)')}"), gradients=True),
        misreading(f"{form} inside: the exponentials", "softmax",
                   edit("softmax: weights", "p = softmax_rows(x)",
                        f"e = {n('np.exp(x - np.maximum(highest(x), -1e30))')}\n    "
                        "t = np.sum(e, axis=-1, keepdims=True)\n    "
                        "p = quotient(e, t + at_zero(t))")),
        misreading(f"{form} inside: the sum", "softmax",
                   edit("softmax: weights", "p = softmax_rows(x)",
                        "e = np.exp(x - np.maximum(highest(x), -1e30))\n    "
                        f"t = {n('np.sum(e, axis=-1, keepdims=True)')}\n    "
                        "p = quotient(e, t + at_zero(t))")),
    )  # fmt: skip


def recurrent(form: str) -> tuple[Misreading, ...]:
    """States and pre-activations rounded."""
    n = f'narrow({{}}, "{form}")'.format
    either = "either(products + bias_ih + bias_hh, products + +(bias_ih + bias_hh))"
    return (
        misreading(f"{form} state", "rnn",
                   edit("rnn: rnn_cell", "+ACTIVATION[nonlinearity](a)",
                        n("ACTIVATION[nonlinearity](a)"))),
        misreading(f"{form} state", "gru", edit("gru: gru_cell", NEW, n(NEW[1:]))),
        misreading(f"{form} hidden state", "lstm", edit("lstm: carry", "+(o * s)", n("o * s"))),
        misreading(f"{form} cell state", "lstm",
                   edit("lstm: carry", "c = +(f * c + i * g)", f"c = {n('f * c + i * g')}")),
        misreading(f"{form} states", "lstm", edit("lstm: carry", "+(o * s)", n("o * s")),
                   edit("lstm: carry", "c = +(f * c + i * g)", f"c = {n('f * c + i * g')}")),
        *(
            misreading(
                name, "lstm",
                edit("lstm: lstm", CARRIED,
                     f"c, h = np.where(exists[:, t], {c}, c), np.where(exists[:, t], {h}, h)"),
            )
            for name, c, h in (
                (f"{form} cell state", n("c_after"), "h_after"),
                (f"{form} hidden state between steps", "c_after", n("h_after")),
                (f"{form} states between steps", n("c_after"), n("h_after")),
            )
        ),
        *(
            misreading(f"{form} state between steps", o,
                       edit(f"{o}: {o}", "h = np.where(exists[:, t], after, h)",
                            f"h = np.where(exists[:, t], {n('after')}, h)"))
            for o in ("rnn", "gru")
        ),
        misreading(f"{form} inside: the pre-activations", "rnn lstm lstm_gates gru",
                   edit("steps: preactivation", either, n(either))),
        misreading(f"{form} inside: the products", "rnn lstm lstm_gates gru",
                   edit("steps: preactivation", PRODUCTS, PRODUCTS.replace(
                       "x @ transpose(weight_ih) + h @ transpose(weight_hh)",
                       f"{n('x @ transpose(weight_ih)')} + {n('h @ transpose(weight_hh)')}"))),
        misreading(f"{form} inside: the biases", "rnn lstm lstm_gates gru",
                   edit("steps: preactivation", either,
                        f"products + {n('bias_ih')} + {n('bias_hh')}")),
    )  # fmt: skip


MISREADINGS = (
    *operands("tf32", "TF32 operands"),
    *operands("float16", "float16 operands"),
    *operands("bfloat16", "bfloat16 operands"),
    *(one for form in NARROW for one in attention(form)),
    *(one for form in NARROW for one in recurrent(form)),
    *(
        kept(form, o)
        for form in ("float32", *NARROW)
        for o in ("softmax", "attention", "rnn", "gru", "lstm", "lstm_gates")
    ),
)
