"""What people call in JAX: `jax.nn.softmax`, `jax.nn.dot_product_attention`, and a `lax.scan`.

JAX has no recurrent layers of its own; here they are as its users write them, one matrix product
of all inputs, then a scan over time. All is compiled by `jax.jit`, once for each shape, except for
attention in 16 bits, which JAX refuses to compile on a CPU. Calls in float64 enable x64.

Translated: attention's heads stand behind the positions in JAX, (B, L, N, D); a floating mask is
its `bias`, of four axes, where -inf is said by a boolean mask instead (for a query that may attend
to nothing the two differ: NaN, or equal weights); a side of the window that is None is one longer
than the sequences.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from seqlaws.impls._jax_width import ALL, in_its_width
from seqlaws.impls._shapes import axis_of, bind, bind_attention, bind_layer, lengths_of, of_any_rank

SIXTEEN_BITS = "jax.nn.softmax keeps its numerators in the 16 bits that it is given"
TRAITS = {
    "backend": "jax",
    "device": "cpu",
    "dtypes": ALL,
    "fully_masked": {"softmax": "nan", "attention": "mean"},
    "causal_alignment": "top-left",
    "masked_nan": {"attention": "may leak"},
    "known_failures": {
        "softmax.*[bfloat16]": SIXTEEN_BITS,
        "softmax.*[float16]": SIXTEEN_BITS,
        "attention.*[float64]": "the softmax is taken in float32",
    },
}
States = tuple[Array, ...]
Step = Callable[[States, Array, Array, Array], States]
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
}


def _in_double(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with x64 enabled where its first argument is float64."""

    @wraps(function)
    def call(first: Array, *others: Any, **options: Any) -> Any:
        with in_its_width(getattr(first, "dtype", None)):
            return function(first, *others, **options)

    return call


@_in_double
def softmax(x: Array, axis: int = -1) -> Array:
    """`jax.nn.softmax` of x, any shape, along `axis`; a row of -inf gives NaN.

    Raises `TypeError` for a wrong dtype or an axis that is not an integer, `IndexError` for an
    axis that x does not have.
    """
    bind(Array, ALL, x=(x, of_any_rank(x)))
    return _softmax(x, axis=axis_of(x, axis))


_softmax = jax.jit(jax.nn.softmax, static_argnames="axis")


@_in_double
def attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None = None,
    is_causal: bool = False,
    scale: float | None = None,
    window: tuple[int | None, int | None] | None = None,
) -> Array:
    """`jax.nn.dot_product_attention` from q (B, N, L, D) to k (B, M, S, D) and v (B, M, S, Dv).

    Returns (B, N, L, Dv). `mask` is broadcastable to (B, N, L, S), of booleans (True: may attend)
    or of the inputs' dtype. Raises `ValueError` for a wrong shape, `TypeError` for a wrong dtype,
    `NotImplementedError` for values that have not as many features as keys, and for no keys.
    """
    n = bind_attention(Array, ALL, q, k, v, mask)
    if n["D"] != n["Dv"]:
        raise NotImplementedError("JAX's attention takes values of the shape of the keys")
    if n["S"] == 0:
        raise NotImplementedError("JAX takes no maximum over no keys")
    if mask is not None:
        mask = mask.reshape((1,) * (4 - mask.ndim) + mask.shape)
    near = None if window is None else _sides(window, n["L"] + n["S"])
    compiled = str(q.dtype) in ("float64", "float32")
    attend = _compiled if compiled else _attention
    return attend(q, k, v, mask, scale, is_causal=is_causal, window=near)


def _sides(window: tuple[int | None, int | None], far: int) -> tuple[int, int]:
    left, right = window
    return far if left is None else left, far if right is None else right


def _attention(
    q: Array,
    k: Array,
    v: Array,
    mask: Array | None,
    scale: Any,
    *,
    is_causal: bool,
    window: tuple[int, int] | None,
) -> Array:
    keep = bias = None
    if mask is not None:
        keep = mask if mask.dtype == bool else ~jnp.isneginf(mask)
        bias = None if mask.dtype == bool else jnp.where(keep, mask, 0)
    out = jax.nn.dot_product_attention(
        q.swapaxes(1, 2),
        k.swapaxes(1, 2),
        v.swapaxes(1, 2),
        bias,
        keep,
        scale=scale,
        is_causal=is_causal,
        local_window_size=window,
    )
    return out.swapaxes(1, 2)


_compiled = jax.jit(_attention, static_argnames=("is_causal", "window"))


@_in_double
def rnn(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    nonlinearity: str = "tanh",
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """h' = act(W_ih x + b_ih + W_hh h + b_hh); return y (B, T, H) and h_n (B, H)."""
    if nonlinearity not in STEPS:
        raise ValueError(f"nonlinearity must be one of {[*ACTIVATIONS]}, not {nonlinearity!r}")
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, (h_n,) = _run("H", STEPS[nonlinearity], x, (h0,), parameters, lengths, reverse)
    return y, h_n


@_in_double
def lstm(
    x: Array,
    h0: Array,
    c0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array, Array]:
    """Gates i, f, g, o; c' = f c + i g, h' = o tanh(c'); return y (B, T, H), h_n and c_n."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    y, (h_n, c_n) = _run("4H", _lstm_step, x, (h0, c0), parameters, lengths, reverse)
    return y, h_n, c_n


@_in_double
def gru(
    x: Array,
    h0: Array,
    weight_ih: Array,
    weight_hh: Array,
    bias_ih: Array,
    bias_hh: Array,
    reset_after: bool = True,
    lengths: Any = None,
    reverse: bool = False,
) -> tuple[Array, Array]:
    """Gates r, z, n; h' = (1 - z) n + z h; return y (B, T, H) and h_n (B, H)."""
    parameters = (weight_ih, weight_hh, bias_ih, bias_hh)
    step = _gru_step if reset_after else _gru_step_before
    y, (h_n,) = _run("3H", step, x, (h0,), parameters, lengths, reverse)
    return y, h_n


def _rnn_step(
    act: Callable[[Array], Array], state: States, given: Array, w: Array, b: Array
) -> States:
    (h,) = state
    return (act(given + h @ w.T + b),)


STEPS: dict[str, Step] = {name: partial(_rnn_step, act) for name, act in ACTIVATIONS.items()}


def _lstm_step(state: States, given: Array, w: Array, b: Array) -> States:
    h, c = state
    i, f, g, o = jnp.split(given + h @ w.T + b, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def _gru_step(state: States, given: Array, w: Array, b: Array, *, after: bool = True) -> States:
    (h,) = state
    gates = 2 * h.shape[-1]
    r, z = jnp.split(jax.nn.sigmoid(given[:, :gates] + h @ w[:gates].T + b[:gates]), 2, axis=-1)
    if after:
        new = jnp.tanh(given[:, gates:] + r * (h @ w[gates:].T + b[gates:]))
    else:
        new = jnp.tanh(given[:, gates:] + (r * h) @ w[gates:].T + b[gates:])
    return ((1 - z) * new + z * h,)


_gru_step_before = partial(_gru_step, after=False)


def _run(
    rows: str,
    step: Step,
    x: Array,
    initial: States,
    parameters: tuple[Array, ...],
    lengths: Any,
    reverse: bool,
) -> tuple[Array, States]:
    """Check the arguments, whose weights have `rows` rows; y (B, T, H) and final states (B, H)."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    named = dict(zip(("h0", "c0"), initial, strict=False))
    named |= dict(zip(names, parameters, strict=True))
    n = bind_layer(Array, ALL, rows, x=x, **named)
    ends = jnp.asarray(lengths_of(lengths, n["B"], n["T"]))
    return _scan(x, initial, parameters, ends, step=step, reverse=bool(reverse))


@partial(jax.jit, static_argnames=("step", "reverse"))
def _scan(
    x: Array,
    initial: States,
    parameters: tuple[Array, ...],
    ends: Array,
    *,
    step: Step,
    reverse: bool,
) -> tuple[Array, States]:
    """Steps that do not exist leave the state as it is, and give 0. 16 bits run in float32."""
    wide = jnp.promote_types(x.dtype, jnp.float32)
    weight_ih, weight_hh, bias_ih, bias_hh = (parameter.astype(wide) for parameter in parameters)
    exists = jnp.arange(x.shape[1])[:, None, None] < ends[:, None]  # (T, B, 1)
    x = jnp.where(exists, x.swapaxes(0, 1), 0)  # whatever stands where no step is
    given = x.astype(wide) @ weight_ih.T + bias_ih  # (T, B, rows)

    def one(state: States, now: tuple[Array, Array]) -> tuple[States, Array]:
        there, inputs = now
        new = step(state, inputs, weight_hh, bias_hh)
        kept = tuple(jnp.where(there, a, b) for a, b in zip(new, state, strict=True))
        return kept, jnp.where(there, kept[0], 0)

    state = tuple(s.astype(wide) for s in initial)
    last, y = lax.scan(one, state, (exists, given), reverse=reverse)
    return y.swapaxes(0, 1).astype(x.dtype), tuple(s.astype(x.dtype) for s in last)
