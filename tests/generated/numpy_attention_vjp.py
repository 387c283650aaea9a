"""Gradients of attention in NumPy."""

import numpy as np

from generated.numpy_attention import guard_attention, scores, shared
from generated.numpy_manners import narrow, wide
from generated.numpy_masks import factor, pairs
from generated.numpy_products import product, swapped
from generated.numpy_softmax import largest, not_zero, weights
from generated.numpy_sums import total

FULLY_MASKED = "zeros"


def weights_again(s, seen):
    """The weights are those of the forward pass."""
    return weights(s)


def weights_again__from_log_sum_exp(s, seen):
    """From the stored log-sum-exp."""
    m = largest(s)
    log_sum = m + np.log(not_zero(total(np.exp(s - m))))
    return np.where(seen, np.exp(s - log_sum), weights(s))


def inner(p, dp, dout, v):
    """sum_j p_ij dp_ij."""
    return total(p * dp)


def inner__of_output(p, dp, dout, v):
    """dout_i . out_i is the same."""
    return total(dout * product(p, v))


def attend_gradient(dout, q, k, v, seen, bias, scale, softcap):
    """Gradients of q, k and v, which have as many heads."""
    s, slope = scores(q, k, seen, bias, scale, softcap)
    p = weights_again(s, seen)
    dp = np.where(seen, product(dout, swapped(v)), dout.dtype.type(0))
    ds = np.where(seen, p * (dp - inner(p, dp, dout, v)) * slope, dp.dtype.type(0))
    ds = ds * ds.dtype.type(scale)
    return product(ds, k), product(swapped(ds), q), product(swapped(p), dout)


def attend_gradient__scaled_last(dout, q, k, v, seen, bias, scale, softcap):
    """The scale is multiplied into the products."""
    s, slope = scores(q, k, seen, bias, scale, softcap)
    p = weights_again(s, seen)
    dv = product(swapped(p), dout)
    dp = np.where(seen, product(dout, swapped(v)), dout.dtype.type(0))
    ds = np.where(seen, p * (dp - inner(p, dp, dout, v)) * slope, dp.dtype.type(0))
    c = ds.dtype.type(scale)
    return product(ds, k) * c, product(swapped(ds), q) * c, dv


def over_group(dk, group):
    """Sum the gradients of the query heads that read a key head."""
    batch, heads, length, features = dk.shape
    return dk.reshape(batch, heads // group, group, length, features).sum(axis=2)


def over_group__one_by_one(dk, group):
    """One query head after the other."""
    s = dk[:, ::group]
    for n in range(1, group):
        s = s + dk[:, n::group]
    return s


def attention_vjp(
    dout,
    q,
    k,
    v,
    mask=None,
    is_causal=False,
    scale=None,
    query_offset=0,
    window=None,
    softcap=None,
):
    """Gradient of attention."""
    group = guard_attention(q, k, v)
    seen, bias = pairs((*q.shape[:3], k.shape[2]), mask, is_causal, query_offset, window)
    scale = factor(scale, q.shape[3])
    keys, values = shared(wide(k), group), shared(wide(v), group)
    dq, dk, dv = attend_gradient(wide(dout), wide(q), keys, values, seen, bias, scale, softcap)
    return narrow(dq, q), narrow(over_group(dk, group), q), narrow(over_group(dv, group), q)
