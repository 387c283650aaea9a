"""Log-probabilities of sequences under a Markov chain of any order."""

from typing import Any

import numpy as np

from seqlaws.impls.numpy_vectorized._checks import Array, bind

Places = tuple[Array, ...]


@np.errstate(all="ignore")
def markov_log_prob(states: Any, initial: Array, transition: Array) -> Array:
    """log initial[s_1, .., s_k] + sum log transition[s_{t-k}, .., s_t] of states (B, T): (B,).

    initial is (S,) * k, the joint of the first k states, transition (S,) * (k + 1), the next state
    on the last axis. Raises `TypeError` for a wrong dtype, `ValueError` for a wrong shape, T < k or
    a state outside 0..S-1.
    """
    first, windows = _places(states, initial, transition)
    log_prob: Array = np.log(initial[first]) + np.log(transition[windows]).sum(axis=1)
    return log_prob


@np.errstate(all="ignore")
def markov_log_prob_vjp(
    dlog_prob: Array, states: Any, initial: Array, transition: Array
) -> tuple[Array, Array]:
    """Gradients of `markov_log_prob` with respect to initial and transition; dlog_prob is (B,)."""
    first, windows = _places(states, initial, transition)
    bind(initial=(initial, "S " * initial.ndim), dlog_prob=(dlog_prob, "B"))
    if dlog_prob.shape != first[0].shape:
        raise ValueError(f"dlog_prob must have shape {first[0].shape}; got {dlog_prob.shape}")
    every = np.broadcast_to(dlog_prob[:, None], windows[0].shape)
    return _gradient(dlog_prob, initial, first), _gradient(every, transition, windows)


def _gradient(cotangents: Array, table: Array, places: Places) -> Array:
    """The cotangents of what is read at each place, over what is there; 0 where nothing reads."""
    total, read = np.zeros(table.shape, table.dtype), np.zeros(table.shape, bool)
    np.add.at(total, places, cotangents)
    read[places] = True
    return total / np.where(read, table, 1)


def _places(states: Any, initial: Array, transition: Array) -> tuple[Places, Places]:
    """Where initial is read, k indices (B,), and transition, k + 1 indices (B, T - k)."""
    for name, table in (("initial", initial), ("transition", transition)):
        if not isinstance(table, np.ndarray):
            raise TypeError(f"{name} must be a NumPy array, not {type(table).__name__}")
    order = initial.ndim
    if not order:
        raise ValueError("initial must have an axis for each of the first k states, and k > 0")
    size = bind(initial=(initial, "S " * order), transition=(transition, "S " * (order + 1)))["S"]
    states = np.asarray(states)
    if states.dtype.kind not in "iu":
        raise TypeError(f"states must be integers, not {states.dtype}")
    if states.ndim != 2 or states.shape[1] < order:
        raise ValueError(f"states must be (B, T) with T >= {order}; got {states.shape}")
    if ((states < 0) | (states >= size)).any():
        raise ValueError(f"states must lie in 0..{size - 1}")
    last = states.shape[1] - order
    first = tuple(states[:, i] for i in range(order))
    return first, tuple(states[:, i : i + last] for i in range(order + 1))
