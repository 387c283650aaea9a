"""Misreadings of multi-head attention: heads, projections, the scale; and attention's own."""

from dataclasses import replace

from seqlaws.properties.misreadings import attention, masked, masks
from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading

NAME = "multi_head_attention"
BOTH = "multi_head: multi_head_attention, multi_head_attention_vjp"
BLOCKS = "return parameter[:e], parameter[e : 2 * e], parameter[2 * e :]"
SPLIT = "np.swapaxes(np.reshape(x, (batch, length, num_heads, e // num_heads)), 1, 2)"
JOINED = "np.reshape(np.swapaxes(heads, 1, 2), (batch, length, n * d))"
LAST = "return linear(side_by_side(heads), out_proj_weight, out_proj_bias)"
GRADIENTS = "return dquery, dkey, dvalue, dw, db, dw_o, db_o"
ATTENDED = "attention_vjp(dheads, q, k, v, mask, is_causal, **options)"
WEIGHTS = "np.concatenate([dw_q, dw_k, dw_v])"
BIASES = "np.concatenate([db_q, db_k, db_v])"
THEIRS = (  # of what multi-head attention does not have
    *("query_offset", "window", "softcap", "batch", "bound", "tiled", "top-left"),
    *("heads and queries", "NaN", "at least"),
)


def first(name: str, line: str) -> Misreading:
    """Something done to the arguments before all else."""
    return misreading(name, NAME, before(BOTH, "parameters = in_proj_weight", line))


def blocks(name: str, *order: int) -> Misreading:
    """The rows of the first projection in another order: of query, key and value."""
    read = f"[{{}}[i] for i in {order}]".format
    rows = "blocks(weight)", "blocks(bias)", "blocks(in_proj_weight)"
    letters = ["qkv"[order.index(i)] for i in range(3)]
    dw, db = (f"np.concatenate([{', '.join(f'{d}_{x}' for x in letters)}])" for d in ("dw", "db"))
    return misreading(
        name,
        NAME,
        *(edit("multi_head: projections", each, read(each)) for each in rows[:2]),
        edit("multi_head: multi_head_attention_vjp", rows[2], read(rows[2])),
        edit("multi_head: multi_head_attention_vjp", WEIGHTS, dw),
        edit("multi_head: multi_head_attention_vjp", BIASES, db),
    )


def projected(name: str, new: str) -> Misreading:
    """Other projections of query, key and value."""
    return misreading(name, NAME, edit("multi_head: projections", "linear(x, w, b)", new))


def last(name: str, new: str) -> Misreading:
    """Another last projection."""
    return misreading(name, NAME, edit("multi_head: multi_head_attention", LAST, f"return {new}"))


def scale(name: str, new: str) -> Misreading:
    """Another factor of the scores."""
    return misreading(name, NAME, edit("attention: default_scale", attention.DEFAULT, new))


def gradients(name: str, old: str, new: str) -> Misreading:
    """Another gradient."""
    return misreading(
        name, NAME, edit("multi_head: multi_head_attention_vjp", old, new), gradients=True
    )


def returned(name: str, new: str) -> Misreading:
    """Other gradients in their places."""
    return gradients(name, GRADIENTS, f"return {new}")


SPLIT_INTERLEAVED = edit(
    "multi_head: split",
    SPLIT,
    "np.moveaxis(np.reshape(x, (batch, length, e // num_heads, num_heads)), 3, 1)",
)
JOINED_INTERLEAVED = edit(
    "multi_head: side_by_side",
    JOINED,
    "np.reshape(np.moveaxis(heads, 1, 3), (batch, length, n * d))",
)
MISREADINGS = (
    misreading("heads interleaved", NAME, SPLIT_INTERLEAVED, JOINED_INTERLEAVED),
    misreading("heads split interleaved, joined in blocks", NAME, SPLIT_INTERLEAVED),
    misreading("heads split in blocks, joined interleaved", NAME, JOINED_INTERLEAVED),
    misreading(
        "heads joined without a transposition",
        NAME,
        edit("multi_head: side_by_side", JOINED, "np.reshape(heads, (batch, length, n * d))"),
    ),
    misreading(
        "heads split without a transposition",
        NAME,
        edit(
            "multi_head: split",
            SPLIT,
            "np.reshape(x, (batch, num_heads, length, e // num_heads))",
        ),
    ),
    first(
        "one head",
        "num_heads = 1; mask = mask[..., :1, :, :] if mask is not None and mask.ndim > 2 else mask",
    ),
    blocks("projections in the order key, query, value", 1, 0, 2),
    blocks("projections in the order value, key, query", 2, 1, 0),
    blocks("projections in the order query, value, key", 0, 2, 1),
    misreading(
        "projections interleaved",
        NAME,
        edit(
            "multi_head: blocks", BLOCKS, "return parameter[::3], parameter[1::3], parameter[2::3]"
        ),
    ),
    projected("projections transposed", "linear(x, np.swapaxes(w, 0, 1), b)"),
    projected("no bias in the projections", "linear(x, w, nothing(b))"),
    last(
        "last projection transposed",
        "linear(side_by_side(heads), np.swapaxes(out_proj_weight, 0, 1), out_proj_bias)",
    ),
    last(
        "no bias in the last projection",
        "linear(side_by_side(heads), out_proj_weight, nothing(out_proj_bias))",
    ),
    last("no last projection", "side_by_side(heads)"),
    first("the key as value", "value = key"),
    first(
        "the query as key and value",
        "key, value = (query, query) if query.shape == key.shape else (key, value)",
    ),
    scale("scale 1/sqrt(E)", "1 / math.sqrt(max(q.shape[1] * q.shape[-1], 1))"),
    scale("no scale", "1.0"),
    scale("scale 1/D", "1 / max(q.shape[-1], 1)"),
    first(
        "heads' masks in the batch's order",
        "mask = np.swapaxes(np.reshape(mask, (mask.shape[1], mask.shape[0], *mask.shape[2:])), "
        "0, 1) if mask is not None and len(mask.shape) == 4 and min(mask.shape[:2]) > 1 else mask",
    ),
    first(
        "floating masks only forbid",
        "mask = ~np.isneginf(np.real(mask)) if mask is not None and mask.dtype != bool else mask",
    ),
    gradients("the mask left out of the gradient", ATTENDED, ATTENDED.replace("mask, ", "None, ")),
    gradients(
        "is_causal left out of the gradient",
        ATTENDED,
        ATTENDED.replace("is_causal", "False"),
    ),
    returned("no gradient of the key", "dquery, nothing(dkey), dvalue, dw, db, dw_o, db_o"),
    returned("gradients of key and value exchanged", "dquery, dvalue, dkey, dw, db, dw_o, db_o"),
    returned(
        "no gradient of the projections' bias",
        "dquery, dkey, dvalue, dw, nothing(db), dw_o, db_o",
    ),
    returned(
        "gradient of the last matrix transposed",
        "dquery, dkey, dvalue, dw, db, np.swapaxes(dw_o, 0, 1), db_o",
    ),
    *(
        replace(one, operations=(NAME,))
        for one in (*masks.MISREADINGS, *masked.MISREADINGS, *attention.MISREADINGS)
        if {e.module for e in one.edits} <= {"masks", "attention"}
        and not any(word in one.name for word in (*THEIRS, "scale"))
    ),
)
