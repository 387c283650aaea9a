"""Laws of layers that are as wide as those of models, on matrices of few entries.

Among dense matrices of a thousand rows rounding errors add up, and the bound says little.
"""

import numpy as np

from seqlaws.properties.inputs.sizes import PLAIN
from seqlaws.properties.laws import Case, Fixed, Operation, Subject, agree, law

LAYERS = ("multi_head_attention", "encoder_layer", "decoder_layer")
SHORT: Fixed = {**PLAIN, "B": 1, "L": 2, "T": 2, "S": 3, "mask": None, "is_causal": False}


def widths_of_models(operation: Operation) -> list[Fixed]:
    """A thousand features and hidden units: in one head, in many, and in narrow ones.

    The narrower the heads, the narrower the bounds of gradients.
    """
    heads: list[Fixed] = [{"N": 1, "D": 1025}, {"N": 16, "D": 65}, {"N": 205, "D": 5}]
    kinds: list[Fixed] = [{"norm_first": first} for first in (False, True, True)]
    apart: Fixed = {"source": "three", "activation": "gelu"}
    return [
        SHORT | apart | n | kind | {"F": n["N"] * n["D"]}
        for n, kind in zip(heads, kinds, strict=True)
    ]


@law(*LAYERS, share=0.01, sweep=widths_of_models)
def test_values_at_the_widths_of_models(impl: Subject, case: Case) -> None:
    """Values agree in layers of more than a thousand features, of which each counts.

    Each row and each column of a matrix has one entry, 1 or -1: what is left out is seen.
    """
    agree(impl, impl.run(of_few_terms(case)), impl.expected(of_few_terms(case)))


@law(*LAYERS, share=0.01, gradients=True, sweep=widths_of_models)
def test_gradients_at_the_widths_of_models(impl: Subject, case: Case) -> None:
    """Gradients agree in layers of more than a thousand features, of which each counts."""
    few = of_few_terms(case)
    agree(impl, impl.pull(few), impl.expected(few, vjp=True), nan_is_free=True)


def texts_of_models(operation: Operation) -> list[Fixed]:
    """Some texts of a layer with a thousand features and hidden units."""
    narrow: Fixed = {**PLAIN, "N": 205, "D": 5, "F": 1025, "S": 2, "layers": 1}
    return [narrow | {"B": 12, "V": 65, "steps": 3}]


@law("generate", share=0.02, sweep=texts_of_models)
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
    tokens = impl.run(few)
    agree(impl, tokens, impl.expected_of_steps(few, tokens))


def of_few_terms(case: Case, *, diagonal: bool = False) -> Case:
    """Return the case with a permutation with signs in the place of each square of a matrix.

    diagonal: the permutation changes nothing.
    """
    random = case.random()
    changed = {}
    for name, array in case.arrays.items():
        if name.rpartition(".")[2].endswith("weight") and array.ndim == 2:
            rows, columns = array.shape
            blocks = -(-rows // columns) if columns else 0
            orders = [random.permutation(columns) for _ in range(blocks)]
            order = np.arange(rows) % columns if diagonal else np.concatenate(orders)[:rows]
            matrix = np.zeros(array.shape)
            matrix[np.arange(rows), order] = random.choice([-1.0, 1.0], rows)
            changed[name] = matrix
    return case.having(**changed)
