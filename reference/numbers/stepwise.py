"""Recurrences one step at a time: each step starts from the implementation's own state.

Nothing then accumulates over T: the bound of one step is as sharp at T = 1000 as at T = 1. The
state that an implementation holds may be wider than the one that it returns, so that a step starts
from a ball around it. The LSTM's cell state is not seen between steps: it is carried along.
"""

from typing import Any

import numpy as np

from seqlaws import reference
from seqlaws.reference.numbers import Expected, lifted, unpacked
from seqlaws.reference.numbers.arithmetic import Arithmetic, unit_roundoff
from seqlaws.reference.numbers.rounding import Rounding
from seqlaws.reference.steps import existing_steps, reading_order, states_before

Array = Any


def expected_step_by_step(
    operation: str,
    y: np.ndarray[Any, Any],
    *arguments: Any,
    arithmetic: Arithmetic,
    lengths: Any = None,
    reverse: bool = False,
    **options: Any,
) -> tuple[Expected, ...]:
    """What a recurrence returns, and how far an implementation may be from it.

    y (B, T, H): the implementation's own; arguments and options: the operation's.
    Returns one `Expected` for each output.
    """
    with np.errstate(all="ignore"):
        arguments = tuple(lifted(a, arithmetic) for a in arguments)
        (batch, time, _), h0 = y.shape, arguments[1]
        exists = existing_steps(operation, lengths, batch, time)
        x = np.where(exists, arguments[0], 0)
        before = states_before(ball(y, arithmetic), h0, exists, reverse)  # (B, T, H)
        steps = reference.STEPS[operation]
        order = reading_order(time, reverse)
        after, *others = steps(before, exists, order, x, *arguments[1:], *options.values())
        h_n = last_state(after, +h0, exists, reverse)
        return unpacked((np.where(exists, after, 0), h_n, *others), arithmetic)


def expected_vjp_step_by_step(
    operation: str,
    dx: np.ndarray[Any, Any],
    *arguments: Any,
    arithmetic: Arithmetic,
    **options: Any,
) -> tuple[Expected, ...]:
    """What the vjp of a recurrence returns, each step back from the implementation's own.

    weight_ih is the identity, so that the gradient dx (B, T, I) of the inputs is the one at the
    pre-activations; arguments: the cotangents, then the operation's own.
    """
    with np.errstate(all="ignore"):
        arguments = tuple(lifted(a, arithmetic) for a in arguments)
        vjp: Any = getattr(reference, f"{operation}_vjp")
        seen = ball(
            dx, arithmetic, arithmetic.operand_unit
        )  # the identity is a matrix product, too
        return unpacked(vjp(*arguments, **options, seen=seen), arithmetic)


def ball(y: np.ndarray[Any, Any], arithmetic: Arithmetic, before: float = 0.0) -> Rounding:
    """The states that may stand behind the returned ones; `before`: a rounding before the last."""
    stored = unit_roundoff(arithmetic.dtype)
    error = (stored + before * (1 + stored)) * np.abs(y) + arithmetic.storage_tiny
    return Rounding(np.where(np.isinf(y), 0.0, y), error, arithmetic)  # what overflowed may be any


def last_state(after: Array, h0: Array, exists: Array, reverse: bool) -> Array:
    """The state after the last step that a row reads; h0 where it reads none."""
    count = np.sum(exists[..., 0], axis=1)  # (B,)
    if after.shape[1] == 0:
        return h0
    last = np.zeros_like(count) if reverse else np.maximum(count - 1, 0)
    return np.where(count[:, None] > 0, after[np.arange(len(count)), last], h0)
