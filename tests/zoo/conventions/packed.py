"""Attention to packed sequences and to a paged cache: right ones, and wrong ones by name."""

import math
from types import SimpleNamespace

import numpy as np

VARLEN = ("", "sees the next sequence", "causal from the first key", "offset of keys for queries",
          "last sequence dropped", "scale of the longest")  # fmt: skip
INTO = ("", "writes the rows beyond")
PAGED = ("", "pages in order", "one slot too many", "last page whole", "weights times every slot")


def of_one(q, k, v, is_causal, scale, top_left=False):
    """Attention of (L, N, D) to (S, M, D)."""
    group, c = q.shape[1] // k.shape[1], 1 / math.sqrt(q.shape[2]) if scale is None else scale
    k, v = np.repeat(k, group, axis=1), np.repeat(v, group, axis=1)
    s = np.einsum("lnd,snd->nls", q.astype(float), k) * c
    if is_causal:
        last = np.arange(len(q))[:, None] + (0 if top_left else len(k) - len(q))
        s = np.where(np.arange(len(k)) <= last, s, -np.inf)
    largest = s.max(-1, keepdims=True, initial=-1e300)
    e = np.exp(s - largest)
    total = e.sum(-1, keepdims=True)
    return np.einsum("nls,snd->lnd", e / np.where(total == 0, 1, total), v).astype(np.float32)


def packed(wrong=""):
    """`attention_varlen`."""

    def attention_varlen(
        q, k, v, cu_seqlens_q, cu_seqlens_k, max_seqlen_q, max_seqlen_k, is_causal=False, scale=None
    ):
        out = np.zeros((*q.shape[:2], v.shape[-1]), np.float32)
        count = len(cu_seqlens_q) - 1 - (wrong == "last sequence dropped")
        for b in range(count):
            i, j = cu_seqlens_q[b : b + 2]
            m, n = (cu_seqlens_q if wrong == "offset of keys for queries" else cu_seqlens_k)[
                b : b + 2
            ]
            n = n + 1 if wrong == "sees the next sequence" else n
            c = 1 / math.sqrt(max(max_seqlen_k, 1)) if wrong == "scale of the longest" else None
            top_left = wrong == "causal from the first key"
            out[i:j] = of_one(
                q[i:j], k[m:n], v[m:n], is_causal, c if scale is None else scale, top_left
            )
        return out

    return SimpleNamespace(TRAITS={}, attention_varlen=attention_varlen)


def packed_into(wrong=""):
    """`attention_varlen` that writes to an array, which may have more rows than the sequences."""
    inner = packed().attention_varlen

    def attention_varlen(
        q, k, v, cu_seqlens_q, cu_seqlens_k, max_seqlen_q, max_seqlen_k, is_causal=False,
        scale=None, out=None,
    ):  # fmt: skip
        made = inner(q, k, v, cu_seqlens_q, cu_seqlens_k, 0, 0, is_causal, scale)
        end = len(out) if wrong == "writes the rows beyond" else cu_seqlens_q[-1]
        out[:end] = made[:end]

    return SimpleNamespace(TRAITS={"writes": "out"}, attention_varlen=attention_varlen)


def paged(wrong=""):
    """`attention_paged`."""

    def attention_paged(q, k_pages, v_pages, block_table, seq_lens, is_causal=False, scale=None):
        size = k_pages.shape[1]
        out = np.zeros((*q.shape[:3], v_pages.shape[-1]), np.float32)
        for b, pages in enumerate(block_table):
            table = np.sort(pages) if wrong == "pages in order" else pages
            n = int(seq_lens[b]) + (wrong == "one slot too many")
            if wrong == "last page whole":
                n = -(-n // size) * size
            k, v = (x[table].reshape(-1, *x.shape[2:]) for x in (k_pages, v_pages))
            out[b] = of_one(q[b], k[:n], v[:n], is_causal, scale)
            if wrong == "weights times every slot":
                out[b] += np.float32(0) * v_pages.sum()
        return out

    return SimpleNamespace(TRAITS={}, attention_paged=attention_paged)


right_packed, right_paged = packed(), paged()


def of_tensors():
    """`attention_varlen` of torch tensors, whose gradients autograd takes."""
    import torch

    def attention_varlen(
        q, k, v, cu_seqlens_q, cu_seqlens_k, max_seqlen_q, max_seqlen_k, is_causal=False, scale=None
    ):
        c, group = 1 / math.sqrt(q.shape[2]) if scale is None else scale, q.shape[1] // k.shape[1]
        outputs = []
        for b in range(len(cu_seqlens_q) - 1):
            (i, j), (m, n) = cu_seqlens_q[b : b + 2].tolist(), cu_seqlens_k[b : b + 2].tolist()
            keys, values = (x[m:n].repeat_interleave(group, 1) for x in (k, v))
            s = torch.einsum("lnd,snd->nls", q[i:j], keys) * c
            seen = torch.arange(n - m) <= torch.arange(j - i)[:, None] + (n - m) - (j - i)
            seen = seen if is_causal else torch.ones_like(seen)
            p = torch.softmax(s.masked_fill(~seen, -1e30), -1) * seen
            outputs.append(torch.einsum("nls,snd->lnd", p, values))
        return torch.cat(outputs)

    return SimpleNamespace(TRAITS={"backend": "torch"}, attention_varlen=attention_varlen)
