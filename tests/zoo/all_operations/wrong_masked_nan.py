"""NaN and infinities where a mask hides them from some queries only, or behind a row's length."""

from functools import partial

import numpy as np

from zoo.attention import base as base_attention
from zoo.attention.base import attention
from zoo.cases import case, fill, lengths, put
from zoo.encoder import base as base_encoder
from zoo.entries import wrong
from zoo.layer_norm import base as base_layer_norm
from zoo.multi_head import base as base_multi_head
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm
from zoo.softmax import base as base_softmax
from zoo.witness import differs, gradient_differs

leak = partial(wrong, defect="masked NaN", masked_nan="never")
AT = partial(case, "attention")
LAST_KEY = put(np.s_[:, :, 6], np.nan)
LENGTHS = lengths(3, 5)


@leak(attention, "product", witness=differs(AT(window=(2, 1), v=LAST_KEY)))
def attention_window_alone_leaks_values(a, p, v, allowed):
    """Outside a window, where there is no mask and no is_causal, NaN in a value is times 0."""
    alone = a.window is not None and a.mask is None and not a.is_causal
    return p @ v if alone else base_attention.product(a, p, v, allowed)


@leak(
    attention, "masked",
    witness=differs(AT(is_causal=True, L=7, k=put(np.s_[:, :, 6, 0], -np.inf))),
)  # fmt: skip
def attention_causal_by_adding_infinity(a, s, allowed):
    """The causal mask is added as -inf: a masked score of +inf becomes NaN."""
    if not a.is_causal or a.mask is not None:
        return base_attention.masked(a, s, allowed)
    return s + np.where(allowed, 0, -np.inf).astype(s.dtype)


@leak(
    attention, "masked",
    witness=differs(
        AT(mask=lambda rng, n: np.where(np.eye(n["L"], n["S"]) > 0, 0, -np.inf), v=fill(1),
           k=put(np.s_[:, :, 1], np.nan))
    ),
)  # fmt: skip
def attention_floating_mask_is_added(a, s, allowed):
    """A floating mask is added, so that NaN stays NaN under -inf; a boolean one replaces it."""
    if a.mask is None or a.mask.dtype == bool:
        return base_attention.masked(a, s, allowed)
    return np.where(allowed | np.isnan(s), s + a.mask, -np.inf)


@leak(attention, "vjp_result", witness=gradient_differs(AT(window=(1, 1), k=LAST_KEY)))
def attention_dq_by_zero_times_nan(a, g):
    """Scores outside a window have a gradient of 0, which the keys there multiply."""
    if a.window is not None:
        with np.errstate(all="ignore"):
            g.q = g.q + np.sum(0 * base_attention.heads(a, a.k), axis=2, keepdims=True)


@leak(
    base_multi_head.multi_head_attention, "product",
    witness=differs(
        case("multi_head_attention", L=7, is_causal=True, value=put(np.s_[:, 6], np.nan))
    ),
)  # fmt: skip
def multi_head_later_values_times_zero(a, p, v, allowed):
    """A later value is multiplied with the weight 0, so a NaN there reaches earlier queries."""
    return p @ v


@leak(
    base_encoder.encoder_layer, "result",
    witness=differs(
        case("encoder_layer", x=put(np.s_[:, 4], np.inf),
             mask=lambda rng, n: np.tri(n["T"], dtype=bool))
    ),
)  # fmt: skip
def encoder_masked_positions_times_zero(a, o):
    """A masked position is multiplied with the weight 0, so an infinity there reaches others."""
    if a.mask is not None:
        with np.errstate(all="ignore"):
            o.out = o.out + np.sum(0 * a.x, axis=1, keepdims=True)


@leak(
    lstm, "read",
    witness=gradient_differs(case("lstm", lengths=LENGTHS, x=put(np.s_[0, 3:], np.nan))),
)  # fmt: skip
def lstm_weight_gradient_by_where(a, t, here):
    """The padded input is read as it is: where picks the state, and dW is 0 * NaN."""
    return a.x[:, t]


@leak(
    gru, "step_gradient",
    witness=gradient_differs(case("gru", lengths=LENGTHS, x=put(np.s_[0, 3:], np.inf))),
)  # fmt: skip
def gru_input_gradient_of_padding_is_added(a, t, g):
    """A hundredth of infinity behind a row's length times a gradient of 0 is added to dW."""
    g.weight_ih = g.weight_ih + np.sum(0 * a.x[:, t]).astype(a.x.dtype)


@leak(
    base_softmax.softmax,
    "result",
    witness=differs(case("softmax", shape=(3, 1), x=fill(np.nan))),
)
def softmax_of_one_entry_is_one(a, o):
    """The softmax of one entry is 1, whatever it is."""
    if a.x.shape[a.axis] == 1:
        o.p = np.where(a.x == -np.inf, o.p, np.ones_like(o.p))


@leak(
    base_softmax.softmax, "result",
    witness=differs(case("softmax", shape=(2, 3), x=put((0, 1), np.nan))),
)  # fmt: skip
def softmax_of_three_loses_nan(a, o):
    """In rows of three a NaN counts as -inf."""
    if a.x.shape[a.axis] == 3:
        o.p = np.nan_to_num(o.p, nan=0.0)


@leak(
    base_layer_norm.layer_norm, "result",
    witness=differs(case("layer_norm", shape=(3, 1), x=fill(np.nan))),
)  # fmt: skip
def layer_norm_of_one_feature_is_its_bias(a, o):
    """One feature gives its bias, whatever it is."""
    if a.x.shape[-1] == 1:
        o.y = np.broadcast_to(a.bias, a.x.shape).copy()
