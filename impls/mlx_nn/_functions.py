"""`mx.softmax`, and the functions of `mx.fast` that the layers of `mlx.nn` call."""

import mlx.core as mx

from seqlaws.impls._shapes import axis_of, bind, bind_attention, of_any_rank
from seqlaws.impls.mlx_nn._conversion import ALL, Array, over_numpy, pulled

INTEGERS = ("int64", "int32", "int16", "int8", "uint32", "uint16", "uint8")


def _softmax(x: Array, axis: int = -1) -> Array:
    """`mx.softmax` of x, any shape, along `axis`; a row of -inf gives NaN.

    Raises `TypeError` for a wrong dtype or an axis that is not an integer, `IndexError` for an
    axis that x does not have.
    """
    bind(Array, ("float64", *ALL), x=(x, of_any_rank(x)))
    return mx.softmax(x, axis=axis_of(x, axis))


def _layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
    """`mx.fast.layer_norm` of x, any shape that ends with E, by weight and bias (E,).

    Raises `NotImplementedError` for no features, so that the rest can be seen: its gradient may
    never come back then.
    """
    n = bind(Array, ALL, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
    if n["E"] == 0:
        raise NotImplementedError("the gradient of MLX's norm over no features may not end")
    return mx.fast.layer_norm(x, weight, bias, eps)


def _attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Array:
    """`mx.fast.scaled_dot_product_attention`, q (B, N, L, D), k (B, M, S, D), v (B, M, S, Dv).

    Returns (B, N, L, Dv). `mask` is broadcastable to (B, N, L, S), of booleans (True: may attend)
    or of the inputs' dtype. Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype,
    `NotImplementedError` for a mask with `is_causal`.
    """
    n = bind_attention(Array, ALL, q, k, v, mask)
    if is_causal and mask is not None:
        raise NotImplementedError("MLX takes a mask or is_causal, not both")
    factor = n["D"] ** -0.5 if scale is None else scale
    chosen = "causal" if is_causal else mask
    return mx.fast.scaled_dot_product_attention(q, k, v, scale=factor, mask=chosen)


def _rotary_embedding(
    x: Array, positions: Array, base: float = 10000.0, interleaved: bool = False
) -> Array:
    """`mx.fast.rope` of x (B, N, L, D), each position as an entry of a batch with its offset.

    positions are integers (L,). Raises `ValueError` for a wrong shape, `TypeError` for a wrong
    dtype.
    """
    n = bind(Array, ALL, x=(x, "B N L D"))
    bind(Array, INTEGERS, positions=(positions, "L"))
    if positions.shape != (n["L"],) or n["D"] % 2:
        raise ValueError(f"positions are {n['L']} integers, and D is even")
    apart = x.transpose(2, 0, 1, 3).reshape(n["L"], n["B"] * n["N"], 1, n["D"])
    turned = mx.fast.rope(
        apart,
        n["D"],
        traditional=bool(interleaved),
        base=float(base),
        scale=1.0,
        offset=positions.astype(mx.int32),
    )
    return turned.reshape(n["L"], n["B"], n["N"], n["D"]).transpose(1, 2, 0, 3)


softmax, softmax_vjp = over_numpy(_softmax), pulled(_softmax)
layer_norm, layer_norm_vjp = over_numpy(_layer_norm), pulled(_layer_norm)
attention, attention_vjp = over_numpy(_attention), pulled(_attention)
rotary_embedding, rotary_embedding_vjp = over_numpy(_rotary_embedding), pulled(_rotary_embedding)
