"""Right rnn, lstm, lstm_gates and gru in NumPy: other orders, formulas, precisions and offers."""

import numpy as np

from zoo.attention.base import attention
from zoo.entries import right, right_functions, right_together
from zoo.recurrent import base as base_recurrent
from zoo.recurrent import base_rnn
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm, lstm_gates
from zoo.recurrent.base_rnn import rnn
from zoo.roundings import tf32
from zoo.signatures import ARGUMENTS, OUTPUTS
from zoo.softmax.base import softmax


@right(rnn, None, "plain")
def rnn_plain():
    """The base as it is."""
    return {}


@right(lstm, None, "plain")
def lstm_plain():
    """The base as it is."""
    return {}


@right(lstm_gates, None, "plain")
def gates_plain():
    """The base as it is."""
    return {}


@right(gru, None, "plain")
def gru_plain():
    """The base as it is."""
    return {}


def _fused_biases(a, x, h):
    return (x @ a.weight_ih.T + h @ a.weight_hh.T) + (a.bias_ih + a.bias_hh)


def _one_product(a, x, h):
    weight = np.concatenate([a.weight_ih, a.weight_hh], axis=1)
    return np.concatenate([x, h], axis=1) @ weight.T + a.bias_ih + a.bias_hh


@right(rnn, "preactivation", "formulation")
def rnn_fused_biases(a, x, h):
    """The two biases are added to each other first."""
    return _fused_biases(a, x, h)


@right(rnn, "preactivation", "formulation")
def rnn_one_product(a, x, h):
    """Input and state are concatenated, and so are the weights: one product."""
    return _one_product(a, x, h)


@right(rnn, "preactivation", "summation order")
def rnn_units_backwards(a, x, h):
    """The products sum over features and units from the last to the first."""
    z = np.broadcast_to(a.bias_hh + a.bias_ih, (len(x), len(a.bias_ih)))
    for weight, value in ((a.weight_hh, h), (a.weight_ih, x)):
        for n in reversed(range(value.shape[1])):
            z = z + value[:, n, None] * weight[:, n]
    return z


@right(rnn, "check", "offers less")
def rnn_of_tanh_only(a):
    """Of the nonlinearities only tanh is offered."""
    base_rnn.check(a)
    if a.nonlinearity != "tanh":
        raise NotImplementedError(f"nonlinearity {a.nonlinearity}")


@right_functions(rnn, "offers less")
def rnn_without_lengths(build):
    """There are no lengths."""
    whole = build()

    def rnn_(
        x, h0, weight_ih, weight_hh, bias_ih, bias_hh, nonlinearity="tanh", reverse=False
    ):  # fmt: skip
        weights = (weight_ih, weight_hh, bias_ih, bias_hh)
        return whole["rnn"](x, h0, *weights, nonlinearity=nonlinearity, reverse=reverse)

    return {"rnn": rnn_}


@right(lstm, "preactivation", "formulation")
def lstm_one_product(a, x, h):
    """Input and state are concatenated, and so are the weights: one product."""
    return _one_product(a, x, h)


@right(lstm, "preactivation", "formulation")
def lstm_product_for_each_gate(a, x, h):
    """Each gate has products of its own, with the biases added to each other first."""
    blocks = (np.split(t, 4) for t in (a.weight_ih, a.weight_hh, a.bias_ih, a.bias_hh))
    gates = [x @ w.T + (b + c) + h @ u.T for w, u, b, c in zip(*blocks, strict=True)]
    return np.concatenate(gates, axis=1)


def _sigmoid_by_tanh(a, z):
    """1/2 + tanh(z/2) / 2 down to -1; below, where that cancels, through exp."""
    e = np.exp(np.minimum(z, 0))
    return np.where(z > -1, 0.5 + 0.5 * np.tanh(0.5 * z), e / (1 + e))


@right(lstm, "gate", "formulation")
def lstm_sigmoid_by_tanh(a, z):
    """The sigmoid is taken through tanh wherever that does not cancel."""
    return _sigmoid_by_tanh(a, z)


@right(lstm, None, "formulation")
def lstm_reads_by_index():
    """The reverse direction gathers each row's steps by index, reads forward and puts back."""

    def where(a):
        steps = np.arange(a.x.shape[1])
        lengths = np.full(len(a.x), len(steps)) if a.lengths is None else np.asarray(a.lengths)
        back = lengths[:, None] - 1 - steps
        return np.where(back >= 0, back, steps)[..., None]

    def arguments(a):
        a.turned = a.reverse
        if a.turned:
            a.index = where(a)
            a.x, a.reverse = np.take_along_axis(a.x, a.index, axis=1), False
            if hasattr(a, "dy"):
                a.dy = np.take_along_axis(a.dy, a.index, axis=1)

    def result(a, o):
        if a.turned:
            o.y = np.take_along_axis(o.y, a.index, axis=1)

    def vjp_result(a, g):
        if a.turned:
            g.x = np.take_along_axis(g.x, a.index, axis=1)

    return {"arguments": arguments, "result": result, "vjp_result": vjp_result}


def _double(operation):
    """Parts that compute in float64 and return float32."""

    def arguments(a):
        for name in ARGUMENTS[operation]:
            setattr(a, name, getattr(a, name).astype(np.float64))

    def result(a, o):
        for name in OUTPUTS[operation]:
            setattr(o, name, getattr(o, name).astype(np.float32))

    def vjp_result(a, g):
        for name in ARGUMENTS[operation]:
            setattr(g, name, getattr(g, name).astype(np.float32))

    return {"arguments": arguments, "result": result, "vjp_result": vjp_result}


@right(lstm, None, "precision inside", dtypes=("float32",))
def lstm_in_double():
    """float32 arguments are computed with in float64, states between steps included."""
    return _double("lstm")


@right_functions(lstm, "offers less")
def lstm_forward_in_time_only(build):
    """There is no reverse direction and no vjp."""
    whole = build()["lstm"]

    def lstm_(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths=None):
        return whole(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh, lengths)

    return {"lstm": lstm_}


@right(lstm, "preactivation", "trait", dtypes=("float32",), matmul="tf32")
def lstm_of_tf32_operands(a, x, h):
    """Operands of products are rounded to TF32, as declared."""
    z = tf32(x) @ tf32(a.weight_ih).T + tf32(h) @ tf32(a.weight_hh).T
    return z + a.bias_ih + a.bias_hh


@right(lstm_gates, "preactivation", "formulation")
def gates_fused_biases(a, x, h):
    """The two biases are added to each other first."""
    return _fused_biases(a, x, h)


@right(gru, "gate", "formulation")
def gru_sigmoid_by_tanh(a, z):
    """The sigmoid is taken through tanh wherever that does not cancel."""
    return _sigmoid_by_tanh(a, z)


@right(gru, "preactivations", "summation order")
def gru_units_in_halves(a, x, h):
    """The products sum the odd units first, then the even ones."""
    zx = x[:, 1::2] @ a.weight_ih[:, 1::2].T + x[:, ::2] @ a.weight_ih[:, ::2].T
    zh = h[:, 1::2] @ a.weight_hh[:, 1::2].T + h[:, ::2] @ a.weight_hh[:, ::2].T
    return zx + a.bias_ih, zh + a.bias_hh


@right(gru, None, "precision inside", dtypes=("float32",))
def gru_in_double():
    """float32 arguments are computed with in float64, states between steps included."""
    return _double("gru")


@right(gru, "check", "offers less")
def gru_of_reset_after_only(a):
    """The reset gate before the product is not offered."""
    base_recurrent.checks("gru")["check"](a)
    if not a.reset_after:
        raise NotImplementedError("reset_after=False")


@right_together("numpy", "plain")
def all_operations():
    """All operations in one subject, as the bases are."""
    return [softmax, attention, rnn, lstm, lstm_gates, gru]
