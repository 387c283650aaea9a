"""Wrong gates of an LSTM step in NumPy: forward and vjp."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, times
from zoo.entries import wrong
from zoo.manners import accepts
from zoo.recurrent import base_lstm as base
from zoo.recurrent.base import checks, sigmoid
from zoo.recurrent.base_lstm import lstm_gates
from zoo.roundings import bfloat16
from zoo.witness import differs, gradient_differs

given = partial(case, "lstm_gates")
arguments = partial(wrong, lstm_gates, "arguments")
split = partial(wrong, lstm_gates, "split", "gate formula")
vjp = partial(wrong, lstm_gates, "vjp_result", "gradient")
ANY = differs(given())
GRADIENT = gradient_differs(given())


@split(ANY, diagnosis="gate order i,f,o,g")
def gates_ifog(a, z):
    """The row blocks are read as input, forget, output, candidate."""
    i, f, o, g = base.split(a, z)
    return i, f, g, o


@split(ANY, diagnosis="gate order f,i,g,o")
def gates_figo(a, z):
    """The row blocks are read as forget, input, candidate, output."""
    f, i, g, o = base.split(a, z)
    return i, f, g, o


@wrong(lstm_gates, "result", "gate formula", ANY, diagnosis="returned as i,f,o,g")
def gates_returned_ifog(a, o):
    """The gates are right and returned in the order i, f, o, g."""
    o.g, o.o = o.o, o.g


@wrong(lstm_gates, "candidate", "gate formula", ANY, diagnosis="sigmoid for the candidate")
def gates_candidate_by_sigmoid(a, z):
    """The candidate goes through a sigmoid."""
    return sigmoid(z)


@wrong(lstm_gates, "gate", "gate formula", ANY, diagnosis="gates not activated")
def gates_not_activated(a, z):
    """The gates are returned before their sigmoid."""
    return z


@wrong(
    lstm_gates, "gate", "approximation", differs(given(), 1e-4), diagnosis="sigmoid approximated"
)
def gates_fast_sigmoid(a, z):
    """The sigmoid is 1/2 + z / (2 + 2 |z|)."""
    return 0.5 + 0.5 * z / (1 + np.abs(z))


@wrong(
    lstm_gates, "gate", "overflow", differs(given(x=times(500))), diagnosis="sigmoid that overflows"
)
def gates_sigmoid_overflows(a, z):
    """The gates are exp(z) / (1 + exp(z)), NaN beyond 88."""
    return np.exp(z) / (1 + np.exp(z))


@arguments("initial state", ANY, diagnosis="h ignored")
def gates_h_ignored(a):
    """The hidden state is ignored."""
    a.h = np.zeros_like(a.h)


@arguments("bias", ANY, diagnosis="bias_hh missing")
def gates_bias_hh_missing(a):
    """bias_hh is not added."""
    a.bias_hh = np.zeros_like(a.bias_hh)


@arguments("weights", differs(given(I=4, H=4)))
def gates_inputs_swapped_when_alike(a):
    """Where I equals H, x goes through weight_hh and h through weight_ih."""
    if a.x.shape == a.h.shape:
        a.x, a.h = a.h, a.x


@wrong(lstm_gates, "result", "one size only", differs(given(B=1)))
def gates_row_squeezed(a, o):
    """For a batch of one the batch axis is lost."""
    if len(a.x) == 1:
        o.i, o.f, o.g, o.o = o.i[0], o.f[0], o.g[0], o.o[0]


# Sums of seven products around 1: off by 2e-6; bfloat16 is off by 2^-9 of up to 3.
@wrong(
    lstm_gates, "preactivation", "lower precision", differs(given(), 1e-4),
    diagnosis="bfloat16 inside",
)  # fmt: skip
def gates_preactivation_in_bfloat16(a, x, h):
    """The pre-activations are rounded to bfloat16."""
    return bfloat16(base.preactivation(a, x, h))


@wrong(
    lstm_gates,
    "check",
    "refusal",
    accepts(given(), lambda a, o: a.update(bias_ih=a["bias_ih"][:1])),
)
def gates_bias_broadcast(a):
    """A bias of one entry is broadcast to all units."""
    if a.bias_ih.shape == (1,):
        a.bias_ih = np.broadcast_to(a.bias_ih, a.weight_ih.shape[:1])
    checks("lstm_gates")["check"](a)


@vjp(GRADIENT, diagnosis="dh zero")
def gates_dh_zero(a, g):
    """The hidden state gets no gradient."""
    g.h = np.zeros_like(g.h)


@vjp(GRADIENT, diagnosis="bias gradient of one row")
def gates_db_of_first_row(a, g):
    """The gradient of the biases is that of row 0, not the sum over the batch."""
    one = base.lstm_gates.build()["lstm_gates_vjp"]
    cut = [t[:1] for t in (a.di, a.df, a.dg, a.do, a.x, a.h)]
    g.bias_ih = one(*cut, a.weight_ih, a.weight_hh, a.bias_ih, a.bias_hh)[4]


@wrong(lstm_gates, "vjp_arguments", "gradient", GRADIENT, diagnosis="cotangents of g and o swapped")
def gates_cotangents_swapped(a):
    """The cotangents of candidate and output gate are swapped."""
    a.dg, a.do = a.do, a.dg


@wrong(
    lstm_gates,
    "vjp_arguments",
    "gradient",
    gradient_differs(given(), only=("f",)),
    diagnosis="cotangent of f ignored",
)
def gates_forget_cotangent_ignored(a):
    """The cotangent of the forget gate is ignored."""
    a.df = np.zeros_like(a.df)


@vjp(gradient_differs(given(x=fill(5.0))))
def gates_gradient_of_clipped_sigmoid(a, g):
    """Inputs larger than 4 get no gradient."""
    g.x = np.where(np.abs(a.x) > 4, 0, g.x)
