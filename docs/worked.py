"""Worked examples of the specification's page, computed with the reference."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.reference.decoder import PARAMETERS
from seqlaws.reference.encoder import PARAMETERS as ENCODER
from seqlaws.reference.generate import logits
from seqlaws.reference.lstm import carry, gates
from seqlaws.reference.numbers import Arithmetic, expected_and_allowed, lifted, unpacked
from seqlaws.reference.numbers.arithmetic import FORMATS, unit_roundoff

Array = np.ndarray[Any, Any]
SURE = 10.0  # sigmoid(10) = 0.99995: a gate that is as good as open


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; numbers with three decimals, without a sign for zero."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(shown(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def shown(cell: Any) -> str:
    """A cell as text."""
    if isinstance(cell, str | int):
        return str(cell)
    return f"{float(cell):.3f}".replace("-0.000", "0.000").replace("-inf", "-∞")


def tiny(error: float) -> str:
    """An error bound, of which the magnitude matters."""
    return f"{error:.1e}"


def of_scores() -> str:
    """Three scores, the same moved by 1000, and one masked."""
    rows = []
    for x in ([1.0, 2.0, 3.0], [1001.0, 1002.0, 1003.0], [1.0, -np.inf, 3.0]):
        scores = np.array(x)
        p = reference.softmax(scores)
        cells = ", ".join(shown(v).removesuffix(".000") for v in x)
        weights = ", ".join(shown(v) for v in p)
        allowed = [
            tiny(expected_and_allowed("softmax", scores, arithmetic=a)[0].allowed.max())
            for a in ("float32", "bfloat16")
        ]
        rows.append([cells, weights, *allowed])
    return table(["scores", "weights", "allowed error, float32", "allowed error, bfloat16"], rows)


def of_forgetting() -> str:
    """A unit of h_0 = 1 left alone: its state, and how much a change of h_0 changes it."""
    steps = (1, 2, 5, 10, 20)
    rows = []
    for t in steps:
        x, h0, none = np.zeros((1, t, 1)), np.ones((1, 1)), np.zeros(1)
        parameters = np.ones((1, 1)), np.full((1, 1), 0.9), none, none
        y, h_n = reference.rnn(x, h0, *parameters)
        _, slope, *_ = reference.rnn_vjp(0 * y, np.ones((1, 1)), x, h0, *parameters)
        rows.append([t, h_n[0, 0], slope[0, 0]])
    return table(["step t", "h_t", "dh_t / dh_0"], rows)


def of_gates() -> str:
    """What a gate and a candidate make of a pre-activation."""
    a = np.array([-SURE, -2.0, 0.0, 2.0, SURE])
    i, _, g, _ = reference.lstm_gates(
        np.ones((1, 1)), np.zeros((1, 5)), np.tile(a, 4)[:, None], np.zeros((20, 5)),
        np.zeros(20), np.zeros(20),
    )  # fmt: skip
    heads = ["pre-activation", *(f"{z:g}" for z in a)]
    rows = [["a gate, sigmoid(a)", *(f"{v:.5f}" for v in i[0])]]
    rows += [["the candidate, tanh(a)", *(f"{v:.5f}" for v in g[0])]]
    return table(heads, rows)


def memory() -> tuple[Array, tuple[Array, ...]]:
    """One unit that stores the first feature where the second is 1, and shows it on the third."""
    x = np.array([[0.75, 1, 0], [-0.25, 0, 0], [0.875, 0, 0], [0.125, 0, 0], [-0.5, 0, 1]])
    weight_ih = np.array([[0, 2, 0], [0, -2, 0], [0.1, 0, 0], [0, 0, 2]]) * SURE
    bias = np.array([-1.0, 1.0, 0.0, -1.0]) * SURE
    return x[None], (weight_ih, np.zeros((4, 1)), bias, np.zeros(4))


def of_memory() -> str:
    """The gates and states of that unit, step by step."""
    x, parameters = memory()
    h = c = np.zeros((1, 1))
    doing = {0: "write", x.shape[1] - 1: "read"}
    rows = []
    for t in range(x.shape[1]):
        i, f, g, o = gates(x[:, t], h, *parameters)
        c, _, h = carry(i, f, g, o, c)
        rows.append([t + 1, doing.get(t, "keep"), *(z.item() for z in (x[:, t, :1], i, f, g, o))])
        rows[-1] += [f"**{c.item():.3f}**", f"**{h.item():.3f}**"]
    return table(["step", "", "input", "i", "f", "g", "o", "c", "h"], rows)


def of_precision() -> str:
    """How far an implementation may be from the last hidden state of that unit."""
    x, parameters = memory()
    state = np.zeros((1, 1))
    rows = []
    for dtype in FORMATS:
        y, *_ = expected_and_allowed("lstm", x, state, state, *parameters, arithmetic=dtype)
        rows.append([dtype, f"{y.value[0, -1, 0]:.6f}", tiny(y.allowed[0, -1, 0])])
    return table(["dtype", "h at the last step", "allowed error"], rows)


def of_update() -> str:
    """A GRU's unit: written where the second feature is 1, kept elsewhere."""
    x = np.array([[0.75, 1], [-0.25, 0], [0.875, 0], [0.125, 0]])[None]
    weight_ih = np.array([[0.0, 0.0], [0.0, -2.0 * SURE], [1.0, 0.0]])
    parameters = weight_ih, np.zeros((3, 1)), np.array([-SURE, SURE, 0.0]), np.zeros(3)
    y, _ = reference.gru(x, np.zeros((1, 1)), *parameters)
    z = 1 / (1 + np.exp(-(x[0] @ weight_ih[1] + SURE)))
    rows = [
        [t + 1, "keep" if t else "write", x[0, t, 0], z[t], f"**{y[0, t, 0]:.3f}**"]
        for t in range(4)
    ]
    return table(["step", "", "input", "z", "h"], rows)


def of_lookup() -> str:
    """Three keys, a query that is like the second, and what it reads."""
    k = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    v = np.array([[10.0], [20.0], [60.0]])
    rows = []
    for q in ([0.0, 0.0], [1.0, 3.0], [0.0, 30.0]):
        query = np.array(q)[None]
        s = query @ k.T / np.sqrt(2)
        p = reference.softmax(s)
        out = reference.attention(query[None, None], k[None, None], v[None, None])
        told = ", ".join(shown(z) for z in s[0]), ", ".join(shown(z) for z in p[0])
        rows.append([f"({q[0]:g}, {q[1]:g})", *told, f"**{out.item():.3f}**"])
    return table(["query", "scores", "weights", "out"], rows)


def of_masks() -> str:
    """The weights of four queries of 0, under three masks."""
    zero, v = np.zeros((1, 1, 4, 1)), np.eye(4)[None, None]
    asked: dict[str, dict[str, Any]] = {
        "is_causal=True": {"is_causal": True},
        "window=(1, 1)": {"window": (1, 1)},
        "is_causal=True, query_offset=-1": {"is_causal": True, "query_offset": -1},
    }
    blocks = []
    for name, options in asked.items():
        p = reference.attention(zero, zero, v, **options)[0, 0]
        lines = ["  ".join(f"{w:.2f}" if w else "   ." for w in row) for row in p]
        blocks.append("\n".join([name, *lines]))
    return "```text\n" + "\n\n".join(blocks) + "\n```"


def of_clocks() -> str:
    """The hands of two clocks at some positions."""
    first = reference.positional_encoding(101, 4)
    rows: list[list[Any]] = [[p, *first[p]] for p in (0, 1, 2, 10, 100)]
    heads = ["position p", "sin p", "cos p", "sin p/100", "cos p/100"]
    return table(heads, rows)


def of_turning() -> str:
    """A query at position m and a key at position n, turned: their score."""
    q, k = np.array([1.0, 0.5, -0.5, 2.0]), np.array([0.5, 1.0, 1.0, 1.0])
    rows: list[list[Any]] = []
    for m, n in ((0, 0), (3, 0), (8, 5), (1003, 1000), (0, 3)):
        turned = [
            reference.rotary_embedding(z.reshape(1, 1, 1, 4), np.array([p]))[0, 0, 0]
            for z, p in ((q, m), (k, n))
        ]
        rows.append([m, n, m - n, f"**{float(turned[0] @ turned[1]):.3f}**"])
    return table(["m", "n", "m - n", "score"], rows)


def of_positions() -> str:
    """How far an implementation may be from a feature of 1 that is turned, by its position."""
    x = np.array([1.0, 0.0] * 16).reshape(1, 1, 1, 32)
    rows: list[list[Any]] = []
    for p in (0, 1, 100, 10_000, 1_000_000):
        allowed = [
            tiny(
                expected_and_allowed(
                    "rotary_embedding", x, np.array([p]), arithmetic=a, interleaved=True
                )[0].allowed.max()
            )
            for a in ("float32", "bfloat16")
        ]
        (table_,) = expected_and_allowed("positional_encoding", 1, 32, first=np.array(float(p)))
        rows.append([f"{p:,}", *allowed, tiny(table_.allowed.max())])
    heads = ["position", "rotary, float32", "rotary, bfloat16", "encoding, float64"]
    return table(heads, rows)


def decoder(features: int, hidden: int, random: Any) -> dict[str, Array]:
    """The parameters of a decoder layer, drawn."""
    sizes = {"E": features, "3E": 3 * features, "F": hidden}
    found = {}
    for name, axes in PARAMETERS.items():
        shape = [sizes[a] for a in axes.split()]
        z = random.standard_normal(shape)
        found[name] = z / len(z) ** 0.5 if len(shape) > 1 else 0.25 * z + name.endswith("weight")
    return found


def of_influence() -> str:
    """Which outputs of a decoder layer change with which inputs."""
    random = np.random.RandomState(1)
    x, m = random.standard_normal((1, 4, 4)), random.standard_normal((1, 3, 4))
    params = decoder(4, 8, random)
    mask = np.array([True, True, False])

    def changed(x_: Array, m_: Array) -> Array:
        outs = [
            reference.decoder_layer(*z, params, 2, memory_mask=mask) for z in ((x, m), (x_, m_))
        ]
        return np.any(outs[0] != outs[1], axis=-1)[0]

    def moved(array: Array, j: int) -> Array:
        return array + (np.arange(array.shape[1]) == j)[:, None]

    columns = [(f"x_{j + 1}", changed(moved(x, j), m)) for j in range(4)]
    columns += [(f"m_{j + 1}", changed(x, moved(m, j))) for j in range(3)]
    lines = ["       " + "  ".join(name for name, _ in columns)]
    lines += [
        f"out_{i + 1}  " + "    ".join("x" if c[i] else "." for _, c in columns) for i in range(4)
    ]
    return "```text\n" + "\n".join(lines) + "\n```"


def of_heads() -> str:
    """A query that asks two things, of one head and of two."""
    first, second = 4.0 * np.eye(2)
    keys = np.array([[*first, *second], [*second, *first], [*second, *second]])[None]
    query = np.array([[[*first, *first]]])
    value = np.array([[[1.0, 0, 10, 0], [0, 0, 20, 0], [0, 0, 60, 0]]])
    one, none = np.eye(4), np.zeros(4)
    given = np.concatenate([one, one, one]), np.zeros(12), one, none
    rows: list[list[Any]] = []
    for n in (1, 2):
        (out,) = reference.multi_head_attention(query, keys, value, *given, n)[0]
        rows.append([n, out[0], out[2]])
    return table(["heads", "out, feature 1", "feature 3"], rows)


def of_order() -> str:
    """What an encoder layer makes of a token among others, in two orders."""
    random = np.random.RandomState(2)
    a, b, c = random.standard_normal((3, 4))
    params = {}
    for name, axes in ENCODER.items():
        z = random.standard_normal([{"E": 4, "3E": 12, "F": 8}[x] for x in axes.split()])
        params[name] = z / 2 if z.ndim > 1 else 0.25 * z + name.endswith("weight")
    places = reference.positional_encoding(3, 4)
    rows: list[list[Any]] = []
    for order, tokens in (
        ("**a** b c", (a, b, c)),
        ("**a** c b", (a, c, b)),
        ("b c **a**", (b, c, a)),
    ):
        x, at = np.array([tokens]), order.replace("*", "").split().index("a")
        for what, given in (("alone", x), ("and positions", x + places)):
            out = reference.encoder_layer(given, params, 2)[0, at]
            rows.append([order, what, *out])
    return table(["tokens", "", "out_1 of a", "out_2", "out_3", "out_4"], sorted(rows, key=str_of))


def str_of(row: Sequence[Any]) -> str:
    """What rows are sorted by: without positions first."""
    return str(row[1])


def of_text() -> str:
    """A text of five tokens, with the logits that each was chosen from."""
    random = np.random.RandomState(6)
    layer = {f"layers.0.{name}": p for name, p in decoder(4, 8, random).items()}
    params = {
        "embedding.weight": random.standard_normal((5, 4)), **layer,
        "projection.weight": random.standard_normal((5, 4)), "projection.bias": np.zeros(5),
    }  # fmt: skip
    memory, start = random.standard_normal((1, 3, 4)), np.array([0])
    tokens = reference.generate(memory, start, 5, params, 2)
    read = np.concatenate([start[:, None], tokens[:, :-1]], axis=1)
    found = {}
    for dtype in ("float32", "bfloat16"):
        arithmetic = Arithmetic(dtype)
        lifted_ = [lifted(z, arithmetic) for z in (memory, params)]
        ((value, allowed),) = unpacked(logits(lifted_[0], read, lifted_[1], 2), arithmetic)
        found[dtype] = allowed[0]
    rows: list[list[Any]] = []
    for t in range(5):
        best, second = np.argsort(-value[0, t])[:2]
        off = [tiny(found[d][t, best] + found[d][t, second]) for d in found]
        margin = value[0, t, best] - value[0, t, second]
        rows.append([t, int(read[0, t]), f"**{best}**", int(second), margin, *off])
    heads = [
        "position",
        "read",
        "chosen",
        "next best",
        "difference",
        "allowed, float32",
        "allowed, bfloat16",
    ]
    return table(heads, rows)


def of_levels() -> str:
    """Four features, the same moved, scaled, and alike."""
    rows: list[list[Any]] = []
    x = np.array([1.0, 2.0, 3.0, 6.0])
    for z in (x, x + 1000, x[[0, 1, 3]], 128 * x, x / 1024, 0 * x + 5):
        none, one = np.zeros(len(z)), np.ones(len(z))
        y = reference.layer_norm(z, one, none)
        allowed = [
            tiny(expected_and_allowed("layer_norm", z, one, none, arithmetic=a)[0].allowed.max())
            for a in ("float32", "bfloat16")
        ]
        rows.append([", ".join(f"{v:.4g}" for v in z), ", ".join(shown(v) for v in y), *allowed])
    return table(["features", "y", "allowed error, float32", "allowed error, bfloat16"], rows)


def of_weather() -> str:
    """A chain of two states, dry and wet: how likely some weeks are."""
    initial, transition = np.array([0.75, 0.25]), np.array([[0.75, 0.25], [1.0, 0.0]])
    rows: list[list[Any]] = []
    for days in ("ddd", "dwd", "dww", "ddwdddwd" * 100):
        states = np.array([["dw".index(day) for day in days]])
        (found,) = expected_and_allowed("markov_log_prob", states, initial, transition)
        told = days if len(days) < 9 else f"{days[:8]}, a hundred times"
        log_prob = float(found.value[0])
        rows.append([told, f"{np.exp(log_prob):.4g}", log_prob, tiny(float(found.allowed[0]))])
    return table(["days", "probability", "log-probability", "allowed error, float32"], rows)


def of_arithmetics() -> str:
    """The dtypes and their unit roundoffs."""
    rows = []
    for dtype, (bits, smallest, largest) in FORMATS.items():
        u = unit_roundoff(dtype)
        known = [f"2^-{bits} = {u:.1e}", f"2^{smallest}", f"2^{largest}"]
        rows.append([f"`{dtype}`", str(bits), *known, f"`{Arithmetic(dtype).accumulate}`"])
    heads = ["dtype", "bits", "unit roundoff u", "smallest normal", "overflow at"]
    return table([*heads, "accumulates in"], rows)


EXAMPLES: dict[str, Callable[[], str]] = {
    made.__name__.removeprefix("of_"): made
    for made in (of_scores, of_forgetting, of_gates, of_memory, of_precision, of_update, of_lookup,
                 of_masks, of_clocks, of_turning, of_positions, of_influence, of_text, of_levels,
                 of_heads, of_order,
                 of_weather,
                 of_arithmetics)
}  # fmt: skip
