"""Attention to packed sequences of unequal lengths, and to a key-value cache in pages.

`attention_varlen` is called as flash-attention's `flash_attn_varlen_func`, `attention_paged` as its
`flash_attn_with_kvcache`, with the contract's names of options. Causal masks and windows are
aligned to the end of the keys: query i of L is at position S - L + i.

Sources: Dao (2023), "FlashAttention-2"; Kwon et al. (2023), "Efficient memory management for large
language model serving with PagedAttention".
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqlaws import operation
from seqlaws.properties.inputs.options import Real, Window
from seqlaws.properties.laws import Case, Expected, Subject, agree, law, require, unless_refused
from seqlaws.reference.algebra import matmul_where
from seqlaws.reference.attention import attention_vjp, heads, scores
from seqlaws.reference.softmax import weights

Array = Any
OUTPUTS = ("never", "never in outputs")  # values of the trait masked_nan
SCALE, SOFTCAP = Real(0.0, 2.0, swept=(0.3, 0.0)), Real(0.5, 50.0)
OPTIONS = {"scale": SCALE, "window": Window(), "softcap": SOFTCAP}
HEADS = {"M": range(1, 5), "G": range(1, 5)}
PAGES = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 32, 64, 65)
HIDDEN = 77.0  # what the slots of a cache hold that no sequence has


def fit_offsets(arrays: dict[str, Any], options: dict[str, Any]) -> None:
    """Set the longest lengths of a case; the offsets have 32 bits, as kernels take them."""
    for side in ("q", "k"):
        offsets = arrays[f"cu_seqlens_{side}"].astype(np.int32)
        arrays[f"cu_seqlens_{side}"] = offsets
        options[f"max_seqlen_{side}"] = int(np.diff(offsets).max())


def hide(arrays: dict[str, Any], options: dict[str, Any], value: float = HIDDEN) -> None:
    """Put a value where no sequence has a key; table and lengths have 32 bits."""
    for name in ("block_table", "seq_lens"):
        arrays[name] = arrays[name].astype(np.int32)
    seen = used(arrays["block_table"], arrays["seq_lens"], arrays["k_pages"].shape[:2])
    for name in ("k_pages", "v_pages"):
        arrays[name] = np.where(seen[..., None, None], arrays[name], value)


def used(block_table: Array, seq_lens: Array, shape: tuple[int, int]) -> Array:
    """Return which slots of which pages hold a key of some sequence: bool (P, Z)."""
    seen = np.zeros(shape, bool)
    for table, length in zip(block_table, seq_lens, strict=True):
        for j in range(length):
            seen[table[j // shape[1]], j % shape[1]] = True
    return seen


@operation(
    q="X G*M D",
    k="Y M D",
    v="Y M Dv",
    cu_seqlens_q="C: offsets X",
    cu_seqlens_k="C: offsets Y",
    returns={"out": "X G*M Dv"},
    sizes={"C": range(2, 12), **HEADS},
    options=OPTIONS,
    consistent=fit_offsets,
)
def attention_varlen(
    q: Array,
    k: Array,
    v: Array,
    cu_seqlens_q: Array,
    cu_seqlens_k: Array,
    max_seqlen_q: int,
    max_seqlen_k: int,
    is_causal: bool = False,
    scale: float | None = None,
    window: Any = None,
    softcap: float | None = None,
) -> Array:
    """Attention of each of the sequences that lie one after the other in q, k and v.

    The queries of sequence b are those from cu_seqlens_q[b] to cu_seqlens_q[b + 1]. The longest
    lengths have no effect. A query that may attend to no key gets zeros.
    """
    return np.concatenate(
        [
            attended(q[i:j], k[m:n], v[m:n], is_causal, scale, window, softcap)
            for i, j, m, n in parts(cu_seqlens_q, cu_seqlens_k)
        ]
    )


def attention_varlen_vjp(
    dout: Array,
    q: Array,
    k: Array,
    v: Array,
    cu_seqlens_q: Array,
    cu_seqlens_k: Array,
    max_seqlen_q: int,
    max_seqlen_k: int,
    is_causal: bool = False,
    scale: float | None = None,
    window: Any = None,
    softcap: float | None = None,
) -> tuple[Array, ...]:
    """Gradients of q, k and v: those of attention, of each sequence."""
    gradients = []
    for i, j, m, n in parts(cu_seqlens_q, cu_seqlens_k):
        given = (heads_first(x) for x in (dout[i:j], q[i:j], k[m:n], v[m:n]))
        position = (n - m) - (j - i)
        found = attention_vjp(*given, None, is_causal, scale, position, window, softcap)
        gradients.append([np.swapaxes(g[0], 0, 1) for g in found])
    return tuple(np.concatenate(of_one) for of_one in zip(*gradients, strict=True))


@operation(
    q="B L G*M D",
    k_pages="P Z M D",
    v_pages="P Z M Dv",
    block_table="B W: below P",
    seq_lens="B: lengths W*Z",
    returns={"out": "B L G*M Dv"},
    batch="B",
    sizes={
        "B": range(6),
        "L": range(1, 18),
        "P": range(1, 10),
        "W": range(1, 6),
        "Z": PAGES,
        **HEADS,
    },
    options=OPTIONS,
    consistent=hide,
    differentiable=False,
)
def attention_paged(
    q: Array,
    k_pages: Array,
    v_pages: Array,
    block_table: Array,
    seq_lens: Array,
    is_causal: bool = False,
    scale: float | None = None,
    window: Any = None,
    softcap: float | None = None,
) -> Array:
    """Attention of L new queries of each sequence to its keys, which lie in pages of Z slots.

    Key j of sequence b is in page block_table[b, j // Z], slot j % Z, for j below seq_lens[b]. The
    keys of the new queries are the last of them. A query that may attend to no key gets zeros.
    """
    outputs = []
    for b in range(q.shape[0]):
        pages = [int(page) for page in block_table[b]]
        k, v = (np.concatenate([x[page] for page in pages]) for x in (k_pages, v_pages))
        n = int(seq_lens[b])
        outputs.append(attended(q[b], k[:n], v[:n], is_causal, scale, window, softcap))
    return np.stack(outputs) if outputs else np.zeros((0, *q.shape[1:3], v_pages.shape[-1]))


def attended(
    q: Array, k: Array, v: Array, is_causal: bool, scale: Any, window: Any, softcap: Any
) -> Array:
    """Attention of the queries of one sequence (L, N, D) to its keys (S, M, D): (L, N, Dv)."""
    q, k, v = heads_first(q), heads_first(k), heads_first(v)
    group, position = heads(q, k, v), k.shape[2] - q.shape[2]
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    allowed, s, _ = scores(q, k, None, is_causal, scale, position, window, softcap)
    p = +weights(s, "zeros")
    out = matmul_where(allowed, p, v)
    return np.swapaxes(out[0], 0, 1)


def heads_first(x: Array) -> Array:
    """Return (L, N, D) as (1, N, L, D)."""
    return np.swapaxes(x, 0, 1)[None]


def parts(cu_seqlens_q: Array, cu_seqlens_k: Array) -> Iterator[tuple[int, int, int, int]]:
    """Yield where the queries and the keys of each sequence begin and end."""
    for b in range(len(cu_seqlens_q) - 1):
        begin_q, end_q = int(cu_seqlens_q[b]), int(cu_seqlens_q[b + 1])
        yield begin_q, end_q, int(cu_seqlens_k[b]), int(cu_seqlens_k[b + 1])


@law("attention_varlen", share=0.2)
def test_sequences_do_not_see_each_other(impl: Subject, case: Case) -> None:
    """NaN in all other sequences affects no output of a sequence."""
    divided = list(parts(case.arrays["cu_seqlens_q"], case.arrays["cu_seqlens_k"]))
    i, j, m, n = divided[int(case.random().randint(len(divided)))]
    (own_q, own_k), changes = (slice(i, j), slice(m, n)), {}
    for name, own in (("q", own_q), ("k", own_k), ("v", own_k)):
        changes[name] = np.full_like(case.arrays[name], np.nan)
        changes[name][own] = case.arrays[name][own]
    value, allowed = impl.expected(case)["out"]
    free = np.full_like(allowed, np.inf)
    free[own_q] = allowed[own_q]
    says = "another sequence affects the output"
    agree(impl, impl.run(case.having(**changes)), {"out": Expected(value, free)}, says)


@law("attention_varlen", share=0.1)
def test_longest_lengths_are_bounds(impl: Subject, case: Case) -> None:
    """max_seqlen_q and max_seqlen_k may be larger than the longest lengths."""
    longer = {n: case.options[n] + 5 for n in ("max_seqlen_q", "max_seqlen_k")}
    says = "max_seqlen above the longest length changes the output"
    agree(impl, impl.run(case.having(**longer)), impl.expected(case), says)


@law("attention_varlen", share=0.1, level="SHOULD", section="edges")
def test_rows_beyond_the_last_sequence_have_no_effect(impl: Subject, case: Case) -> None:
    """NaN in rows of q, k and v beyond the last sequence affects no output."""
    out = impl.run(with_a_row_more(case))["out"]
    says = "a row beyond the last sequence affects the output"
    agree(impl, {"out": out[: len(case.arrays["q"])]}, impl.expected(case), says)


@law("attention_varlen", share=0.1, section="manners", declared="writes")
def test_rows_beyond_the_last_sequence_are_not_written(impl: Subject, case: Case) -> None:
    """Rows of the given array beyond the last sequence stay as they are."""
    out = impl.run(with_a_row_more(case))["out"]
    untouched = np.isnan(out[len(case.arrays["q"]) :]).all()
    require(bool(untouched), "a row beyond the last sequence is written")


def with_a_row_more(case: Case) -> Case:
    """Return the case with a row of NaN at the end of q, k and v, which no sequence has."""
    return case.having(
        **{
            name: np.concatenate([case.arrays[name], np.full_like(case.arrays[name][:1], np.nan)])
            for name in ("q", "k", "v")
        }
    )


@law("attention_paged", share=0.2)
def test_the_order_of_pages_has_no_effect(impl: Subject, case: Case) -> None:
    """Pages in another order, with the same keys by the block table, give the same."""
    order = case.random().permutation(len(case.arrays["k_pages"]))
    table = np.argsort(order)[case.arrays["block_table"]].astype(np.int32)
    moved = {name: case.arrays[name][order] for name in ("k_pages", "v_pages")}
    says = "the order of the pages changes the output"
    agree(impl, impl.run(case.having(**moved, block_table=table)), impl.expected(case), says)


@law("attention_paged", share=0.1)
def test_one_page_is_a_contiguous_cache(impl: Subject, case: Case) -> None:
    """All keys of a sequence in one page give the same as in several, or an exception."""
    table, changes = case.arrays["block_table"], {}
    for name in ("k_pages", "v_pages"):
        pages = case.arrays[name][table]  # (B, W, Z, M, D)
        changes[name] = pages.reshape(len(table), -1, *pages.shape[3:])
    if not len(table):
        return
    whole = np.arange(len(table), dtype=np.int32)[:, None]
    outputs = unless_refused(impl, case.having(**changes, block_table=whole))
    if outputs is not None:
        agree(impl, outputs, impl.expected(case), "the size of the pages changes the output")


@law("attention_paged", share=0.2)
def test_unused_pages_may_hold_nan(impl: Subject, case: Case) -> None:
    """NaN in pages that the block table does not name affects no output."""
    named = np.isin(np.arange(len(case.arrays["k_pages"])), case.arrays["block_table"])
    spoilt = {
        name: np.where(named[:, None, None, None], case.arrays[name], np.nan)
        for name in ("k_pages", "v_pages")
    }
    says = "NaN in a page that no sequence has affects the output"
    agree(impl, impl.run(case.having(**spoilt)), impl.expected(case), says)


@law("attention_paged", share=0.2, level="SHOULD", section="edges", promised=OUTPUTS)
def test_slots_beyond_the_length_may_hold_nan(impl: Subject, case: Case) -> None:
    """NaN in slots that no sequence has a key in affects no output."""
    arrays = dict(case.arrays)
    hide(arrays, {}, np.nan)
    says = "NaN in a slot beyond the length affects the output"
    agree(impl, impl.run(case.having(**arrays)), impl.expected(case), says)
