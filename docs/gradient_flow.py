"""How far a gradient reaches, measured: docs/gradient_flow.svg.

    python docs/gradient_flow.py            draws it
    python docs/gradient_flow.py --print    the numbers: measured, and what the laws state

The norm of the Jacobian of the last output by the input d steps back, of the implementation
`numpy_vectorized` in float64, beside what the laws of `properties/test_stability.py` state of it:
for the sigmoid RNN at most (|W|/4)^d, for the relu RNN with all its units on the product of its
weights, for the LSTM along its cell state the product of its forget gates, for attention the same
at any distance.
"""

import argparse
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    import conftest  # noqa: F401  makes the clone importable as seqlaws

from seqlaws.impls import numpy_vectorized  # noqa: E402

Array = np.ndarray[Any, Any]
PLOT = Path(__file__).resolve().parent / "gradient_flow.svg"
STEPS, HIDDEN = 201, 8  # distances 0 to 200
FACTOR = 3.0  # |W| of the sigmoid RNN


class Flow(NamedTuple):
    """norm: at each distance; stated: what a law says of it; equal: it is that, or at most that."""

    name: str
    norm: Array
    stated: Array
    equal: bool


def distances() -> Array:
    """0 for the last input itself."""
    return np.arange(STEPS)


def reached(gradients: Array) -> Array:
    """Gradients (K, T, I), one row for each entry of the last output: |J_d| for d = 0 to T - 1."""
    return np.linalg.norm(np.moveaxis(gradients, 0, 1)[::-1], 2, axis=(1, 2))


def rotation(random: np.random.Generator, n: int) -> Array:
    """An orthogonal matrix: no direction grows or shrinks by it."""
    return np.linalg.qr(random.standard_normal((n, n)))[0]


def of_rnn(x: Array, weight_hh: Array, bias: Array, nonlinearity: str) -> Array:
    """|dh_T / dx_(T-d)|, weight_ih being the identity; x (T, H)."""
    h = x.shape[1]
    every = np.broadcast_to(x, (h, *x.shape))  # a row of the batch for each unit of the last output
    dx, *_ = numpy_vectorized.rnn_vjp(
        np.zeros(every.shape), np.eye(h), every, np.ones((h, h)), np.eye(h), weight_hh, bias,
        np.zeros(h), nonlinearity=nonlinearity,
    )  # fmt: skip
    return reached(dx)


def sigmoid_rnn(random: np.random.Generator) -> Flow:
    """sigmoid' <= 1/4, once for the input and once for every step between."""
    weight = FACTOR * rotation(random, HIDDEN)
    bias = -weight.sum(axis=1) / 2  # around 0, where the sigmoid is steepest
    norm = of_rnn(random.standard_normal((STEPS, HIDDEN)), weight, bias, "sigmoid")
    name = f"sigmoid RNN, |W| = {FACTOR:g}:\nat most (|W|/4)^d / 4"
    return Flow(name, norm, (FACTOR / 4) ** distances() / 4, equal=False)


def relu_rnn(random: np.random.Generator, weight: float) -> Flow:
    """Positive throughout, so that all units are on: each is multiplied by its weight."""
    w = weight * np.eye(HIDDEN)[random.permutation(HIDDEN)]
    norm = of_rnn(np.abs(random.standard_normal((STEPS, HIDDEN))), w, np.ones(HIDDEN), "relu")
    return Flow(
        f"relu RNN, weights of {weight:g}:\n{weight:g}^d", norm, weight ** distances(), True
    )


def lstm(random: np.random.Generator, forget: float) -> Flow:
    """|dc_T / dx_(T-d)| with a fixed forget gate: f^d times what the step writes, dc_t / dx_t.

    The input gate is open, the candidate is tanh(x_t), and no other way leads back (W_hh = 0).
    """
    h, x = HIDDEN, random.standard_normal((STEPS, HIDDEN))
    weight_ih, bias = np.zeros((4 * h, h)), np.zeros(4 * h)
    weight_ih[2 * h : 3 * h] = np.eye(h)
    bias[:h], bias[h : 2 * h] = 1000.0, math.log(forget / (1 - forget))
    every, zeros = np.broadcast_to(x, (h, *x.shape)), np.zeros((h, h))
    dx, *_ = numpy_vectorized.lstm_vjp(
        np.zeros(every.shape), zeros, np.eye(h), every, zeros, zeros, weight_ih,
        np.zeros((4 * h, h)), bias, np.zeros(4 * h),
    )  # fmt: skip
    written = np.max(1 - np.tanh(x) ** 2, axis=1)[::-1]  # the norm of a diagonal
    name = f"LSTM, forget gates of {forget:g}:\n{forget:g}^d, times what a step writes"
    return Flow(name, reached(dx), written * forget ** distances(), equal=True)


def attention(random: np.random.Generator) -> Flow:
    """One key-value pair among others, d places before the last, that the last query asks for.

    What it is paid does not depend on where it stands: at any d as much as at the last place.
    """
    dim = 4
    keys, values = random.standard_normal((2, STEPS, dim))
    query = 2.0 * keys[-1]
    order = [np.insert(np.arange(STEPS - 1), place, STEPS - 1) for place in range(STEPS)]
    k, v = (pairs[np.array(order)][:, None] for pairs in (keys, values))  # (places, 1, S, D)
    q = np.broadcast_to(query, (STEPS, 1, 1, dim))
    paid = []
    for unit in np.eye(dim):
        dout = np.broadcast_to(unit, (STEPS, 1, 1, dim))
        _, dk, dv = numpy_vectorized.attention_vjp(dout, q, k, v)
        places = np.arange(STEPS)
        paid.append(np.concatenate([dk[places, 0, places], dv[places, 0, places]], axis=-1))
    norm = reached(np.array(paid))
    return Flow("attention:\nthe same at any distance", norm, np.full(STEPS, norm[0]), equal=True)


def measured() -> list[Flow]:
    """All of them, the same on every run."""
    random = np.random.default_rng(0)
    return [
        relu_rnn(random, 1.05),
        attention(random),
        lstm(random, 0.99),
        relu_rnn(random, 0.95),
        lstm(random, 0.9),
        sigmoid_rnn(random),
        lstm(random, 0.5),
    ]


def plot(flows: list[Flow]) -> None:
    """Measured as lines, what the laws state as dots."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "seqlaws", "svg.fonttype": "none", "font.size": 9}
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(10, 4.6))
    for i, flow in enumerate(flows):
        axis.plot(distances(), flow.norm, color=f"C{i}", linewidth=1.4)
        dots = distances()[5 + i :: 12]
        axis.plot(dots, flow.stated[dots], ".", color=f"C{i}", label=flow.name)
    axis.set(yscale="log", ylim=(1e-20, 1e6), xlim=(0, STEPS - 1))
    axis.set(xlabel="distance d", ylabel="|d last output / d input at distance d|")
    axis.grid(visible=True, alpha=0.3)
    where = {"loc": "center left", "bbox_to_anchor": (1, 0.5), "labelspacing": 1}
    axis.legend(frameon=False, title="lines: measured\ndots: what the law states", **where)
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> int:
    """Draw, or print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--print", action="store_true", help="print the numbers, do not draw")
    given = parser.parse_args()
    flows = measured()
    if not given.print:
        plot(flows)
        return 0
    for flow in flows:
        lines = [flow.name.replace("\n", " ")]
        for d in (0, 1, 10, 50, 100, 200):
            lines += [f"  d = {d:3}  measured {flow.norm[d]:.6e}  stated {flow.stated[d]:.6e}"]
        sys.stdout.write("\n".join([*lines, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
