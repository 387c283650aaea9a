"""Multi-head attention. Vaswani et al. (2017), section 3.2.2.

Q, K, V = W_q query + b_q, W_k key + b_k, W_v value + b_v
head_n = attention(Q_n, K_n, V_n), where head n has the features n E/N to (n + 1) E/N
out = W_o [head_1, ..., head_N] + b_o

A cotangent of zero times a NaN is a NaN: positions that no query may see are read as zeros where
gradients of weights are summed.
"""

import numpy as np

from seqlaws.impls.numpy_vectorized._attention import attention, attention_vjp, visible_pairs
from seqlaws.impls.numpy_vectorized._checks import Array, bind, contiguous, integer
from seqlaws.impls.numpy_vectorized._linear import linear, linear_backward, where_read


@np.errstate(all="ignore")
def multi_head_attention(
    query: Array,
    key: Array,
    value: Array,
    in_proj_weight: Array,
    in_proj_bias: Array,
    out_proj_weight: Array,
    out_proj_bias: Array,
    num_heads: int,
    mask: Array | None = None,
    is_causal: bool = False,
) -> Array:
    """Attend from query (B, L, E) to key and value (B, S, E); return (B, L, E).

    in_proj_weight is (3E, E) with the row blocks query, key, value. `mask` is broadcastable to
    (B, N, L, S): booleans (True: may attend) or floats of the inputs' dtype, added to the scores.
    Raises `ValueError` for a wrong shape or heads that do not divide E, `TypeError` for a wrong
    dtype.
    """
    arrays = query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    query, key, value, w_in, b_in, w_out, b_out = _checked(arrays, num_heads)
    q, k, v = _projected((query, key, value), w_in, b_in, num_heads)
    return linear(join(attention(q, k, v, mask, is_causal)), w_out, b_out)


@np.errstate(all="ignore")
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
    mask: Array | None = None,
    is_causal: bool = False,
) -> tuple[Array, ...]:
    """Gradient of `multi_head_attention`: dout is (B, L, E); one gradient for each array."""
    arrays = query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    bind(query=(query, "B L E"), dout=(dout, "B L E"))
    query, key, value, w_in, b_in, w_out, _ = _checked(arrays, num_heads)
    q, k, v = _projected((query, key, value), w_in, b_in, num_heads)
    heads = join(attention(q, k, v, mask, is_causal))
    dheads, dw_out, db_out = linear_backward(np.asarray(dout, order="C"), heads, w_out)
    dprojected = attention_vjp(split(dheads, num_heads), q, k, v, mask, is_causal)
    visible = visible_pairs(q, k, mask, is_causal)  # (B, N, L, S)
    asking, asked = np.any(visible, axis=(1, 3)), np.any(visible, axis=(1, 2))
    sources = where_read(query, asking), where_read(key, asked), where_read(value, asked)
    gradients = [
        linear_backward(join(d), x, w)
        for d, x, w in zip(dprojected, sources, np.split(w_in, 3), strict=True)
    ]
    dx, dw_in, db_in = zip(*gradients, strict=True)
    return *dx, np.concatenate(dw_in), np.concatenate(db_in), dw_out, db_out


def _checked(arrays: tuple[Array, ...], num_heads: int) -> tuple[Array, ...]:
    query, key, value, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias = arrays
    size = bind(
        query=(query, "B L E"),
        key=(key, "B S E"),
        value=(value, "B S E"),
        in_proj_weight=(in_proj_weight, "3E E"),
        in_proj_bias=(in_proj_bias, "3E"),
        out_proj_weight=(out_proj_weight, "E E"),
        out_proj_bias=(out_proj_bias, "E"),
    )
    check_heads(num_heads, size["E"])
    return contiguous(*arrays)


def check_heads(num_heads: int, features: int) -> None:
    """Raise `TypeError` or `ValueError` unless num_heads is an integer that divides features."""
    if integer("num_heads", num_heads) < 1 or features % num_heads:
        raise ValueError(f"{num_heads} heads do not divide {features} features")


def _projected(
    sources: tuple[Array, ...], weight: Array, bias: Array, num_heads: int
) -> tuple[Array, Array, Array]:
    """Q (B, N, L, D), K and V (B, N, S, D)."""
    parts = zip(sources, np.split(weight, 3), np.split(bias, 3), strict=True)
    q, k, v = (split(linear(x, w, b), num_heads) for x, w, b in parts)
    return q, k, v


def split(x: Array, num_heads: int) -> Array:
    """Cut (B, L, E) into the heads' blocks of features, (B, N, L, D)."""
    batch, length, features = x.shape
    return x.reshape(batch, length, num_heads, features // num_heads).swapaxes(1, 2)


def join(heads: Array) -> Array:
    """Put the heads (B, N, L, D) side by side, (B, L, E)."""
    batch, number, length, features = heads.shape
    return heads.swapaxes(1, 2).reshape(batch, length, number * features)
