"""Right multi-head attention in NumPy: other forms, orders, precisions and traits than the base."""

from functools import partial

import numpy as np

from zoo.attention import base as base_attention
from zoo.entries import right, right_functions
from zoo.multi_head import base
from zoo.multi_head.base import multi_head_attention

form = partial(right, multi_head_attention)


@form(None, "plain")
def heads_plain():
    """The base as it is."""
    return {}


@form("scores", "formulation")
def heads_scale_on_query(a, q, k):
    """The scale is put on the queries."""
    return (q * q.dtype.type(base.factor(a, q))) @ np.swapaxes(k, -1, -2)


@form(None, "formulation")
def heads_one_at_a_time():
    """Each head is computed by itself."""

    def scores(a, q, k):
        return np.stack(
            [base.factor(a, q) * (q[:, n] @ k[:, n].swapaxes(-1, -2)) for n in range(q.shape[1])], 1
        )

    return {"scores": scores}


@form("last", "summation order")
def heads_projected_apart(a, x):
    """Each head has its columns of the last matrix; the results are added up, the bias first."""
    columns = np.split(np.arange(x.shape[-1]), a.num_heads)
    start = np.broadcast_to(a.out_proj_bias, x.shape)
    return sum((x[..., c] @ a.out_proj_weight[:, c].T for c in columns), start)


@form("project", "formulation")
def heads_with_a_column_of_ones(a, x, w, b):
    """The bias is a column of the matrix, and every position has a feature that is 1."""
    ones = np.ones((*x.shape[:2], 1), x.dtype)
    return np.concatenate([x, ones], -1) @ np.concatenate([w, b[:, None]], -1).T


@form(None, "formulation")
def heads_by_einsum():
    """Products are sums over named axes."""

    def product(a, p, v, allowed):
        return np.einsum("bnls,bnsd->bnld", p, np.where(allowed.any(2)[..., None], v, 0))

    def scores(a, q, k):
        return np.einsum("bnld,bnsd->bnls", q, k) * base.factor(a, q)

    return {"product": product, "scores": scores}


@right_functions(multi_head_attention, "formulation")
def heads_normalised_last(build):
    """The product with the values comes first, the normaliser after it."""

    def exponentials(a, s):
        m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
        return np.exp(s - np.where(m == -np.inf, 0, m))

    def product(a, e, v, allowed):
        total = e.sum(-1, keepdims=True)
        return base_attention.product(a, e, v, allowed) / np.where(total == 0, 1, total)

    forward, whole = build(softmax=exponentials, product=product), build()
    return {**whole, "multi_head_attention": forward["multi_head_attention"]}


@form(None, "precision inside", dtypes=("float32",))
def heads_in_double():
    """float32 arguments are computed with in float64, in the vjp too."""
    names = ("query", "key", "value", "in_proj_weight", "in_proj_bias", "out_proj_weight",
             "out_proj_bias")  # fmt: skip

    def arguments(a):
        for name in names:
            setattr(a, name, getattr(a, name).astype(np.float64))
        if a.mask is not None and a.mask.dtype != bool:
            a.mask = a.mask.astype(np.float64)

    def result(a, o):
        o.out = o.out.astype(np.float32)

    def vjp_result(a, g):
        for name in names:
            setattr(g, name, getattr(g, name).astype(np.float32))

    return {"arguments": arguments, "result": result, "vjp_result": vjp_result}


@form(None, "trait", fully_masked="nan")
def heads_fully_masked_is_nan():
    """A query that may attend to nothing gets NaN, as declared."""
    return {}


@form(None, "trait", fully_masked="mean", masked_nan="may leak")
def heads_fully_masked_is_mean():
    """A query that may attend to nothing gets the last projection of the mean, as declared."""
    return {}


@form("causal", "trait", causal_alignment="bottom-right")
def heads_aligned_bottom_right(a, i, j):
    """is_causal is aligned with the last key, as declared."""
    return j <= i + a.key.shape[1] - a.query.shape[1]
