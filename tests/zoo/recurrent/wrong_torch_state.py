"""A GRU whose state has 16 bits between steps, undeclared: it stands still where it decays."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, put
from zoo.entries import wrong
from zoo.recurrent.base_torch import gru
from zoo.witness import differs


def decaying(dtype, logit, **given):
    """Update gates near 1 and candidates of 0: the state loses its logit-th part at each step."""
    weights = dict.fromkeys(("x", "weight_ih", "weight_hh", "bias_hh"), fill(0))
    bias = put(np.s_[4:8], logit)
    gates = {"h0": fill(1.5), "bias_ih": lambda b: bias(0 * b)}
    return case("gru", T=40, dtype=dtype, **weights, **gates, **given)


narrow = partial(wrong, gru, "kept", "lower precision")
BFLOAT16, FLOAT16 = decaying("bfloat16", 7.0), decaying("float16", 9.0)


@narrow(differs(BFLOAT16, 0.02), dtypes=("bfloat16",))
def torch_gru_bfloat16_state_between_steps(a, t, state):
    """With bfloat16 arguments the state is rounded to bfloat16 after each step."""
    return (state[0].bfloat16().to(state[0].dtype),)


@narrow(differs(FLOAT16, 0.002), dtypes=("float16",))
def torch_gru_float16_state_between_steps(a, t, state):
    """With float16 arguments the state is rounded to float16 after each step."""
    return (state[0].half().to(state[0].dtype),)


@narrow(differs(decaying("bfloat16", 7.0, reverse=True), 0.02), dtypes=("bfloat16",))
def torch_gru_bfloat16_state_in_reverse(a, t, state):
    """In the reverse direction the state is rounded to bfloat16 after each step."""
    return (state[0].bfloat16().to(state[0].dtype),) if a.reverse else state


@narrow(differs(decaying("bfloat16", 7.0, reset_after=False), 0.02), dtypes=("bfloat16",))
def torch_gru_bfloat16_state_with_reset_before(a, t, state):
    """Without reset_after the state is rounded to bfloat16 after each step."""
    return state if a.reset_after else (state[0].bfloat16().to(state[0].dtype),)
