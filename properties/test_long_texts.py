"""Laws of texts that are longer than the pages of a cache, and than tables of positions."""

import numpy as np

from seqlaws.properties.inputs.numbers import representable
from seqlaws.properties.laws import Case, Subject, drawn, law
from seqlaws.properties.operations.generate import LIVELY, past_pages
from seqlaws.properties.test_generate import agree_on_text, of_means, with_self_attention_alone
from seqlaws.reference import positional_encoding

LONG = drawn(layers=1, gains=(4.0,), V=33, steps=140, B=4, N=1, D=4, F=1, S=1)
DIRECTED = drawn(**LIVELY, V=300, steps=140, B=8, N=1, D=16, F=1, S=1)
PAGES = (63, 64, 127, 128)  # places at which a page of a cache begins or ends
SMALLER = (0, 15, 16, 31, 32)  # the same of smaller pages; one of them is tried
SHARP = 40.0  # how much a query is larger than the encoding that it seeks


@law("generate", share=0.04, cases=LONG, section="edges")
def test_a_long_text_goes_on(impl: Subject, case: Case) -> None:
    """A long text is correct: no token is forgotten, and there is no maximum position.

    With the simple layer described above, a mean of all tokens differs from a mean of recent
    tokens.
    """
    agree_on_text(impl, of_means(case), "a long text is wrong")


@law("generate", share=0.01, sweep=past_pages, section="edges", costly=True)
def test_texts_past_the_pages_of_a_cache(impl: Subject, case: Case) -> None:
    """Each token of a text that is longer than the pages of a cache is correct."""
    agree_on_text(impl, case, "a text longer than a page is wrong")


@law("generate", share=0.03, cases=DIRECTED, section="edges", costly=True)
def test_each_place_of_a_long_text_is_read(impl: Subject, case: Case) -> None:
    """A token depends on an earlier one to which all attention is directed, wherever that is.

    At the ends of pages of a cache, for example. The query is the encoding of a place, keys are the
    tokens with their encodings, and nothing else acts.
    """
    for place in (int(case.random(7).choice(SMALLER)), *PAGES):
        says = f"what the token at place {place} changes is wrong"
        agree_on_text(impl, directed_to(case, place), says)


def directed_to(case: Case, place: int) -> Case:
    """Return the case with a self-attention that reads the token at one place."""
    bare, n = with_self_attention_alone(case), case.sizes()["E"]
    prefix = "params.layers.0.self_attn.in_proj_"
    weight, bias = (np.array(case.arrays[prefix + name]) for name in ("weight", "bias"))
    weight[:n], weight[n : 2 * n] = 0, np.eye(n)
    bias[:n], bias[n : 2 * n] = SHARP * positional_encoding(place + 1, n)[place], 0
    quiet = representable(0.25 * case.arrays["params.embedding.weight"], case.dtype)
    return bare.having(**{
        f"{prefix}weight": weight,
        f"{prefix}bias": representable(bias, case.dtype),
        "params.embedding.weight": quiet,
    })  # fmt: skip
