"""Right attention in NumPy: other orders, formulas, precisions, traits and offers than the base."""

import numpy as np

from zoo.attention import base
from zoo.attention.base import attention
from zoo.entries import right, right_functions
from zoo.roundings import bfloat16, tf32
from zoo.signatures import shape_of


@right(attention, None, "plain")
def attention_plain():
    """The base as it is."""
    return {}


def _online(build, tile):
    """Forward by a running softmax over tiles of keys; the vjp is the base's."""

    def forward_softmax(a, s):
        return s  # the masked scores go on to the product as they are

    def product(a, s, v, allowed):
        shape = {"B": s.shape[0], "N": s.shape[1], "L": s.shape[2], "V": v.shape[-1]}
        out = np.zeros(shape_of("B N L V", shape), s.dtype)
        m = np.full((*s.shape[:-1], 1), -np.inf, s.dtype)
        total = np.zeros_like(m)
        for j in range(0, s.shape[-1], tile):
            top = np.maximum(m, s[..., j : j + tile].max(-1, keepdims=True))
            safe = np.where(top == -np.inf, 0, top)
            e, shrink = np.exp(s[..., j : j + tile] - safe), np.exp(m - safe)
            total = total * shrink + e.sum(-1, keepdims=True)
            part = base.product(a, e, v[:, :, j : j + tile], allowed[..., j : j + tile])
            out = out * shrink + part
            m = top
        return out / np.where(total == 0, 1, total)

    forward = build(softmax=forward_softmax, product=product)
    return {"attention": forward["attention"], "attention_vjp": build()["attention_vjp"]}


@right_functions(attention, "formulation")
def attention_online_16(build):
    """The softmax runs over tiles of 16 keys and is rescaled at each."""
    return _online(build, 16)


@right_functions(attention, "formulation")
def attention_online_64(build):
    """The softmax runs over tiles of 64 keys."""
    return _online(build, 64)


@right_functions(attention, "formulation")
def attention_normalised_last(build):
    """The product with the values comes first, the normaliser after it."""

    def exponentials(a, s):
        m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
        return np.exp(s - np.where(m == -np.inf, 0, m))

    def product(a, e, v, allowed):
        total = e.sum(-1, keepdims=True)
        return base.product(a, e, v, allowed) / np.where(total == 0, 1, total)

    forward = build(softmax=exponentials, product=product)
    return {"attention": forward["attention"], "attention_vjp": build()["attention_vjp"]}


@right(attention, "scores", "formulation")
def attention_scale_on_q(a, q, k):
    """The scale is put on the queries."""
    return (q * q.dtype.type(base.factor(a))) @ np.swapaxes(k, -1, -2)


@right(attention, "scores", "formulation")
def attention_scale_root_on_both(a, q, k):
    """The root of the scale is put on queries and keys."""
    c = base.factor(a)
    root = q.dtype.type(np.sqrt(abs(c)))
    return (q * root * np.sign(q.dtype.type(c))) @ np.swapaxes(k * root, -1, -2)


@right(attention, "softmax", "formulation")
def attention_by_exp2(a, s):
    """log2(e) is multiplied into scores and maximum, and exp is a power of two."""
    m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
    log2e = s.dtype.type(np.log2(np.e))
    e = np.exp2(s * log2e - np.where(m == -np.inf, 0, m * log2e))
    total = e.sum(-1, keepdims=True)
    return np.where(m == -np.inf, 0, e / np.where(total == 0, 1, total))


@right_functions(attention, "formulation")
def attention_vjp_from_log_sum_exp(build):
    """The vjp recomputes P from the log-sum-exp, and rowsum(P dP) as rowsum(dO O)."""

    def softmax(a, s):
        m = np.max(s, axis=-1, keepdims=True, initial=-np.inf)
        shifted = np.exp(s - np.where(m == -np.inf, 0, m))
        lse = np.where(m == -np.inf, 0, m + np.log(shifted.sum(-1, keepdims=True)))
        return np.exp(s - lse)

    def dsoftmax(a, p, dp):
        out = base.product(a, p, base.heads(a, a.v), base.allowed(a))
        return p * (dp - np.sum(a.dout * out, axis=-1, keepdims=True))

    backward = build(softmax=softmax, dsoftmax=dsoftmax)
    return {
        "attention": build()["attention"],
        "attention_vjp": backward["attention_vjp"],
    }


@right(attention, "scores", "summation order")
def attention_features_backwards(a, q, k):
    """The scores sum over the features from the last to the first."""
    terms = (q[..., f, None] * k[..., None, :, f] for f in range(q.shape[-1] - 1, -1, -1))
    return base.factor(a) * sum(terms, np.zeros((*q.shape[:3], k.shape[2]), q.dtype))


@right(attention, "product", "summation order")
def attention_keys_in_blocks(a, p, v, allowed):
    """The product with the values sums over blocks of seven keys, the last block first."""
    out = np.zeros((*p.shape[:3], v.shape[-1]), p.dtype)
    for j in reversed(range(0, p.shape[-1], 7)):
        out = out + base.product(a, p[..., j : j + 7], v[:, :, j : j + 7], allowed[..., j : j + 7])
    return out


@right(attention, "heads", "formulation")
def attention_heads_by_index(a, t):
    """Key heads are gathered by index, in Fortran order."""
    return np.asfortranarray(t[:, np.arange(a.q.shape[1]) // (a.q.shape[1] // t.shape[1])])


@right(attention, None, "precision inside", dtypes=("float32",))
def attention_in_double():
    """float32 arguments are computed with in float64, in the vjp too."""

    def arguments(a):
        for name in ("q", "k", "v"):
            setattr(a, name, getattr(a, name).astype(np.float64))
        if a.mask is not None and a.mask.dtype != bool:
            a.mask = a.mask.astype(np.float64)

    def result(a, o):
        o.out = o.out.astype(np.float32)

    def vjp_result(a, g):
        g.q, g.k, g.v = (t.astype(np.float32) for t in (g.q, g.k, g.v))

    return {"arguments": arguments, "result": result, "vjp_result": vjp_result}


def _rounded_operands(narrow):
    return {
        "scores": lambda a, q, k: base.scores(a, narrow(q), narrow(k)),
        "product": lambda a, p, v, allowed: base.product(a, narrow(p), narrow(v), allowed),
    }


@right(attention, None, "trait", dtypes=("float32",), matmul="bf16")
def attention_of_bfloat16_operands():
    """Operands of products are rounded to bfloat16, as declared."""
    return _rounded_operands(bfloat16)


@right(attention, None, "trait", dtypes=("float32",), matmul={"attention": "tf32"})
def attention_of_tf32_operands():
    """Operands of products are rounded to TF32, as declared."""
    return _rounded_operands(tf32)


@right(attention, None, "trait", fully_masked="nan")
def attention_fully_masked_is_nan():
    """A query that may attend to nothing gets NaN, as declared."""
    return {}


@right(attention, None, "trait", fully_masked="mean", masked_nan="may leak")
def attention_fully_masked_is_mean():
    """A query that may attend to nothing gets the mean of the values, as declared."""
    return {}


@right(attention, None, "trait", masked_nan="may leak")
def attention_that_leaks_nan():
    """A NaN at a masked place may reach the output, as declared: masks are added as -inf."""

    def masked(a, s, allowed):
        return base.masked(a, s, np.ones_like(allowed)) + np.where(allowed, 0, -np.inf).astype(
            s.dtype
        )

    return {"masked": masked, "product": lambda a, p, v, allowed: p @ v}


@right_functions(attention, "trait", causal_alignment="bottom-right")
def attention_aligned_bottom_right(build):
    """Without query_offset, is_causal is aligned with the last key, as declared."""
    whole = build()

    def attention_(q, k, v, mask=None, is_causal=False, scale=None, softcap=None):
        return whole["attention"](q, k, v, mask, is_causal, scale, softcap=softcap)

    def attention_vjp(dout, q, k, v, mask=None, is_causal=False, scale=None, softcap=None):
        return whole["attention_vjp"](dout, q, k, v, mask, is_causal, scale, softcap=softcap)

    return {"attention": attention_, "attention_vjp": attention_vjp}


@right_functions(attention, "offers less")
def attention_without_options(build):
    """Queries, keys and values are all that is offered."""
    whole = build()

    def attention_(q, k, v):
        return whole["attention"](q, k, v)

    return {"attention": attention_}


@right(attention, "check", "offers less")
def attention_refuses_combinations(a):
    """A soft cap with a window, and float masks, are not offered."""
    base.check(a)
    if a.softcap is not None and a.window is not None:
        raise NotImplementedError("softcap together with window")
    if a.mask is not None and a.mask.dtype != bool:
        raise NotImplementedError("floating masks")
