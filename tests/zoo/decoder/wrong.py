"""Wrong decoder layers in NumPy."""

import math
from functools import partial

import numpy as np

from zoo import calling
from zoo.cases import boolean, case, fill, floating, put, times
from zoo.decoder import base
from zoo.decoder.base import decoder_layer
from zoo.entries import wrong
from zoo.witness import differs, gradient_differs

given = partial(case, "decoder_layer")
layer = partial(wrong, decoder_layer)
ANY = differs(given())
OVER = {"L": 5}  # so that masks over B, N, L and S fit T
MASKED = differs(given(**OVER, memory_mask=boolean()))


@layer("causal", "causal or offset", ANY, diagnosis="no causal mask")
def decoder_sees_what_follows(a, i, j):
    """Self-attention is not causal: every position attends to all."""
    return np.ones(np.broadcast_shapes(i.shape, j.shape), bool)


@layer("causal", "causal or offset", ANY, diagnosis="causal off by one")
def decoder_sees_one_ahead(a, i, j):
    """A position attends to the one after it, too."""
    return j <= i + 1


@layer("causal", "causal or offset", ANY)
def decoder_does_not_see_itself(a, i, j):
    """A position attends to those before it, but not to itself; the first one to itself alone."""
    return (j < i) | ((i == 0) & (j == 0))


@layer("causal", "causal or offset", differs(given(T=9)))
def decoder_sees_the_last_eight(a, i, j):
    """A position attends to no more than eight: a window that nobody asked for."""
    return (j <= i) & (j > i - 8)


@layer("seen", "causal or offset", ANY, diagnosis="attention to memory is causal")
def decoder_memory_is_causal(a):
    """Attention to the memory is causal, like the one to itself."""
    allowed, added, memory = base.seen(a)
    i, j = np.arange(allowed.shape[2])[:, None], np.arange(allowed.shape[3])
    return allowed & (j <= i), added, memory


@layer("seen", "option ignored", MASKED, diagnosis="memory_mask ignored")
def decoder_memory_mask_ignored(a):
    """The memory mask is ignored."""
    a.memory_mask = None
    return base.seen(a)


@layer("seen", "option ignored", differs(given(**OVER, memory_mask=floating())))
def decoder_floating_memory_mask_is_boolean(a):
    """A floating memory mask only forbids: what it adds to the scores is lost."""
    allowed, added, memory = base.seen(a)
    return allowed, 0 * np.zeros_like(added), memory


@layer("seen", "mask", MASKED, diagnosis="memory_mask polarity")
def decoder_memory_mask_polarity(a):
    """True in a boolean memory mask is taken for masked out, as torch's layers take it."""
    if a.memory_mask is not None and a.memory_mask.dtype == bool:
        a.memory_mask = ~a.memory_mask
    return base.seen(a)


@layer("seen", "mask", differs(given(B=4, **OVER, memory_mask=boolean("B N L S"))))
def decoder_memory_mask_heads_for_rows(a):
    """Where there are as many rows as heads, a mask's first two axes are taken for each other."""
    mask = a.memory_mask
    if mask is not None and mask.ndim == 4 and mask.shape[0] == mask.shape[1]:
        a.memory_mask = mask.swapaxes(0, 1)
    return base.seen(a)


@layer("seen", "indexing", ANY, diagnosis="memory of the first row")
def decoder_memory_of_the_first_row(a):
    """Every row of the batch attends to the memory of the first."""
    allowed, added, memory = base.seen(a)
    return allowed, added, np.repeat(memory[:1], len(memory), axis=0)


@layer("seen", "indexing", ANY)
def decoder_last_of_the_memory_lost(a):
    """The last of the memory is never attended to, unless it is alone."""
    allowed, added, memory = base.seen(a)
    return allowed & ((np.arange(memory.shape[1]) < memory.shape[1] - 1) | (
        memory.shape[1] == 1)), added, memory  # fmt: skip


@layer("seen", "masked values leak", differs(
    given(**OVER, memory_mask=boolean("S", where=np.s_[2]), memory=put(np.s_[:, 2], np.nan))
))  # fmt: skip
def decoder_masked_memory_leaks(a):
    """A NaN in memory that nobody may attend to is weighted by 0, which is NaN."""
    allowed, added, _ = base.seen(a)
    read = np.where(np.isnan(a.memory).any(-1, keepdims=True), 0, a.memory)
    spoilt = np.isnan(a.memory).any((1, 2), keepdims=True)
    return allowed, added, np.where(spoilt, read + np.nan, read)


@layer("softmax", "fully masked", differs(
    given(**OVER, memory_mask=boolean("L S", where=np.s_[2]))
))  # fmt: skip
def decoder_blind_position_takes_the_mean(a, s):
    """A position that may see nothing of the memory gets the mean of it, though zeros are due."""
    p = base.softmax(a, s)
    return np.where(np.all(s == -np.inf, axis=-1, keepdims=True), 1 / max(s.shape[-1], 1), p)


@layer("weight", "wiring", ANY, diagnosis="self_attn and multihead_attn exchanged")
def decoder_attentions_exchanged(a, name):
    """The parameters of the two attentions are taken for each other's."""
    names = {"self_attn": "multihead_attn", "multihead_attn": "self_attn"}
    head, dot, rest = name.partition(".")
    return a.params[names.get(head, head) + dot + rest]


@layer("weight", "wiring", ANY, diagnosis="norm2 and norm3 exchanged")
def decoder_norms_exchanged(a, name):
    """The second norm's parameters are used for the third, and the other way round."""
    names = {"norm2": "norm3", "norm3": "norm2"}
    head, dot, rest = name.partition(".")
    return a.params[names.get(head, head) + dot + rest]


@layer("weight", "wiring", ANY, diagnosis="norm1 for all norms")
def decoder_one_norm_for_all(a, name):
    """The first norm's parameters serve all three."""
    head, dot, rest = name.partition(".")
    return a.params[("norm1" if head.startswith("norm") else head) + dot + rest]


@layer("weight", "bias", ANY, diagnosis="no multihead_attn.out_proj.bias")
def decoder_no_bias_behind_the_memory(a, name):
    """The last bias of the attention to the memory is missing."""
    return a.params[name] * (name != "multihead_attn.out_proj.bias")


@layer("order", "wiring", ANY, diagnosis="memory before self-attention")
def decoder_memory_first(a):
    """The memory is attended to before the sequence itself; each keeps its norm."""
    first, second, third = base.order(a)
    return [second, first, third]


@layer("arguments", "option ignored", differs(given(norm_first=True)),
       diagnosis="norm_first ignored")  # fmt: skip
def decoder_norm_first_ignored(a):
    """Sums are normalised whatever norm_first says."""
    a.norm_first = False


@layer("arguments", "option ignored", differs(given(activation="gelu", x=times(3))),
       diagnosis="activation ignored")  # fmt: skip
def decoder_activation_ignored(a):
    """relu, whatever the activation is to be."""
    a.activation = "relu"


@layer("activation", "formula", differs(given(activation="gelu", x=times(3)), 1e-5),
       diagnosis="gelu by tanh")  # fmt: skip
def decoder_gelu_by_tanh(a, z):
    """gelu by its approximation with tanh: some 1e-4 of the hidden numbers, far above rounding."""
    if a.activation == "relu":
        return base.activation(a, z)
    c = z.dtype.type(math.sqrt(2 / math.pi))
    return z / 2 * (1 + np.tanh(c * (z + z.dtype.type(0.044715) * z**3)))


@layer("sublayer", "wiring", ANY, diagnosis="no way past the attention to memory")
def decoder_no_way_past_the_memory(a, z, f, name):
    """What attention to the memory gives replaces its input, in place of being added to it."""
    if name != "norm2":
        return base.sublayer(a, z, f, name)
    n, first = a.part.normal(a, z, name) if a.norm_first else (z, lambda dy: dy)
    y, back = f(a, n)
    out, last = (y, lambda dy: dy) if a.norm_first else a.part.normal(a, y, name)
    return out, lambda dy: first(back(last(dy)))


@layer("sublayer", "wiring", differs(given(norm_first=True)))
def decoder_residual_from_behind_the_norm(a, z, f, name):
    """With norm_first the normalised input is added, not the input."""
    if not a.norm_first:
        return base.sublayer(a, z, f, name)
    n, norm_back = a.part.normal(a, z, name)
    y, back = f(a, n)
    return n + y, lambda dy: norm_back(dy + back(dy))


@layer("normal", "formula", ANY, diagnosis="the unbiased variance")
def decoder_variance_by_one_less(a, z, name):
    """The norms divide by n - 1, as NumPy's ddof=1 and torch's var do."""
    n = z.shape[-1]
    y, back = base.normal(a, z, name)
    b = a.part.weight(a, f"{name}.bias")
    shrink = z.dtype.type(math.sqrt(max(n - 1, 1) / n)) if n else 1
    return (y - b) * shrink + b, lambda dy: back(dy * shrink)


@layer("factor", "scale", ANY, diagnosis="scale 1/sqrt(E)")
def decoder_scale_of_all_features(a, d):
    """Scores are divided by the root of all features, not of a head's."""
    return 1 / math.sqrt(d * a.num_heads)


@layer("split", "indexing", ANY, diagnosis="heads interleaved")
def decoder_heads_interleaved(a, t):
    """Head n takes every N-th feature from n on, in place of a block."""
    batch, length, e = t.shape
    return t.reshape(batch, length, e // a.num_heads, a.num_heads).transpose(0, 3, 1, 2)


@layer("arguments", "cheat", differs(given(memory=fill(0.5))))
def decoder_constant_memory_left_out(a):
    """Memory that is the same everywhere is taken for padding."""
    if a.memory.size and (a.memory == a.memory.flat[0]).all():
        a.memory = np.zeros_like(a.memory)


@layer("vjp_result", "gradient", gradient_differs(given()), diagnosis="memory without a gradient")
def decoder_memory_without_gradient(a, g):
    """The memory is given no gradient: the encoder never learns."""
    g.memory = np.zeros_like(g.memory)


@layer("vjp_result", "gradient", gradient_differs(given()))
def decoder_gradient_of_memory_halved(a, g):
    """The gradient of the memory is the mean of those as keys and as values, not their sum."""
    g.memory = g.memory / 2


@layer("vjp_result", "gradient", gradient_differs(given(), only=("out",)))
def decoder_gradients_of_two_norms_exchanged(a, g):
    """The gradients of the second and the third norm stand under each other's names."""
    for part in ("weight", "bias"):
        two, three = g.params[f"norm2.{part}"], g.params[f"norm3.{part}"]
        g.params = {**g.params, f"norm2.{part}": three, f"norm3.{part}": two}


@layer("vjp_result", "gradient", gradient_differs(given()))
def decoder_biases_without_gradient(a, g):
    """The queries', keys' and values' biases of self-attention are given no gradient."""
    name = "self_attn.in_proj_bias"
    g.params = {**g.params, name: np.zeros_like(g.params[name])}


@layer("slope", "gradient", gradient_differs(given(**{
    "params.linear1.weight": fill(0.0), "params.linear1.bias": fill(0.0)
})))  # fmt: skip
def decoder_relu_has_a_slope_at_zero(a, z):
    """relu has slope 1 at 0, where the contract says 0."""
    return (z >= 0).astype(z.dtype) if a.activation == "relu" else base.slope(a, z)


def of_itself(subject):
    """One array as text and memory gives something else than two equal ones."""
    arrays, options = calling.native(subject, given(**OVER, S=5, memory_mask=boolean("L S")))
    once = calling.outputs(subject, "decoder_layer", {**arrays, "memory": arrays["x"]}, options)
    twice = {**arrays, "memory": arrays["x"].copy()}
    other = calling.outputs(subject, "decoder_layer", twice, options)
    return bool(np.abs(once[0] - other[0]).max() > 1e-3)


@layer("arguments", "option ignored", of_itself)
def decoder_of_itself_without_mask(a):
    """Where text and memory are one array, memory_mask is left out."""
    if a.memory is a.x:
        a.memory_mask = None
