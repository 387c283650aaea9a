"""markov_log_prob in plain NumPy: the logarithms of what the tables say at every step, summed.

Parts: first(a) and windows(a), where initial and transition are read, and read(a, table, places)
what stands there; logarithm(a, p); total(a, one, logs) of the first one (B,) and the others
(B, T - k). Of the vjp: share(a, g, table, places), the gradient of a table; g has the shape of what
was read.
"""

from types import SimpleNamespace

import numpy as np

from zoo.base import Base
from zoo.signatures import dtype_name, expect


def check(a):
    order = len(a.initial.shape)
    expect(a, {"initial": "S " * order, "transition": "S " * (order + 1)}, a.traits["dtypes"])
    a.part.check_states(a)


def check_states(a):
    order, size = len(a.initial.shape), a.transition.shape[-1]
    if not hasattr(a.states, "dtype") or "int" not in dtype_name(a.states):
        raise TypeError("states are no whole numbers")
    if len(a.states.shape) != 2 or a.states.shape[1] < order or not order:
        raise ValueError(f"states {tuple(a.states.shape)} of a chain of order {order}")
    if ((a.states < 0) | (a.states >= size)).any():
        raise ValueError(f"a state is none of {size}")


def check_cotangents(a):
    expect(a, {"initial": "S " * a.initial.ndim, "dlog_prob": "B"}, a.traits["dtypes"])
    if len(a.dlog_prob) != len(a.states):
        raise ValueError(f"the cotangent is {a.dlog_prob.shape}, states are {a.states.shape}")


def first(a):
    return tuple(a.states[:, i] for i in range(a.initial.ndim))


def windows(a):
    order, time = a.initial.ndim, a.states.shape[1]
    return tuple(a.states[:, i : time - order + i] for i in range(order + 1))


def read(a, table, places):
    return table[places]


def logarithm(a, p):
    return np.log(p)


def total(a, one, logs):
    return one + logs.sum(axis=1)


def forward(a):
    with np.errstate(all="ignore"):
        one, p = (
            a.part.read(a, table, places)
            for table, places in ((a.initial, a.part.first(a)), (a.transition, a.part.windows(a)))
        )
        log_prob = a.part.total(a, a.part.logarithm(a, one), a.part.logarithm(a, p))
        return SimpleNamespace(log_prob=log_prob.astype(a.transition.dtype))


def share(a, g, table, places):
    gradient = np.zeros_like(table)
    np.add.at(gradient, places, g / table[places])
    return gradient


def gradient(a):
    first, windows = a.part.first(a), a.part.windows(a)
    along = np.broadcast_to(a.dlog_prob[:, None], windows[0].shape)
    with np.errstate(all="ignore"):
        return SimpleNamespace(
            initial=a.part.share(a, a.dlog_prob, a.initial, first),
            transition=a.part.share(a, along, a.transition, windows),
        )


def functions(call, call_vjp):
    def markov_log_prob(states, initial, transition):
        return call(states=states, initial=initial, transition=transition)

    def markov_log_prob_vjp(dlog_prob, states, initial, transition):
        return call_vjp(dlog_prob=dlog_prob, states=states, initial=initial, transition=transition)

    return {"markov_log_prob": markov_log_prob, "markov_log_prob_vjp": markov_log_prob_vjp}


PARTS = {
    part.__name__: part
    for part in (
        *(check, check_states, check_cotangents, first, windows, read),
        *(logarithm, total, share),
    )
}
markov_log_prob = Base("markov_log_prob", "numpy", forward, gradient, PARTS, functions)
