"""Laws of batches, chunks and caches: an entry does not depend on what is computed with it."""

from typing import Any

import numpy as np

from seqlaws.properties.inputs.case import is_floating
from seqlaws.properties.laws import Case, Subject, agree, another, drawn, law, same
from seqlaws.properties.operations import BATCHED, RECURRENT, Kind

WITHOUT_STEPS = Kind(lambda o: o.batched and not o.recurrent)


@law(BATCHED, share=0.2, section="manners")
def test_neighbours_have_no_influence(impl: Subject, case: Case) -> None:
    """With the batch size unchanged, the bits of a row do not depend on the other rows."""
    batch = impl.operation.rows(case)
    if batch < 2:
        return
    row = int(case.random().randint(batch))
    first = impl.run(case)
    pulls = impl.gives_gradients and impl.device == "cpu"  # elsewhere sums may run in any order
    pulled = impl.pull(case) if pulls else {}
    full = 0 not in case.sizes().values()  # without keys NaN is nobody's (docs/findings.md)
    for lost in (False, True) if full else (False,):
        other = with_other_rows(case, row, lost=lost)
        same(
            impl,
            {n: o[row : row + 1] for n, o in impl.run(other).items()},
            {n: o[row : row + 1] for n, o in first.items()},
            "another row of the batch affects the output",
        )
        if pulls:
            rows = [n for n in impl.operation.batched if n in pulled]
            others = impl.pull(other)
            own = {n: pulled[n][row : row + 1] for n in rows}
            found = {n: others[n][row : row + 1] for n in rows}
            same(impl, found, own, "another row of the batch affects a gradient")


def with_other_rows(case: Case, row: int, *, lost: bool) -> Case:
    """Return the case with other numbers in all rows but one: large ones, in some arrays NaN.

    lost: NaN in one array at least.
    """
    random, names = case.random(1), case.operation.batched
    floating = [name for name in names if is_floating(case.arrays[name])]
    some = {name for name in floating if random.randint(3) == 0}
    nan = some | {floating[random.randint(len(floating))]} if lost and floating else set()
    changes: dict[str, Any] = {}
    for name in names:
        other = np.array(another(case, 1).arrays[name])
        if name in floating:
            other *= np.nan if name in nan else 100
        other[row] = case.arrays[name][row]
        changes[name] = other
    return case.having(**changes)


@law("softmax", WITHOUT_STEPS, share=0.12, cases=drawn(mask=None))
def test_batch_is_its_rows(impl: Subject, case: Case) -> None:
    """Each entry of a batch equals the entry computed alone."""
    if case.operation.name == "softmax":
        if case.arrays["x"].ndim < 2 or case.option("axis") % case.arrays["x"].ndim == 0:
            return
        names, count = ["x"], len(case.arrays["x"])
    else:
        names, count = impl.operation.batched, impl.operation.rows(case)
    optional = [n for n in impl.operation.batched_options if case.options.get(n) is not None]
    given = {**case.arrays, **{n: case.options[n] for n in optional}}
    rows = [
        impl.run(case.having(**{n: given[n][b : b + 1] for n in (*names, *optional)}))
        for b in range(count)
    ]
    if rows:
        together = {n: np.concatenate([r[n] for r in rows]) for n in rows[0]}
        due = impl.expected_of_steps(case, together)
        agree(impl, together, due, "an entry computed alone differs from the one in the batch")


@law(BATCHED, share=0.1, level="SHOULD", cases=drawn(mask=None), section="manners")
def test_batch_invariance(impl: Subject, case: Case) -> None:
    """The bits of a row depend neither on the batch size nor on its position in the batch."""
    batch = impl.operation.rows(case)
    if not batch:
        return
    order = case.random().permutation(np.repeat(np.arange(batch), 2))
    changes: dict[str, Any] = {n: case.arrays[n][order] for n in impl.operation.batched}
    for name in impl.operation.batched_options:
        if case.options.get(name) is not None:
            changes[name] = case.options[name][order]
    first = impl.run(case)
    second = impl.run(case.having(**changes))
    same(
        impl,
        second,
        {n: o[order] for n, o in first.items()},
        "the bits of a row depend on its batch",
    )


@law(RECURRENT, share=0.1, level="SHOULD", cases=drawn(padded=False), section="manners")
def test_chunking_invariance(impl: Subject, case: Case) -> None:
    """A sequence processed in two parts gives the same bits as in one call."""
    cut = int(case.random().randint(0, case.arrays["x"].shape[1] + 1))
    if case.option("reverse"):
        case = case.without("reverse")
    first = impl.run(case.having(x=case.arrays["x"][:, :cut]))
    carried = {f"{n[0]}0": first[n] for n in first if n != "y"}
    second = impl.run(case.having(x=case.arrays["x"][:, cut:], **carried))
    parts = {**second, "y": np.concatenate([first["y"], second["y"]], axis=1)}
    same(impl, parts, impl.run(case), "the bits depend on the chunking")


@law("attention", share=0.1, level="SHOULD", needs=("query_offset",), section="manners")
def test_decoding_invariance(impl: Subject, case: Case) -> None:
    """One query at a time, from a cache, gives the same bits as all queries at once."""
    length, mask = case.arrays["q"].shape[2], case.option("mask")
    whole = impl.run(case)
    for i in range(min(length, 4)):
        changes: dict[str, Any] = {"q": case.arrays["q"][:, :, i : i + 1]}
        if mask is not None and mask.ndim > 1 and mask.shape[-2] > 1:
            changes["mask"] = mask[..., i : i + 1, :]
        one = impl.run(case.having(**changes, query_offset=case.option("query_offset") + i))
        same(impl, one, {"out": whole["out"][:, :, i : i + 1]}, "the bits depend on the cache")
