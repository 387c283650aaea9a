"""markov_log_prob: a chain whose next state depends on the last k states only.

The simplest model of a sequence is a table. It gives the probability of each next state after each
k states. The probability of a sequence is the product over all its steps. States more than k steps
back have no influence, and the table grows like S^k. (A recurrent network carries a state instead,
and can remember more.) A product of many probabilities underflows, so logarithms are added.

Sources: Markov (1913), "An example of statistical investigation of the text Eugene Onegin
concerning the connection of samples in chains"; Shannon (1948), "A mathematical theory of
communication", section 3.
"""

from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array, added_at, either


def markov_log_prob(states: Any, initial: Array, transition: Array) -> Array:
    """Log-probabilities (B,) of states int (B, T); initial (S,) * k, transition (S,) * (k + 1).

        log p(s) = log initial[s_1, .., s_k] + sum_{t > k} log transition[s_{t-k}, .., s_{t-1}, s_t]

    initial: the joint probability of the first k states. transition: the next state on the last
    axis. A probability of 0 has logarithm -inf, exactly, and so has a sequence that contains one.
    Raises ValueError for shapes that do not fit, T < k, or a state below 0 or above S - 1;
    TypeError for states that are not integers.
    """
    first, windows = steps(states, initial, transition)
    with np.errstate(divide="ignore"):  # log 0 = -inf
        logarithms = [+np.log(initial[first])[:, None], +np.log(transition[windows])]
    return +np.sum(np.concatenate(logarithms, axis=1), axis=1)


def markov_log_prob_vjp(
    dlog_prob: Array, states: Any, initial: Array, transition: Array
) -> tuple[Array, Array]:
    """Gradients of initial and transition from dlog_prob (B,); states have none.

        dinitial[w]    = sum dlog_prob / initial[w]       over the sequences that begin with w
        dtransition[w] = sum dlog_prob / transition[w]    over the steps that use w

    An entry that no sequence uses has gradient 0. The gradient of a probability of 0 is not
    checked; that of every other factor is what it would be without it.
    """
    first, windows = steps(states, initial, transition)
    if dlog_prob.shape != (len(states),):
        raise ValueError(
            f"markov_log_prob_vjp: dlog_prob has shape {dlog_prob.shape}, not {(len(states),)}"
        )
    along = np.repeat(dlog_prob[:, None], windows[0].shape[1], axis=1)
    return table_gradient(dlog_prob, initial, first), table_gradient(along, transition, windows)


def table_gradient(dlog_prob: Array, table: Array, places: tuple[Array, ...]) -> Array:
    """sum dlog_prob / table[w] over the places w; the cotangents may be added up first.

    So it is where the logarithm of the whole table is taken, and then read: at a 0 that nobody
    reads the quotient is 0/0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return +either(
            added_at(dlog_prob / table[places], places, table.shape),
            added_at(dlog_prob, places, table.shape) / table,
        )


def steps(
    states: Any, initial: Array, transition: Array
) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Where initial and transition are read: k arrays (B,), and k + 1 arrays (B, T - k)."""
    states = np.asarray(states)
    if not np.issubdtype(states.dtype, np.integer):
        raise TypeError(f"markov_log_prob: states are {states.dtype}; whole numbers are expected")
    order, size = len(initial.shape), transition.shape[-1] if transition.shape else 0
    if order == 0 or initial.shape != (size,) * order or transition.shape != (size,) * (order + 1):
        raise ValueError(
            f"markov_log_prob: initial has shape {initial.shape}, transition {transition.shape}; "
            "(S,) * k and (S,) * (k + 1) are expected"
        )
    if states.ndim != 2 or states.shape[1] < order:
        raise ValueError(
            f"markov_log_prob: states have shape {states.shape}; (B, T) with T >= {order} fits"
        )
    if np.any(states < 0) or np.any(states >= size):
        raise ValueError(f"markov_log_prob: a state is not one of 0 to {size - 1}")
    time = states.shape[1]
    first = tuple(states[:, i] for i in range(order))
    return first, tuple(states[:, i : time - order + i] for i in range(order + 1))
