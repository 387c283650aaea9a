"""Specifications and implementations that several tests use."""

import textwrap

RMS_NORM = """
    import numpy as np
    from seqlaws import operation

    @operation(x="... E", weight="E", returns={"y": "... E"})
    def rms_norm(x, weight, eps: float = 1e-6):
        return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + eps) * weight
"""
DECAY = """
    import numpy as np
    from seqlaws import operation

    @operation(x="B T E", rate="B T: between 0.1 0.9", h="B E",
               returns={"y": "B T E", "last": "B E"}, batch="B", scan="T", carry={"h": "last"})
    def decay(x, rate, h):
        h = rate[:, None] * h + x
        return h, np.tanh(h)
"""
RIGHT = """
    import numpy as np

    def root(x, eps):
        mean = np.mean(x * x, axis=-1, keepdims=True, dtype=x.dtype)
        return np.float32(1) / np.sqrt(mean + x.dtype.type(eps))

    def rms_norm(x, weight, eps=1e-6):
        if weight.shape != x.shape[-1:] or {x.dtype, weight.dtype} != {np.dtype("float32")}:
            raise ValueError("x (..., E) and weight (E,) of float32 are expected")
        return x * root(x, eps) * weight

    def rms_norm_vjp(dy, x, weight, eps=1e-6):
        if dy.shape != x.shape or dy.dtype != x.dtype:
            raise ValueError("dy of x's shape and dtype is expected")
        r = root(x, eps)
        h, dh = x * r, dy * weight
        n = x.shape[-1]
        dx = r * (dh - h * (np.sum(dh * h, axis=-1, keepdims=True) / np.float32(n)))
        return dx, np.sum((dy * h).reshape(-1, n), axis=0)
"""
WRONG = {  # another text in the right one, and words that the cause names it with
    "eps": ("x.dtype.type(eps)", "x.dtype.type(1e-5)", "eps = 1e-5"),
    "eps outside": ("np.sqrt(mean + x.dtype.type(eps))", "(np.sqrt(mean) + x.dtype.type(eps))",
                    "`eps` outside the root"),
    "sum": ("np.mean(x * x, axis=-1, keepdims=True, dtype=x.dtype)",
            "np.sum(x * x, axis=-1, keepdims=True)", "`sum` for `mean`"),
    "no weight": ("return x * root(x, eps) * weight", "return x * root(x, eps)", "weight"),
    "one plus weight": ("return x * root(x, eps) * weight",
                        "return x * root(x, eps) * (np.float32(1) + weight)", "one plus weight"),
    "no gradient through the root": ("dx = r * (dh - ", "dx = r * (dh - 0 * ",
                                     "no gradient through"),
    "no gradient of weight": ("np.sum((dy * h).reshape(-1, n), axis=0)",
                              "np.zeros_like(weight)", "no gradient of weight"),
}  # fmt: skip


def source(text):
    return textwrap.dedent(text)


def wrong(name):
    """The right implementation with one mistake; of the values alone without gradients."""
    old, new, _ = WRONG[name]
    text = source(RIGHT)
    assert text.count(old) == 1
    text = text.replace(old, new)
    return text if "gradient" in name else text.partition("def rms_norm_vjp")[0]
