"""multi_head_attention: several attentions in parallel, each in its own subspace.

One attention returns one mean of the values, so it cannot select two positions for two reasons. N
heads have their own queries, keys and values with E/N features each. Together they cost as much as
one attention with E features. A last projection combines their results.

Sources: Vaswani et al. (2017), "Attention is all you need", section 3.2.2; the three projections in
one matrix: torch.nn.MultiheadAttention.
"""

from typing import Any

import numpy as np

from seqlaws.reference.algebra import Array
from seqlaws.reference.attention import attention, attention_vjp, counted
from seqlaws.reference.linear import linear, linear_vjp, unread
from seqlaws.reference.masks import allowed_pairs
from seqlaws.reference.shapes import bind


def multi_head_attention(
    query: Array,
    key: Array,
    value: Array,
    in_proj_weight: Array,
    in_proj_bias: Array,
    out_proj_weight: Array,
    out_proj_bias: Array,
    num_heads: int,
    mask: Any = None,
    is_causal: bool = False,
    *,
    query_offset: int = 0,
    fully_masked: str = "zeros",
) -> Array:
    """Multi-head attention of query (B, L, E) to key and value (B, S, E): (B, L, E).

        Q, K, V = W_q query + b_q, W_k key + b_k, W_v value + b_v
        head_n  = attention(Q_n, K_n, V_n)              features n E/N to (n + 1) E/N of each
        out     = W_o [head_1, ..., head_N] + b_o

    in_proj_weight (3E, E), in_proj_bias (3E,): row blocks W_q, W_k, W_v.
    out_proj_weight (E, E), out_proj_bias (E,).
    num_heads: N, which divides E; the scale of the scores is 1/sqrt(E/N).
    mask, is_causal, query_offset, fully_masked: as in `attention`.
    Raises ValueError or TypeError for invalid arguments.
    """
    parameters = in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    query, key, value = positions_that_count(
        query, key, value, parameters, num_heads, mask, is_causal, query_offset, fully_masked
    )
    q, k, v = projections(query, key, value, in_proj_weight, in_proj_bias, num_heads)
    heads = attention(
        q, k, v, mask, is_causal, query_offset=query_offset, fully_masked=fully_masked
    )
    return linear(side_by_side(heads), out_proj_weight, out_proj_bias)


def multi_head_attention_vjp(
    dout: Array,
    query: Array,
    key: Array,
    value: Array,
    in_proj_weight: Array,
    in_proj_bias: Array,
    out_proj_weight: Array,
    out_proj_bias: Array,
    num_heads: int,
    mask: Any = None,
    is_causal: bool = False,
    *,
    query_offset: int = 0,
    fully_masked: str = "zeros",
) -> tuple[Array, ...]:
    """Gradients of query, key, value and the four parameters from dout (B, L, E).

        dhead  = W_o^T dout,  dW_o = sum dout head^T,  db_o = sum dout
        dQ, dK, dV                                      by the vjp of attention, head by head
        dquery = W_q^T dQ,    dW_q = sum dQ query^T,   db_q = sum dQ
        dkey   = W_k^T dK,    dW_k = sum dK key^T,     db_k = sum dK
        dvalue = W_v^T dV,    dW_v = sum dV value^T,   db_v = sum dV

    The sums are over all rows and positions. If query, key and value are one array, its
    gradient is the sum of the three.
    """
    parameters = in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    bind("multi_head_attention_vjp", query=(query, "B L E"), dout=(dout, "B L E"))
    query, key, value = positions_that_count(
        query, key, value, parameters, num_heads, mask, is_causal, query_offset, fully_masked
    )
    q, k, v = projections(query, key, value, in_proj_weight, in_proj_bias, num_heads)
    options: Any = {"query_offset": query_offset, "fully_masked": fully_masked}
    heads = attention(q, k, v, mask, is_causal, **options)
    dheads, dw_o, db_o = linear_vjp(dout, side_by_side(heads), out_proj_weight)
    dheads = split(dheads, num_heads)
    dq, dk, dv = (
        side_by_side(d) for d in attention_vjp(dheads, q, k, v, mask, is_causal, **options)
    )
    w_q, w_k, w_v = blocks(in_proj_weight)
    dquery, dw_q, db_q = linear_vjp(dq, query, w_q)
    dkey, dw_k, db_k = linear_vjp(dk, key, w_k)
    dvalue, dw_v, db_v = linear_vjp(dv, value, w_v)
    dw, db = np.concatenate([dw_q, dw_k, dw_v]), np.concatenate([db_q, db_k, db_v])
    return dquery, dkey, dvalue, dw, db, dw_o, db_o


def projections(
    query: Array, key: Array, value: Array, weight: Array, bias: Array, num_heads: int
) -> tuple[Array, Array, Array]:
    """Q (B, N, L, D), K and V (B, N, S, D), with D = E/N."""
    sources = zip((query, key, value), blocks(weight), blocks(bias), strict=True)
    q, k, v = (split(linear(x, w, b), num_heads) for x, w, b in sources)
    return q, k, v


def blocks(parameter: Array) -> tuple[Array, Array, Array]:
    """The rows for queries, keys and values: (3E, ...) to three of (E, ...)."""
    e = parameter.shape[0] // 3
    return parameter[:e], parameter[e : 2 * e], parameter[2 * e :]


def split(x: Array, num_heads: int) -> Array:
    """(B, L, E) to (B, N, L, D): the first D features are the first head's, and so on."""
    batch, length, e = x.shape
    return np.swapaxes(np.reshape(x, (batch, length, num_heads, e // num_heads)), 1, 2)


def side_by_side(heads: Array) -> Array:
    """(B, N, L, D) back to (B, L, E)."""
    batch, n, length, d = heads.shape
    return np.reshape(np.swapaxes(heads, 1, 2), (batch, length, n * d))


def positions_that_count(
    query: Array,
    key: Array,
    value: Array,
    parameters: tuple[Array, ...],
    num_heads: int,
    mask: Any,
    is_causal: bool,
    query_offset: int,
    fully_masked: str,
) -> tuple[Array, Array, Array]:
    """query, key and value, once everything fits, with 0 where no head of any query looks."""
    s = bind(
        "multi_head_attention",
        query=(query, "B L E"),
        key=(key, "B S E"),
        value=(value, "B S E"),
        **described(*parameters),
    )
    heads_divide("multi_head_attention", num_heads, s["E"])
    shape = s["B"], num_heads, s["L"], s["S"]
    allowed = allowed_pairs(shape, mask, is_causal, query_offset)
    asking, asked = np.any(allowed, axis=(1, 3)), np.any(allowed, axis=(1, 2))
    read = np.any(counted(allowed, fully_masked), axis=(1, 2))
    return unread(query, asking), unread(key, asked), unread(value, read)


def heads_divide(operation: str, num_heads: int, features: int) -> None:
    """Raise unless num_heads is a whole number that divides the features."""
    if isinstance(num_heads, bool) or not isinstance(num_heads, (int, np.integer)):
        raise TypeError(f"{operation}: num_heads is {num_heads!r}, not a whole number")
    if num_heads < 1 or features % num_heads:
        raise ValueError(f"{operation}: {num_heads} heads do not divide {features} features")


def described(
    in_proj_weight: Array, in_proj_bias: Array, out_proj_weight: Array, out_proj_bias: Array
) -> dict[str, tuple[Array, str]]:
    """The parameters with their letters."""
    return {
        "in_proj_weight": (in_proj_weight, "3E E"),
        "in_proj_bias": (in_proj_bias, "3E"),
        "out_proj_weight": (out_proj_weight, "E E"),
        "out_proj_bias": (out_proj_bias, "E"),
    }
