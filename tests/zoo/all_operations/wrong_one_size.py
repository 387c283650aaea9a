"""Wrong at one size, which nothing draws by chance: only a sweep through all sizes comes there."""

from functools import partial

import numpy as np

from zoo.cases import case, times
from zoo.decoder import base as base_decoder
from zoo.encoder import base as base_encoder
from zoo.entries import wrong
from zoo.layer_norm import base as base_layer_norm
from zoo.markov import base as base_markov
from zoo.multi_head import base as base_multi_head
from zoo.positions import base as base_positions
from zoo.witness import differs, gradient_differs

NORM, HEADS, CHAIN = (
    partial(case, name) for name in ("layer_norm", "multi_head_attention", "markov_log_prob")
)
DECODER, ENCODER, ROTARY = (
    partial(case, name) for name in ("decoder_layer", "encoder_layer", "rotary_embedding")
)


@wrong(
    base_layer_norm.layer_norm,
    "variance",
    "one size only",
    differs(NORM(shape=(2, 45), weight=times(4))),
)
def layer_norm_variance_of_44_at_45(a, d):
    """With 45 features the last one is left out of the variance."""
    return base_layer_norm.variance(a, d[..., :44] if d.shape[-1] == 45 else d)


@wrong(
    base_layer_norm.layer_norm, "dweight", "one size only", gradient_differs(NORM(shape=(58, 4)))
)
def layer_norm_dweight_of_57_at_58(a, h):
    """With 58 positions the last one is missing from the gradient of the weight."""
    kept = a.dy * h
    if kept.ndim == 2 and len(kept) == 58:
        kept = kept[:57]
    return base_layer_norm.over_positions(a, kept)


@wrong(
    base_multi_head.multi_head_attention,
    "split",
    "one size only",
    differs(HEADS(N=2, E=48)),
)
def multi_head_feature_lost_at_24(a, x):
    """Of heads of 24 features the last one is lost."""
    h = base_multi_head.split(a, x)
    return np.where(np.arange(24) < 23, h, 0).astype(h.dtype) if h.shape[-1] == 24 else h


@wrong(
    base_multi_head.multi_head_attention,
    "join",
    "one size only",
    differs(HEADS(N=5, E=10)),
)
def multi_head_last_two_of_five_exchanged(a, h):
    """Of five heads the last two are exchanged."""
    return base_multi_head.join(a, h[:, [0, 1, 2, 4, 3]] if h.shape[1] == 5 else h)


@wrong(base_decoder.decoder_layer, "seen", "one size only", differs(DECODER(S=45)))
def decoder_last_of_45_not_seen(a):
    """Of a memory of 45 the last position is not seen."""
    allowed, added, memory = base_decoder.seen(a)
    if allowed.shape[-1] == 45:
        allowed = allowed & (np.arange(45) < 44)
    return allowed, added, memory


@wrong(base_encoder.encoder_layer, "activation", "one size only", differs(ENCODER(F=37)))
def encoder_hidden_unit_lost_at_37(a, z):
    """Of 37 hidden units the last one is lost."""
    h = base_encoder.activation(a, z)
    return np.where(np.arange(37) < 36, h, 0).astype(h.dtype) if h.shape[-1] == 37 else h


@wrong(base_positions.rotary_embedding, "pairs", "one size only", differs(ROTARY(D=44)))
def rotary_last_pair_lost_at_44(a, z):
    """Of 44 features the last pair is lost."""
    u, v = base_positions.pairs(a, z)
    keep = (np.arange(u.shape[-1]) != 21) | (u.shape[-1] != 22)
    return u * keep, v * keep


@wrong(base_markov.markov_log_prob, "total", "one size only", differs(CHAIN(T=52)))
def markov_step_lost_at_52(a, one, logs):
    """Of 52 states the last step is lost."""
    return base_markov.total(a, one, logs[:, :-1] if a.states.shape[1] == 52 else logs)
