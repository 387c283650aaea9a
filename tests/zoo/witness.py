"""Witnesses: what proves a subject wrong by the contract. Each is called with the subject.

`differs` and `gradient_differs` compare one call with the right base in float64. Their margin
`beyond` is far outside what any admissible arithmetic may do on the arguments of the case: the
cases are small (sums of at most some 64 terms around 1, at most 40 contracting steps), where a
float32 result is off by at most about 64 * 64 * 2^-24 = 2.5e-4 and commonly by 1e-6, so the default
is 1e-3. A smaller margin has its reason beside it. The other witnesses are in `manners.py`.
"""

from types import SimpleNamespace

import numpy as np

from zoo import calling
from zoo.attention import base as base_attention
from zoo.decoder import base as base_decoder
from zoo.encoder import base as base_encoder
from zoo.generate import base as base_generate
from zoo.layer_norm import base as base_layer_norm
from zoo.markov import base as base_markov
from zoo.multi_head import base as base_multi_head
from zoo.positions import base as base_positions
from zoo.recurrent import base_gru, base_lstm, base_rnn
from zoo.signatures import OUTPUTS, dtype_name, floating
from zoo.softmax import base as base_softmax

BASES = {
    base.operation: base
    for base in (
        base_softmax.softmax,
        base_rnn.rnn,
        base_lstm.lstm_gates,
        base_lstm.lstm,
        base_gru.gru,
        base_attention.attention,
        base_decoder.decoder_layer,
        base_generate.generate,
        base_positions.positional_encoding,
        base_positions.rotary_embedding,
        base_multi_head.multi_head_attention,
        base_encoder.encoder_layer,
        base_layer_norm.layer_norm,
        base_markov.markov_log_prob,
    )
}


def reference(operation, traits=None):
    """The right base in float64, with a subject's traits."""
    chosen = {}
    for trait in ("fully_masked", "causal_alignment"):
        value = (traits or {}).get(trait)
        value = value.get(operation) if isinstance(value, dict) else value
        if value:
            chosen[trait] = value
    traits = {"backend": "numpy", "dtypes": ("float64",), **chosen}
    return SimpleNamespace(TRAITS=traits, **BASES[operation].build(None, traits))


def _settled(traits, operation, options):
    """The traits, where `fully_masked` depends on the kind of mask with the value of this one."""
    value = (traits or {}).get("fully_masked")
    value = value.get(operation, value) if isinstance(value, dict) else value
    if isinstance(value, dict):
        mask = options.get("mask", options.get("memory_mask"))
        kind = "causal" if mask is None else "boolean" if mask.dtype == bool else "floating"
        value = value.get(kind, "zeros")
    return {**(traits or {}), "fully_masked": {operation: value}}


def expected(case, traits=None):
    """{output: float64 array}."""
    arrays, options = case.arguments()
    right = reference(case.operation, _settled(traits, case.operation, options))
    got = calling.outputs(right, case.operation, arrays, options)
    return dict(zip(OUTPUTS[case.operation], got, strict=True))


def expected_gradients(case, traits=None, only=None):
    """{argument: float64 array}."""
    arrays, options = case.arguments()
    right = reference(case.operation, _settled(traits, case.operation, options))
    got = calling.gradients(right, case.operation, case.cotangents(only), arrays, options)
    return dict(zip(floating(case.operation), got, strict=True))


def apart(got, wanted, dtype, beyond, relative=False):
    """Whether some result is missing, has another shape or dtype, or is further off than `beyond`.

    Off by more than beyond * max(1, |wanted|), or beyond * |wanted| where `relative`; or a NaN or
    infinity at another place.
    """
    for name, want in wanted.items():
        if name not in got or not hasattr(got[name], "dtype"):
            return True
        have = got[name]
        due = "int" if want.dtype.kind == "i" else dtype  # of tokens: whole numbers of any width
        if tuple(have.shape) != want.shape or not dtype_name(have).startswith(due):
            return True
        have = calling.to_numpy(have)
        usual = np.isfinite(want)
        if not np.array_equal(have[~usual], want[~usual], equal_nan=True):
            return True
        with np.errstate(all="ignore"):
            off = np.abs(have - want) > beyond * np.maximum(0 if relative else 1, np.abs(want))
        if not np.isfinite(have[usual]).all() or off[usual].any():
            return True
    return False


def differs(case, beyond=1e-3, layout=None, relative=False):
    """The outputs of the case are not the right ones."""

    def shows(subject):
        got = calling.answer(subject, case, layout)
        return apart(got, expected(case, subject.TRAITS), case.dtype, beyond, relative)

    return shows


def gradient_differs(case, beyond=1e-3, only=None, layout=None):
    """The gradients are not the right ones (`only`: the cotangent of other outputs is zero)."""

    def shows(subject):
        got = calling.gradient_answer(subject, case, only, layout)
        return apart(got, expected_gradients(case, subject.TRAITS, only), case.dtype, beyond)

    return shows


def layout(name, change):
    """A layout for `differs`: the argument `name` laid out in memory by `change`."""
    return lambda given, array: change(array) if name in (given, "all") else array


def transposed(array):
    """The same values, the last two axes swapped in memory."""
    if array.ndim < 2:
        return array
    if isinstance(array, np.ndarray):
        return np.ascontiguousarray(np.swapaxes(array, -1, -2)).swapaxes(-1, -2)
    return array.mT.contiguous().mT


def column_major(array):
    """The same values, all axes in reverse order in memory."""
    return np.asfortranarray(array)


def backwards(array):
    """The same values, the last axis read with a negative stride."""
    return np.ascontiguousarray(array[..., ::-1])[..., ::-1]


def every_second(array):
    """The same values, each second entry of a larger array."""
    if isinstance(array, np.ndarray):
        larger = np.full((*array.shape[:-1], 2 * array.shape[-1]), 7, array.dtype)
    else:
        larger = array.new_full((*array.shape[:-1], 2 * array.shape[-1]), 7)
    larger[..., ::2] = array
    return larger[..., ::2]


def behind_others(array):
    """The same values, behind two rows of another array."""
    return np.concatenate([array[:1] + 1, array[:1] - 1, array])[2:]


def broadcast_rows(array):
    """The first entry along the first axis, repeated with stride 0 (so the values may differ)."""
    if isinstance(array, np.ndarray):
        return np.broadcast_to(array[:1], array.shape)
    return array[:1].expand(array.shape)


def broadcast_heads(array):
    """The first entry along the second axis, repeated with stride 0."""
    return np.broadcast_to(array[:, :1], array.shape)


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array
