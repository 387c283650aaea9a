"""Wrong multi-head attention and encoder layers in torch: forward, gradients by autograd."""

import math
from functools import partial

import torch

from zoo.cases import boolean, case, floating
from zoo.decoder import base_torch as decoder
from zoo.entries import wrong
from zoo.manners import unsteady
from zoo.multi_head import base_torch as base
from zoo.multi_head.base_torch import encoder_layer, multi_head_attention
from zoo.witness import differs, gradient_differs

heads = partial(wrong, multi_head_attention)
layer = partial(wrong, encoder_layer)
given, encoded = partial(case, "multi_head_attention"), partial(case, "encoder_layer")
ANY, POST = differs(given()), differs(encoded())


@heads(None, "heads", ANY, diagnosis="heads interleaved")
def torch_heads_interleaved():
    """Head n has the features n, n + N, n + 2N, ... instead of a block."""
    return {
        "split": lambda a, x: x.unflatten(-1, (-1, a.num_heads)).permute(0, 3, 1, 2),
        "join": lambda a, h: h.permute(0, 2, 3, 1).flatten(2),
    }


@heads("join", "heads", ANY, diagnosis="heads joined without a transposition")
def torch_heads_joined_by_reshape(a, h):
    """The heads' results are read as (B, L, E) as they lie in memory."""
    batch, n, length, d = h.shape
    return h.reshape(batch, length, n * d)


@heads("blocks", "projections", ANY, diagnosis="projections in the order key, query, value")
def torch_blocks_key_query_value(a, t):
    """The rows of the first projection are read as key, query, value."""
    k, q, v = base.blocks(a, t)
    return q, k, v


@heads("boolean", "masks", differs(given(mask=boolean())), diagnosis="mask polarity")
def torch_heads_mask_inverted(a):
    """True in a mask forbids, as in torch's layer."""
    return ~base.boolean(a)


@heads("causal", "masks", differs(given(is_causal=True)), diagnosis="causal off by one")
def torch_heads_causal_strict(a, i, j):
    """A query may not attend to its own key."""
    return j < i


@heads("factor", "scale", ANY, diagnosis="scale 1/sqrt(E)")
def torch_scale_of_all_features(a, d):
    """The scale is that of all features."""
    return 1 / math.sqrt(d * a.num_heads)


@heads("last", "projections", ANY, diagnosis="no bias in the last projection")
def torch_last_without_bias(a, x):
    """The bias of the last projection is left out."""
    return x @ a.out_proj_weight.mT


@heads("softmax", "gradient", gradient_differs(given()))
def torch_heads_weights_detached(a, s):
    """No gradient passes through the weights."""
    return decoder.softmax(a, s).detach()


@heads("softmax", "random", unsteady(given(S=9, L=9)))
def torch_heads_dropout_left_on(a, s):
    """A tenth of the weights is dropped at random, as in training."""
    return torch.nn.functional.dropout(decoder.softmax(a, s), 0.1)


@layer("sublayer", "norms", differs(encoded(norm_first=True)), diagnosis="norm_first ignored")
def torch_layer_norm_first_ignored(a, z, f, name):
    """The norms always stand behind the additions."""
    return a.part.normal(a, z + f(a, z), name)


@layer("sublayer", "residuals", POST)
def torch_layer_without_residuals(a, z, f, name):
    """What a sublayer gives takes the place of its input."""
    return a.part.normal(a, f(a, z), name)


@layer("order", "norms", POST, diagnosis="the norms exchanged")
def torch_layer_norms_exchanged(a):
    """Each norm has the other's weight and bias."""
    return [(a.part.itself, "norm2"), (a.part.feed, "norm1")]


@layer("order", "order", POST)
def torch_layer_feeds_first(a):
    """The feed-forward network stands before the attention."""
    return [(a.part.feed, "norm2"), (a.part.itself, "norm1")]


@layer("activation", "activation", differs(encoded(activation="gelu"), 1e-5),
       diagnosis="gelu by tanh")  # fmt: skip
def torch_layer_gelu_by_tanh(a, z):
    """gelu is its approximation by tanh."""
    if a.activation == "relu":
        return torch.relu(z)
    return torch.nn.functional.gelu(z, approximate="tanh")


@layer("added", "masks", differs(encoded(mask=floating("B N T T"))))
def torch_layer_mask_of_numbers_ignored(a):
    """What a floating mask adds is left out, but for its -inf."""
    return 0.0


@layer("feed", "random", unsteady(encoded(B=4, T=9)))
def torch_layer_dropout_left_on(a, z):
    """A tenth of what the feed-forward network gives is dropped at random, as in training."""
    return torch.nn.functional.dropout(decoder.feed(a, z), 0.1)


@layer("itself", "gradient", gradient_differs(encoded()))
def torch_layer_attention_detached(a, z):
    """No gradient passes through the attention."""
    return base.itself(a, z).detach()
