"""Causes say where a mistake is made: beside which options, and in cases of which size."""

import pytest
from causes.explained import HEAD, ROWS, explained

BESIDE = """
from seqlaws.impls import numpy_vectorized as right
def attention(q, k, v, mask=None, is_causal=False, scale=None, query_offset=0, window=None,
              softcap=None):
    if CONDITION:
        CHANGE
    return right.attention(q, k, v, mask, is_causal, scale, query_offset, window, softcap)
"""


@pytest.mark.parametrize(
    ("condition", "change", "said"),
    [
        (
            "softcap is not None and is_causal",
            "window = None",
            (
                "where softcap is given, your output is that of attention with window ignored with"
                " is_causal"
            ),
        ),
        (
            "mask is not None and mask.ndim == 4 and len(mask) > 3",
            "mask = np.broadcast_to(mask[:1], mask.shape)",
            (
                "where it is wrong, your output is that of attention with the mask of the first"
                " batch entry for all"
            ),
        ),
    ],
)
def test_where_a_mistake_needs_another_option_or_size_the_cause_says_so(
    plug_in, condition, change, said
):
    source = HEAD + BESIDE.replace("CONDITION", condition).replace("CHANGE", change)
    laws = ("values", "masked_keys_have_no_influence")
    _, causes = explained(plug_in(source), ["attention"], laws, examples=60)
    assert [one.sentence for one in causes] == [said]


def test_where_nothing_explains_a_mistake_the_options_that_it_needs_are_said(plug_in):
    body = "return right.attention(q, k, v, mask, is_causal, scale, query_offset, window, softcap)"
    source = HEAD + BESIDE.replace("CONDITION", "softcap is not None and mask is not None")
    bent = body.replace("return ", "return np.float32(1.001) * ")
    _, (one,) = explained(plug_in(source.replace("CHANGE", bent)), ["attention"], ("values",), 60)
    said = "the result does not match the specification where"
    assert one.sentence.partition(";")[0] in (
        f"attention: {said} softcap is given and mask is given",
        f"attention: {said} mask is given and softcap is given",
    )


def test_a_case_that_is_too_large_to_be_explained_is_told_as_that(plug_in):
    source = (
        HEAD
        + ROWS
        + """
def softmax(x, axis=-1):
    p = rows(x, axis)
    if p.shape[-1:] == (2,) and p.size > 2 * 65535 and axis in (-1, p.ndim - 1):
        p.reshape(-1, 2)[65535:] = 0
    return p
"""
    )
    _, (one,) = explained(plug_in(source), ["softmax"], ("values_at_large_products",), 10_000)
    said = "its smallest case is too large to find what explains it"
    assert one.sentence == f"softmax: the result does not match the specification; {said}"
