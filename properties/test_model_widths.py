"""Laws of layers that are as wide as those of models, on matrices of few entries.

Among dense matrices of a thousand rows rounding errors add up, and the bound says little.
"""

import numpy as np

from seqlaws.properties.inputs.sizes import PLAIN
from seqlaws.properties.laws import Case, Fixed, Operation, Subject, agree, law, zeroed
from seqlaws.properties.operations.generate import ends
from seqlaws.properties.test_generate import agree_on_text

LAYERS = ("multi_head_attention", "encoder_layer", "decoder_layer")
RECURRENCES = ("rnn", "lstm", "gru")
USUAL: Fixed = {"nonlinearity": "tanh", "reset_after": True, "reverse": False}
SHORT: Fixed = {
    **PLAIN,
    "matrices": "zero",
    "B": 1,
    "L": 2,
    "T": 2,
    "S": 3,
    "mask": None,
    "is_causal": False,
}


def widths_of_models(operation: Operation) -> list[Fixed]:
    """A thousand features and hidden units: in one head, in many, and in narrow ones.

    The narrower the heads, the narrower the bounds of gradients.
    """
    apart: Fixed = {"source": "three", "activation": "gelu"}
    return [
        SHORT | apart | {"N": heads, "D": width, "F": heads * width, "norm_first": first}
        for heads, width, first in ((1, 1025, False), (16, 65, True), (205, 5, True))
    ]


def two_thousand(operation: Operation) -> list[Fixed]:
    """Two thousand features, or units of a recurrence, each of which is read in each row."""
    if operation.recurrent:
        units: Fixed = {"H": 2049, "padded": False, **USUAL}
        return [SHORT | units | {"B": 2, "T": 1, "I": 3}]
    return [SHORT | {"source": "three", "N": 411, "D": 5}]


@law(*LAYERS, share=0.01, sweep=widths_of_models, costly=True)
def test_values_at_the_widths_of_models(impl: Subject, case: Case) -> None:
    """Values agree in layers of more than a thousand features, of which each counts.

    Each row and each column of a matrix has one entry, 1 or -1: what is left out is seen.
    """
    few = of_few_terms(case)
    agree(impl, impl.run(few), impl.expected(few))


@law(*LAYERS, share=0.01, gradients=True, sweep=widths_of_models, costly=True)
def test_gradients_at_the_widths_of_models(impl: Subject, case: Case) -> None:
    """Gradients agree in layers of more than a thousand features, of which each counts."""
    few = of_few_terms(case)
    agree(impl, impl.pull(few), impl.expected(few, vjp=True), nan_is_free=True)


@law("multi_head_attention", *RECURRENCES, share=0.01, sweep=two_thousand, costly=True)
def test_values_of_two_thousand_units(impl: Subject, case: Case) -> None:
    """Values agree where each of more than two thousand features or hidden units counts."""
    few = of_few_terms(having_states(case))
    observed = impl.run(few)
    agree(impl, observed, impl.expected_of_steps(few, observed))


@law(
    "multi_head_attention",
    *RECURRENCES,
    share=0.01,
    gradients=True,
    sweep=two_thousand,
    costly=True,
)
def test_gradients_of_two_thousand_units(impl: Subject, case: Case) -> None:
    """Gradients agree where each of more than two thousand features or hidden units counts."""
    few = of_few_terms(having_states(case))
    agree(impl, impl.pull(few), impl.expected(few, vjp=True), nan_is_free=True)


def texts_of_models(operation: Operation) -> list[Fixed]:
    """Some texts of a layer with a thousand features and hidden units."""
    narrow: Fixed = {**PLAIN, "N": 205, "D": 5, "F": 1025, "S": 2, "layers": 1}
    return [narrow | {"B": 12, "V": 65, "steps": 3}]


@law("generate", share=0.02, sweep=texts_of_models, costly=True)
def test_texts_at_the_widths_of_models(impl: Subject, case: Case) -> None:
    """Tokens are chosen by the last features of more than a thousand.

    Matrices have 1 or -1 on the diagonal alone, so that these depend on the last ones everywhere.
    """
    projection, embedding = "params.projection.weight", "params.embedding.weight"
    last = np.arange(case.sizes()["E"]) >= case.sizes()["E"] - 8
    few = of_few_terms(case, diagonal=True).having(**{
        embedding: case.arrays[embedding],
        projection: np.where(last, case.arrays[projection], 0),
    })  # fmt: skip
    agree_on_text(impl, few, "the last features do not choose the tokens")


@law("generate", share=0.02, sweep=ends, section="edges", costly=True)
def test_the_last_of_many_counts(impl: Subject, case: Case) -> None:
    """Tokens depend on the last row of a long memory, the last hidden unit and the last feature.

    Everything before it is 0, so that an implementation that stops early gives another text.
    """
    n, layer = case.sizes(), "params.layers.0."
    if n["S"] > n["F"] and n["S"] > n["E"]:
        memory = np.zeros_like(case.arrays["memory"])
        memory[:, -1] = n["S"] * case.arrays["memory"][:, -1]  # of which a mean is taken
        bare = zeroed(case, *(f"{layer}{name}" for name in ("linear2.weight", "linear2.bias")))
        weight = np.array(case.arrays[f"{layer}multihead_attn.in_proj_weight"])
        weight[: 2 * n["E"]] = 0
        bare = bare.having(memory=memory, **{f"{layer}multihead_attn.in_proj_weight": weight})
    elif n["F"] > n["E"]:
        weight = np.zeros_like(case.arrays[f"{layer}linear2.weight"])
        weight[:, -1] = case.arrays[f"{layer}linear2.weight"][:, -1]
        bias = np.full(n["F"], 8.0)  # or relu hides the unit
        bare = case.having(**{f"{layer}linear2.weight": weight, f"{layer}linear1.bias": bias})
    else:
        own = ("self_attn.out_proj", "multihead_attn.out_proj", "linear2")
        bare = zeroed(case, *(f"{layer}{name}.weight" for name in own), "params.projection.bias")
        weight = np.zeros_like(case.arrays["params.projection.weight"])
        weight[:, -1] = case.arrays["params.projection.weight"][:, -1]
        bare = bare.having(**{"params.projection.weight": weight})
    agree_on_text(impl, bare, "the end of a long axis does not count")


def having_states(case: Case) -> Case:
    """Return the case with initial states that are not zero."""
    random = case.random(9)
    states = {n: a.shape for n, a in case.arrays.items() if n in ("h0", "c0")}
    return case.having(**{n: random.standard_normal(shape) for n, shape in states.items()})


def of_few_terms(case: Case, *, diagonal: bool = False) -> Case:
    """Return the case with a permutation with signs in the place of each square of a matrix.

    diagonal: the permutation changes nothing.
    """
    random = case.random()
    changed = {}
    for name, array in case.arrays.items():
        if "weight" in name.rpartition(".")[2] and array.ndim == 2:
            rows, columns = array.shape
            blocks = -(-rows // columns) if columns else 0
            orders = [random.permutation(columns) for _ in range(blocks)]
            order = np.arange(rows) % columns if diagonal else np.concatenate(orders)[:rows]
            matrix = np.zeros(array.shape)
            matrix[np.arange(rows), order] = random.choice([-1.0, 1.0], rows)
            changed[name] = matrix
    return case.having(**changed)
