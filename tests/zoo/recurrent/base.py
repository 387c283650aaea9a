"""The loop over time that rnn, lstm and gru share, forward and backward, in plain NumPy.

Parts (forward):
    order(a)              the time indices, in the order of reading
    exists(a, t)          which rows have a step t: booleans (B,1)
    read(a, t, here)      the step's input, zero in rows that do not have it
    before(a, t, state)   the state that a step starts from
    kept(a, t, state)     the state after a step, as it is kept
    pick(a, here, new, old)  new where a row has the step, else old
Parts (vjp):
    carry(a, t, dstate)   the gradient that step t hands to the step read before it
    step_gradient(a, t, g)  one step's contributions `g.x`, `g.weight_ih`, ... before they are added
`order`, `exists` and `read` act in both, the other parts and those of the cells in one of the two.
"""

from types import SimpleNamespace

import numpy as np

from zoo.signatures import ARGUMENTS, OUTPUTS, expect, expect_lengths

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def checks(operation):
    """The parts `check` and `check_cotangents` of a recurrent operation."""

    def check(a):
        a.sizes = expect(a, ARGUMENTS[operation], a.traits["dtypes"])
        if hasattr(a, "lengths"):
            expect_lengths(a.lengths, a.sizes["B"], a.sizes["T"])

    def check_cotangents(a):
        cotangents = {f"d{name}": spec for name, spec in OUTPUTS[operation].items()}
        expect(a, {"x": ARGUMENTS[operation]["x"], **cotangents}, a.traits["dtypes"], a.sizes)

    return {"check": check, "check_cotangents": check_cotangents}


def order(a):
    steps = range(a.x.shape[1])
    return steps[::-1] if a.reverse else steps


def exists(a, t):
    if a.lengths is None:
        return np.ones((a.x.shape[0], 1), bool)
    return (t < np.asarray(a.lengths))[:, None]


def read(a, t, here):
    return np.where(here, a.x[:, t], 0)


def before(a, t, state):
    return state


def kept(a, t, state):
    return state


def carry(a, t, dstate):
    return dstate


def step_gradient(a, t, g):
    pass


def pick(a, here, new, old):
    return np.where(here, new, old)


def _choose(a, choose, here, new, old):
    return tuple(choose(a, here, n, o) for n, o in zip(new, old, strict=True))


def scan(a, step, state, see=lambda *_: None):
    """Run `step(a, x, state)` over the rows' existing steps; -> (y, final state)."""
    y = np.zeros((*a.x.shape[:2], state[0].shape[-1]), a.x.dtype)
    state = tuple(np.array(s) for s in state)
    with np.errstate(all="ignore"):
        for t in a.part.order(a):
            here = a.part.exists(a, t)
            start = a.part.before(a, t, state)
            see(t, here, start)
            new = a.part.kept(a, t, step(a, a.part.read(a, t, here), start))
            state = _choose(a, a.part.pick, here, new, state)
            y[:, t] = a.part.pick(a, here, state[0], np.zeros_like(state[0]))
    return y, state


def scan_vjp(a, step, step_vjp, state, dstate):
    """The gradients by backpropagation through time; -> namespace, gradients of the state."""
    tape = []
    scan(a, step, state, see=lambda *seen: tape.append(seen))
    total = SimpleNamespace(x=np.zeros_like(a.x, subok=False))
    for name in WEIGHTS:
        setattr(total, name, np.zeros(getattr(a, name).shape, a.x.dtype))
    dstate = tuple(np.array(d) for d in dstate)
    with np.errstate(all="ignore"):
        for t, here, start in reversed(tape):
            dnew = tuple(np.where(here, d, 0) for d in dstate)
            dnew = (dnew[0] + np.where(here, a.dy[:, t], 0), *dnew[1:])
            state = tuple(np.where(here, s, 0) for s in start)
            g = step_vjp(a, a.part.read(a, t, here), state, dnew)
            a.part.step_gradient(a, t, g)
            total.x[:, t] = np.where(here, g.x, 0)
            for name in WEIGHTS:
                getattr(total, name)[...] += getattr(g, name)
            dstate = _choose(a, pick, here, a.part.carry(a, t, g.state), dstate)
    return total, dstate


def linear_gradient(a, x, h, dz_x, dz_h, dstate):
    """One step's gradients, from those at x @ W + b_ih (kept as `z`) and at h @ U + b_hh."""
    return SimpleNamespace(
        x=dz_x @ a.weight_ih,
        weight_ih=dz_x.T @ x,
        weight_hh=dz_h.T @ h,
        bias_ih=dz_x.sum(0),
        bias_hh=dz_h.sum(0),
        state=dstate,
        z=dz_x,
    )


PARTS = {
    part.__name__: part for part in (order, exists, read, before, kept, pick, carry, step_gradient)
}
