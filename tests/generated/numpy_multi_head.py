"""Multi-head attention, in NumPy."""

import numpy as np

from generated.numpy_attention import attend
from generated.numpy_attention_vjp import attend_gradient
from generated.numpy_linear import linear, linear_gradient
from generated.numpy_manners import guard, narrow, wide
from generated.numpy_masks import factor, pairs

FULLY_MASKED = "zeros"


def heads(x, num_heads):
    """(B, L, E) to (B, N, L, D)."""
    batch, length, features = x.shape
    return x.reshape(batch, length, num_heads, features // num_heads).swapaxes(1, 2)


def heads__stacked(x, num_heads):
    """A slice of the features for each head."""
    d = x.shape[2] // num_heads
    return np.stack([x[:, :, n * d : (n + 1) * d] for n in range(num_heads)], axis=1)


def heads__moved(x, num_heads):
    """By a transposition that is stored."""
    split = x.reshape(*x.shape[:2], num_heads, x.shape[2] // num_heads)
    return np.ascontiguousarray(split.transpose(0, 2, 1, 3))


def joined(z):
    """(B, N, L, D) back to (B, L, E)."""
    batch, number, length, d = z.shape
    return z.swapaxes(1, 2).reshape(batch, length, number * d)


def joined__concatenated(z):
    """The heads side by side."""
    return np.concatenate([z[:, n] for n in range(z.shape[1])], axis=-1)


def projected(query, key, value, weight, bias, num_heads):
    """Queries, keys and values by heads."""
    w_q, w_k, w_v = np.split(weight, 3)
    b_q, b_k, b_v = np.split(bias, 3)
    q = heads(linear(query, w_q, b_q), num_heads)
    k = heads(linear(key, w_k, b_k), num_heads)
    v = heads(linear(value, w_v, b_v), num_heads)
    return q, k, v


def projected__whole(query, key, value, weight, bias, num_heads):
    """Each source times the whole weight, of which a third is kept."""
    e = weight.shape[1]
    q = linear(query, weight, bias)[..., :e]
    k = linear(key, weight, bias)[..., e : 2 * e]
    v = linear(value, weight, bias)[..., 2 * e :]
    return heads(q, num_heads), heads(k, num_heads), heads(v, num_heads)


def projected__one_side(query, key, value, weight, bias, num_heads):
    """One product for one source, or one for keys and values that are one array."""
    e = weight.shape[1]
    q = heads(linear(query, weight[:e], bias[:e]), num_heads)
    if key is value:
        both = linear(key, weight[e:], bias[e:])
        return q, heads(both[..., :e], num_heads), heads(both[..., e:], num_heads)
    k = heads(linear(key, weight[e : 2 * e], bias[e : 2 * e]), num_heads)
    return q, k, heads(linear(value, weight[2 * e :], bias[2 * e :]), num_heads)


def many_heads(query, key, value, parameters, num_heads, seen, bias):
    """Multi-head attention, once masks are made."""
    w_in, b_in, w_out, b_out = parameters
    q, k, v = projected(query, key, value, w_in, b_in, num_heads)
    z = attend(q, k, v, seen, bias, factor(None, q.shape[3]), None)
    return linear(joined(z), w_out, b_out)


def many_heads_gradient(dy, query, key, value, parameters, num_heads, seen, bias):
    """Gradients of the sources and the four parameters."""
    w_in, b_in, w_out, _ = parameters
    q, k, v = projected(query, key, value, w_in, b_in, num_heads)
    scale = factor(None, q.shape[3])
    z = joined(attend(q, k, v, seen, bias, scale, None))
    dz, dw_out, db_out = linear_gradient(dy, z, w_out)
    dq, dk, dv = attend_gradient(heads(dz, num_heads), q, k, v, seen, bias, scale, None)
    zero = query.dtype.type(0)
    counts = seen | ~seen.any(axis=-1, keepdims=True) if FULLY_MASKED == "mean" else seen
    query = np.where(seen.any(axis=(1, 3))[..., None], query, zero)
    key = np.where(seen.any(axis=(1, 2))[..., None], key, zero)
    value = np.where(counts.any(axis=(1, 2))[..., None], value, zero)
    w_q, w_k, w_v = np.split(w_in, 3)
    dquery, dw_q, db_q = linear_gradient(joined(dq), query, w_q)
    dkey, dw_k, db_k = linear_gradient(joined(dk), key, w_k)
    dvalue, dw_v, db_v = linear_gradient(joined(dv), value, w_v)
    dw, db = np.concatenate([dw_q, dw_k, dw_v]), np.concatenate([db_q, db_k, db_v])
    return dquery, dkey, dvalue, dw, db, dw_out, db_out


def guard_multi_head(query, key, value, parameters, num_heads):
    """Check the arrays and the number of heads."""
    w_in, b_in, w_out, b_out = parameters
    guard(
        query=(query, "B L E"),
        key=(key, "B S E"),
        value=(value, "B S E"),
        w_in=(w_in, "3E E"),
        b_in=(b_in, "3E"),
        w_out=(w_out, "E E"),
        b_out=(b_out, "E"),
    )
    guard_heads(num_heads, query.shape[2])


def guard_heads(num_heads, features):
    """Check that the heads divide the features."""
    if isinstance(num_heads, bool) or not isinstance(num_heads, (int, np.integer)):
        raise TypeError(f"num_heads is {num_heads!r}")
    if num_heads < 1 or features % num_heads:
        raise ValueError(f"{num_heads} heads do not divide {features}")


def guard_heads__assertion(num_heads, features):
    """By an assertion."""
    assert features % num_heads == 0, "heads must divide features"


def multi_head_attention(
    query,
    key,
    value,
    in_proj_weight,
    in_proj_bias,
    out_proj_weight,
    out_proj_bias,
    num_heads,
    mask=None,
    is_causal=False,
):
    """Attend from query to key and value."""
    given = in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    guard_multi_head(query, key, value, given, num_heads)
    shape = (query.shape[0], num_heads, query.shape[1], key.shape[1])
    seen, bias = pairs(shape, mask, is_causal, 0, None)
    parameters = [wide(parameter) for parameter in given]
    sources = wide(query), wide(key), wide(value)
    return narrow(many_heads(*sources, parameters, num_heads, seen, bias), query)


def multi_head_attention_vjp(
    dout,
    query,
    key,
    value,
    in_proj_weight,
    in_proj_bias,
    out_proj_weight,
    out_proj_bias,
    num_heads,
    mask=None,
    is_causal=False,
):
    """Gradient of multi_head_attention."""
    given = in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias
    guard_multi_head(query, key, value, given, num_heads)
    guard(query=(query, "B L E"), dout=(dout, "B L E"))
    shape = (query.shape[0], num_heads, query.shape[1], key.shape[1])
    seen, bias = pairs(shape, mask, is_causal, 0, None)
    parameters = [wide(parameter) for parameter in given]
    sources = wide(query), wide(key), wide(value)
    gradients = many_heads_gradient(wide(dout), *sources, parameters, num_heads, seen, bias)
    return tuple(narrow(gradient, query) for gradient in gradients)
