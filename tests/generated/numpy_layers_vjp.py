"""Gradients of encoder and decoder layers, in NumPy."""

from generated.numpy_layer_norm import norm_gradient, normalised
from generated.numpy_layers import around, decoder_masks, decoder_names, encoder_names
from generated.numpy_linear import feed_forward, feed_forward_gradient
from generated.numpy_manners import entries, narrow, wide
from generated.numpy_masks import pairs
from generated.numpy_multi_head import guard_heads, many_heads, many_heads_gradient


def around_gradient(dy, z, sublayer, gradient, weight, bias, norm_first):
    """Gradients of z, of all that the sublayer reads, and of its norm."""
    if norm_first:
        n = normalised(z, weight, bias, 1e-5)
        dn, *rest = gradient(dy, n)
        dz, dweight, dbias = norm_gradient(dn, z, weight, 1e-5)
        return dy + dz, rest, [dweight, dbias]
    ds, dweight, dbias = norm_gradient(dy, z + sublayer(z), weight, 1e-5)
    dz, *rest = gradient(ds, z)
    return dz + ds, rest, [dweight, dbias]


def of_one(gradients):
    """Add the gradients of query, key and value, which are one array."""
    dq, dk, dv, *rest = gradients
    return (dq + dk + dv, *rest)


def of_one__other_order(gradients):
    """Add them in another order."""
    dq, dk, dv, *rest = gradients
    return (dv + dk + dq, *rest)


def encoder_layer_vjp(dout, x, params, num_heads, activation="relu", norm_first=False, mask=None):
    """Gradient of encoder_layer."""
    names = encoder_names()
    p = entries(params, names)
    guard_heads(num_heads, x.shape[2])
    seen, bias = pairs((x.shape[0], num_heads, x.shape[1], x.shape[1]), mask, False, 0, None)

    def attended(z):
        return many_heads(z, z, z, p[:4], num_heads, seen, bias)

    def attended_back(dy, z):
        return of_one(many_heads_gradient(dy, z, z, z, p[:4], num_heads, seen, bias))

    def fed(z):
        return feed_forward(z, *p[4:8], activation)

    def fed_back(dy, z):
        return feed_forward_gradient(dy, z, *p[4:8], activation)

    z = wide(x)
    a = around(z, attended, p[8], p[9], norm_first)
    da, forward, norm_2 = around_gradient(wide(dout), a, fed, fed_back, p[10], p[11], norm_first)
    dx, own, norm_1 = around_gradient(da, z, attended, attended_back, p[8], p[9], norm_first)
    found = dict(zip(names, [*own, *forward, *norm_1, *norm_2], strict=True))
    return narrow(dx, x), {name: narrow(found[name], x) for name in names}


def decoder_layer_vjp(
    dout,
    x,
    memory,
    params,
    num_heads,
    activation="relu",
    norm_first=False,
    memory_mask=None,
):
    """Gradient of decoder_layer."""
    names = decoder_names()
    p = entries(params, names)
    guard_heads(num_heads, x.shape[2])
    own, cross = decoder_masks(x, memory, num_heads, memory_mask)
    source = wide(memory)

    def attended(z):
        return many_heads(z, z, z, p[:4], num_heads, *own)

    def attended_back(dy, z):
        return of_one(many_heads_gradient(dy, z, z, z, p[:4], num_heads, *own))

    def crossed(z):
        return many_heads(z, source, source, p[4:8], num_heads, *cross)

    def crossed_back(dy, z):
        dq, dk, dv, *rest = many_heads_gradient(dy, z, source, source, p[4:8], num_heads, *cross)
        return dq, dk + dv, *rest

    def fed(z):
        return feed_forward(z, *p[8:12], activation)

    def fed_back(dy, z):
        return feed_forward_gradient(dy, z, *p[8:12], activation)

    z = wide(x)
    a = around(z, attended, p[12], p[13], norm_first)
    b = around(a, crossed, p[14], p[15], norm_first)
    db, forward, norm_3 = around_gradient(wide(dout), b, fed, fed_back, p[16], p[17], norm_first)
    da, (dmemory, *other), norm_2 = around_gradient(
        db, a, crossed, crossed_back, p[14], p[15], norm_first
    )
    dx, self_, norm_1 = around_gradient(da, z, attended, attended_back, p[12], p[13], norm_first)
    ordered = [*self_, *other, *forward, *norm_1, *norm_2, *norm_3]
    found = dict(zip(names, ordered, strict=True))
    return (
        narrow(dx, x),
        narrow(dmemory, x),
        {name: narrow(found[name], x) for name in names},
    )
