"""Encoder and decoder layers, in torch: sublayers with a way past and a norm."""

from generated.torch_layer_norm import normalised
from generated.torch_linear import feed_forward, guard_heads, many_heads
from generated.torch_manners import entries, narrow, stored, wide
from generated.torch_masks import pairs


def attention_names(prefix):
    """Names of the parameters of an attention."""
    parts = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    return [f"{prefix}.{part}" for part in parts]


def forward_names():
    """Names of the parameters of the feed-forward network."""
    return [f"linear{i}.{part}" for i in (1, 2) for part in ("weight", "bias")]


def encoder_names():
    """Names of the parameters of an encoder layer."""
    norms = [f"norm{i}.{part}" for i in (1, 2) for part in ("weight", "bias")]
    return [*attention_names("self_attn"), *forward_names(), *norms]


def decoder_names():
    """Names of the parameters of a decoder layer."""
    norms = [f"norm{i}.{part}" for i in (1, 2, 3) for part in ("weight", "bias")]
    attentions = [*attention_names("self_attn"), *attention_names("multihead_attn")]
    return [*attentions, *forward_names(), *norms]


def around(z, sublayer, weight, bias, norm_first, dtype):
    """A sublayer with the way past it."""
    if norm_first:
        return stored(z + sublayer(stored(normalised(z, weight, bias, 1e-5), dtype)), dtype)
    return stored(normalised(stored(z + sublayer(z), dtype), weight, bias, 1e-5), dtype)


def around__swapped(z, sublayer, weight, bias, norm_first, dtype):
    """The sublayer is added to what passes it."""
    y = sublayer(normalised(z, weight, bias, 1e-5) if norm_first else z) + z
    return y if norm_first else normalised(y, weight, bias, 1e-5)


def encoder_layer(x, params, num_heads, activation="relu", norm_first=False, mask=None):
    """Self-attention, then a feed-forward network."""
    p = entries(params, encoder_names())
    guard_heads(num_heads, x.shape[2])
    shape, dtype = (x.shape[0], num_heads, x.shape[1], x.shape[1]), x.dtype
    seen, bias = pairs(shape, mask, False, 0, None, x.device)

    def attended(z):
        return many_heads(z, z, z, p[:4], num_heads, seen, bias, dtype)

    def fed(z):
        return feed_forward(z, *p[4:8], activation, dtype)

    a = around(wide(x), attended, p[8], p[9], norm_first, dtype)
    return narrow(around(a, fed, p[10], p[11], norm_first, dtype), x)


def decoded(x, memory, p, num_heads, activation, norm_first, masks, dtype):
    """Run the three sublayers of a decoder layer."""
    own, cross = masks

    def attended(z):
        return many_heads(z, z, z, p[:4], num_heads, *own, dtype)

    def crossed(z):
        return many_heads(z, memory, memory, p[4:8], num_heads, *cross, dtype)

    def fed(z):
        return feed_forward(z, *p[8:12], activation, dtype)

    a = around(x, attended, p[12], p[13], norm_first, dtype)
    b = around(a, crossed, p[14], p[15], norm_first, dtype)
    return around(b, fed, p[16], p[17], norm_first, dtype)


def decoder_masks(x, memory, num_heads, memory_mask):
    """Masks of the causal self-attention and of the attention to the memory."""
    batch, time = x.shape[:2]
    own = pairs((batch, num_heads, time, time), None, True, 0, None, x.device)
    shape = (batch, num_heads, time, memory.shape[1])
    return own, pairs(shape, memory_mask, False, 0, None, x.device)


def decoder_layer(
    x, memory, params, num_heads, activation="relu", norm_first=False, memory_mask=None
):
    """Causal self-attention, attention to the memory, a feed-forward network."""
    p = entries(params, decoder_names())
    guard_heads(num_heads, x.shape[2])
    masks = decoder_masks(x, memory, num_heads, memory_mask)
    y = decoded(wide(x), wide(memory), p, num_heads, activation, norm_first, masks, x.dtype)
    return narrow(y, x)
