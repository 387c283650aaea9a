"""`Softmax` and `LayerNormalization` of Keras."""

from seqlaws.impls._shapes import axis_of, bind, of_any_rank
from seqlaws.impls.keras_layers._backend import ALL, KIND, Array, called, compiled, dtype_of, keras


def softmax(x: Array, axis: int = -1) -> Array:
    """`Softmax` of x, any shape, along `axis`; a row of -inf gives NaN.

    Raises `TypeError` for a wrong dtype or an axis that is not an integer, `IndexError` for an
    axis that x does not have.
    """
    bind(KIND, ALL, x=(x, of_any_rank(x)))
    return keras.layers.Softmax(axis=axis_of(x, axis), dtype=dtype_of(x))(x)


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> Array:
    """`LayerNormalization` of x, any shape that ends with E, by weight and bias (E,)."""
    bind(KIND, ALL, x=(x, of_any_rank(x, "E")), weight=(weight, "E"), bias=(bias, "E"))
    return _compiled(x, weight, bias, eps=float(eps))


def _normalised(x: Array, weight: Array, bias: Array, *, eps: float) -> Array:
    layer = keras.layers.LayerNormalization(epsilon=eps, dtype=dtype_of(x))
    return called(layer, (x.shape,), [weight, bias], x)


_compiled = compiled(_normalised, "eps")
