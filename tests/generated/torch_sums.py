"""Sums along the last axis, means, moments and products, in torch. Gradients are autograd's."""

import torch

TILE, LANES, ORDER = 16, 4, 0


def total(x):
    """Sum along the last axis, which is kept."""
    return x.sum(-1, keepdim=True)


def total__one_by_one(x):
    """From the first to the last."""
    s = torch.zeros_like(x[..., :1]) if x.shape[-1] else x.sum(-1, keepdim=True)
    for k in range(x.shape[-1]):
        s = s + x[..., k : k + 1]
    return s


def total__backwards(x):
    """By the running sum of the flipped axis."""
    if not x.shape[-1]:
        return x.sum(-1, keepdim=True)
    return torch.cumsum(x.flip(-1), -1)[..., -1:]


def total__in_pairs(x):
    """A balanced tree of neighbours."""
    if not x.shape[-1]:
        return x.sum(-1, keepdim=True)
    while x.shape[-1] > 1:
        even = x.shape[-1] // 2 * 2
        x = torch.cat([x[..., :even:2] + x[..., 1:even:2], x[..., even:]], -1)
    return x


def total__in_blocks(x):
    """Blocks are summed, then their sums."""
    if not x.shape[-1]:
        return x.sum(-1, keepdim=True)
    blocks = [block.sum(-1, keepdim=True) for block in x.split(TILE, -1)]
    s = blocks[0]
    for block in blocks[1:]:
        s = s + block
    return s


def total__padded_to_tiles(x):
    """Zeros fill the last tile."""
    padded = torch.nn.functional.pad(x, (0, -x.shape[-1] % TILE))
    tiles = padded.reshape(*x.shape[:-1], padded.shape[-1] // TILE, TILE)
    return tiles.sum(-2).sum(-1, keepdim=True)


def total__in_lanes(x):
    """Every so many entries are one lane."""
    lanes = [x[..., k::LANES].sum(-1, keepdim=True) for k in range(LANES)]
    s = lanes[0]
    for lane in lanes[1:]:
        s = s + lane
    return s


def total__shuffled(x):
    """In an order that is drawn once for each length."""
    n = x.shape[-1]
    places = sorted(range(n), key=lambda k: (k * 7919 + ORDER * 104729) % 1009)
    return x[..., places].sum(-1, keepdim=True) if n else x.sum(-1, keepdim=True)


def total__compensated(x):
    """Kahan (1965): what each addition loses is added to the next term."""
    s = torch.zeros_like(x.sum(-1, keepdim=True))
    c = torch.zeros_like(s)
    for k in range(x.shape[-1]):
        y = x[..., k : k + 1] - c
        t = s + y
        c = torch.where(t.isfinite(), (t - s) - y, torch.zeros_like(t))
        s = t
    return s


def total__in_float64(x):
    """In a wider type, rounded once."""
    return x.sum(-1, keepdim=True, dtype=torch.float64).to(x.dtype)


def total__by_ones(x):
    """A product with a vector of ones."""
    return x @ torch.ones((x.shape[-1], 1), dtype=x.dtype, device=x.device)


def total__einsum(x):
    """By einsum."""
    return torch.einsum("...k->...", x)[..., None]


def mean(x):
    """Mean along the last axis, which is kept; 0 of nothing."""
    return total(x) / max(x.shape[-1], 1)


def mean__reciprocal(x):
    """The division is a product."""
    return total(x) * (1 / max(x.shape[-1], 1))


def mean__running(x):
    """Each term moves the mean of those before it."""
    m = torch.zeros_like(x.sum(-1, keepdim=True))
    for k in range(x.shape[-1]):
        m = m + (x[..., k : k + 1] - m) / (k + 1)
    return m


def moments(x):
    """Mean and biased variance along the last axis, in two passes."""
    m = mean(x)
    d = x - m
    return m, mean(d * d)


def moments__squared(x):
    """By the square."""
    m = mean(x)
    return m, mean(torch.square(x - m))


def moments__torch(x):
    """By torch's own function."""
    if not x.shape[-1]:
        return x.sum(-1, keepdim=True), x.sum(-1, keepdim=True)
    variance, m = torch.var_mean(x, -1, correction=0, keepdim=True)
    return m, variance


def moments__welford(x):
    """Welford (1962): mean and sum of squares run along."""
    m = torch.zeros_like(x.sum(-1, keepdim=True))
    squares = torch.zeros_like(m)
    for k in range(x.shape[-1]):
        term = x[..., k : k + 1]
        d = term - m
        m = m + d / (k + 1)
        squares = squares + d * (term - m)
    return m, squares / max(x.shape[-1], 1)


def product(a, b):
    """By torch."""
    return a @ b


def product__einsum(a, b):
    """By einsum."""
    return torch.einsum("...ij,...jk->...ik", a, b)


def product__transposed(a, b):
    """From the transposed operands."""
    return (b.transpose(-1, -2) @ a.transpose(-1, -2)).transpose(-1, -2)


def product__stored_transposed(a, b):
    """The second operand is stored by columns."""
    return a @ b.transpose(-1, -2).contiguous().transpose(-1, -2)


def product__outer(a, b):
    """A sum of outer products, one by one."""
    out = a[..., :, :0] @ b[..., :0, :]
    for j in range(a.shape[-1]):
        out = out + a[..., :, j : j + 1] * b[..., j : j + 1, :]
    return out


def product__fused(a, b):
    """A running multiply-add."""
    out = a[..., :, :0] @ b[..., :0, :]
    for j in range(a.shape[-1]):
        out = torch.addcmul(out, a[..., :, j : j + 1], b[..., j : j + 1, :])
    return out


def product__by_sums(a, b):
    """All terms, then their sums."""
    terms = a[..., :, None, :] * b.transpose(-1, -2)[..., None, :, :]
    return total(terms)[..., 0]


def product__in_tiles(a, b):
    """The inner axis in tiles, whose products add up."""
    out = a[..., :, :0] @ b[..., :0, :]
    for j in range(0, a.shape[-1], TILE):
        out = out + a[..., :, j : j + TILE] @ b[..., j : j + TILE, :]
    return out


def product__padded(a, b):
    """The inner axis padded to whole tiles with zeros."""
    more = -a.shape[-1] % TILE
    pad = torch.nn.functional.pad
    return pad(a, (0, more)) @ pad(b, (0, 0, 0, more))


def product__row_by_row(a, b):
    """Each row of the first operand by itself."""
    rows = [a[..., i : i + 1, :] @ b for i in range(a.shape[-2])]
    return torch.cat(rows, -2) if rows else a @ b


def product__in_float64(a, b):
    """In a wider type, rounded once."""
    return (a.double() @ b.double()).to(a.dtype)


def fused(a, b, c):
    """Compute a b + c, entry by entry."""
    return a * b + c


def fused__addcmul(a, b, c):
    """By torch's own function."""
    return torch.addcmul(c, a, b)


def fused__by_float64(a, b, c):
    """The product is exact in a wider type, the sum rounded once."""
    return (a.double() * b + c).to(a.dtype)


def swapped(x):
    """Transpose the last two axes."""
    return x.transpose(-1, -2)


def swapped__stored(x):
    """Transpose the last two axes and store the result."""
    return x.mT.contiguous()
