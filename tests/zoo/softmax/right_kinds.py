"""Right weights that are exp(x - logsumexp(x))."""

import numpy as np

from zoo.attention import base as base_attention
from zoo.entries import right
from zoo.multi_head import base as base_multi_head
from zoo.softmax import base as base_softmax


def logsumexp(x):
    m = np.max(x, axis=-1, keepdims=True, initial=-np.inf)
    m = np.where(m == -np.inf, 0, m)
    return m + np.log(np.sum(np.exp(x - m), axis=-1, keepdims=True))


def weights(a, x):
    """A row of -inf gets zeros."""
    lse = logsumexp(x)
    return np.exp(x - np.where(lse == -np.inf, 0, lse))


@right(base_softmax.softmax, None, "log-sum-exp")
def softmax_from_log_sum_exp():
    """Weights are exp(x - logsumexp(x)): no division, and a row's sum is not quite one."""

    def probabilities(a, x):
        with np.errstate(all="ignore"):
            return weights(a, x)

    return {"probabilities": probabilities}


@right(base_attention.attention, "softmax", "log-sum-exp")
def attention_from_log_sum_exp(a, s):
    """Weights are exp(s - logsumexp(s)), forward and backward."""
    return weights(a, s)


@right(base_multi_head.multi_head_attention, "softmax", "log-sum-exp")
def multi_head_from_log_sum_exp(a, s):
    """Weights are exp(s - logsumexp(s)), forward and backward."""
    return weights(a, s)
