"""Agreement with the specification: values and gradients, at every size and length."""

from typing import Any

import numpy as np

from seqlaws.properties.inputs.sizes import PROGRAMS, beside_drawn
from seqlaws.properties.inputs.sweeps import (
    BEYOND,
    beyond_tiles,
    combinations_of_gradients,
    every_combination,
    every_size,
    large_products,
    largest,
    moderate_sizes,
    one_large,
)
from seqlaws.properties.laws import (
    Array,
    Case,
    Expected,
    Fixed,
    Operation,
    Subject,
    agree,
    another,
    attended,
    drawn,
    law,
)
from seqlaws.properties.operations import ALL, DIFFERENTIABLE, RECURRENT, WITH_ARRAYS, Kind
from seqlaws.properties.operations.recurrent_sweeps import distances

COMBINED = Kind(every_combination)
COMBINED_GRADIENTS = Kind(lambda o: o.differentiable and combinations_of_gradients(o))
LARGE = Kind(lambda o: one_large(o) and (not o.own or o.batched))  # parts have to be independent
FLOATING = Kind(lambda o: o.differentiated(o.arrays) and not o.whole)  # a token cannot be NaN
PRODUCTS = Kind(large_products)
PRODUCTS_OF_GRADIENTS = Kind(lambda o: o.differentiable and large_products(o))
LARGEST = float(np.finfo(float).max)
WITH_OPTIONS = Kind(lambda o: o.options)


@law(ALL, share=0.5)
def test_values(impl: Subject, case: Case) -> None:
    """Every output entry differs from the specification's value by at most the allowed error.

    |out - spec(x)| <= allowed(x), for any combination of options. Recurrences are checked one step
    at a time, each step from the implementation's own state.
    """
    outputs = impl.run(case)
    agree(impl, outputs, impl.expected_of_steps(case, outputs))


@law(DIFFERENTIABLE, gradients=True, share=0.3)
def test_gradients(impl: Subject, case: Case) -> None:
    """Every gradient entry differs from the specification's vjp by at most the allowed error.

    |dx - spec_vjp(cotangents, x)| <= allowed, for random cotangents on all outputs at once.
    """
    agree(impl, impl.pull(case), impl.expected(case, vjp=True), nan_is_free=True)


@law(ALL, share=0.01, sweep=every_size)
def test_values_at_every_size(impl: Subject, case: Case) -> None:
    """Values agree at every length, width and batch size: 0, 1, and around 8, 16, 32, 64, 128."""
    outputs = impl.run(case)
    agree(impl, outputs, impl.expected_of_steps(case, outputs))


@law(DIFFERENTIABLE, share=0.01, gradients=True, sweep=moderate_sizes)
def test_gradients_at_every_size(impl: Subject, case: Case) -> None:
    """Gradients agree at every length, width and batch size: 0, 1, and around 8, 16, 32, 64."""
    agree(impl, impl.pull(case), impl.expected(case, vjp=True), nan_is_free=True)


@law(COMBINED, share=0.01, sweep=every_combination)
def test_values_of_every_combination(impl: Subject, case: Case) -> None:
    """Values agree for every pair of options, with all other options left out."""
    outputs = impl.run(case)
    agree(impl, outputs, impl.expected_of_steps(case, outputs))


@law(COMBINED_GRADIENTS, share=0.01, gradients=True, sweep=combinations_of_gradients)
def test_gradients_of_every_combination(impl: Subject, case: Case) -> None:
    """Gradients agree for every pair of options, with all other options left out."""
    agree(impl, impl.pull(case), impl.expected(case, vjp=True), nan_is_free=True)


@law(PRODUCTS, share=0.01, sweep=large_products, costly=True)
def test_values_at_large_products(impl: Subject, case: Case) -> None:
    """Values agree where two sizes have a product above 2^17, and in more than 2^16 rows."""
    outputs = impl.run(case)
    agree(impl, outputs, impl.expected_of_steps(case, outputs))


@law(
    PRODUCTS_OF_GRADIENTS,
    share=0.01,
    gradients=True,
    sweep=large_products,
    level_in_16_bits="SHOULD",
    costly=True,
)
def test_gradients_at_large_products(impl: Subject, case: Case) -> None:
    """Gradients agree where two sizes have a product above 2^17, and in more than 2^16 rows.

    They are sums of hundreds of terms; in 16 bits they are graded as those of long sums. Of the
    many rows the last ones count alone, too.
    """
    agree(impl, impl.pull(case), impl.expected(case, vjp=True), nan_is_free=True)
    last = {n: last_rows(c) for n, c in case.cotangents.items()}
    if any(PROGRAMS in c.shape for c in last.values()):
        case = case.pulled(**last)
        says = "the last of many rows are lost in a gradient"
        agree(impl, impl.pull(case), impl.expected(case, vjp=True), says, nan_is_free=True)


def last_rows(array: Array) -> Array:
    """Return an array of PROGRAMS rows with zeros in all rows but the last two."""
    if PROGRAMS not in array.shape:
        return array
    place = np.arange(PROGRAMS).reshape(-1, *(1,) * (array.ndim - 1 - array.shape.index(PROGRAMS)))
    return np.where(place < PROGRAMS - 2, 0.0, array)


@law(RECURRENT, share=0.01, gradients=True, sweep=distances)
def test_gradients_step_by_step(impl: Subject, case: Case) -> None:
    """Over 20 to 300 steps, each backward step is correct given the gradient after it.

    weight_ih is the identity, so dx_t is the gradient at the pre-activations of step t. Each step
    is checked from the implementation's own gradient, so errors do not accumulate.
    """
    case = case.having(weight_ih=np.eye(case.arrays["weight_ih"].shape[0]))
    gradients = impl.pull(case)
    due = impl.expected_of_steps_back(case, gradients)
    agree(impl, gradients, due, nan_is_free=True)  # what overflowed on the way claims nothing


@law(DIFFERENTIABLE, gradients=True, share=0.06, also=beyond_tiles)
def test_one_cotangent_at_a_time(impl: Subject, case: Case) -> None:
    """The gradient of each output alone is correct, with zero cotangents for the other outputs."""
    names = list(case.cotangents)
    one = names[int(case.random().randint(len(names)))]
    alone = case.pulled(**{n: np.where(n == one, c, 0.0) for n, c in case.cotangents.items()})
    agree(impl, impl.pull(alone), impl.expected(alone, vjp=True), nan_is_free=True)


@law(DIFFERENTIABLE, gradients=True, share=0.06)
def test_gradients_are_linear(impl: Subject, case: Case) -> None:
    """The gradient is linear in the cotangents: 0 gives 0, and doubling them doubles it."""
    nothing = case.pulled(**{n: np.zeros_like(c) for n, c in case.cotangents.items()})
    says = "zero cotangents give a nonzero gradient"
    agree(impl, impl.pull(nothing), impl.expected(nothing, vjp=True), says, nan_is_free=True)
    twice = case.pulled(**{n: 2 * c for n, c in case.cotangents.items()})
    agree(impl, impl.pull(twice), impl.expected(twice, vjp=True), nan_is_free=True)


@law(DIFFERENTIABLE, gradients=True, share=0.1, also=beyond_tiles)
def test_gradients_do_not_accumulate(impl: Subject, case: Case) -> None:
    """Gradients do not accumulate across calls: a second one is as accurate as the first."""
    impl.pull(case)
    says = "a second gradient of the same call is different"
    agree(impl, impl.pull(case), impl.expected(case, vjp=True), says, nan_is_free=True)


def sizes_with_nan(operation: Operation) -> list[Fixed]:
    """Return those of every size that are from 1 to 17, and as many cases with nothing pinned.

    After them those just beyond 128, 256 and 1,024, where kernels have other programs.
    """
    small = []
    every = every_size(operation)
    for one in every:
        sizes = [n for n in one.values() if type(n) is int]
        if sizes and min(sizes) > 0 and max(sizes) <= 17:
            small.append(one)
    return [*beside_drawn(small), *(one for one in every if largest(one) in BEYOND)]


@law(FLOATING, share=0.01, cases=drawn(poison=(0.0,)), sweep=sizes_with_nan, section="edges")
def test_nan_shows(impl: Subject, case: Case) -> None:
    """A NaN in an input reaches every output that depends on it, and no other output.

    At every size from 1 to 17, and at some beyond 128.
    """
    random = case.random()
    names = [n for n in case.differentiated if case.arrays[n].size]
    if not names or case.sizes().get("S") == 0:  # what no key gives is a matter of a trait
        return
    name = names[int(random.randint(len(names)))]
    array = np.array(case.arrays[name])
    array.reshape(-1)[int(random.randint(array.size))] = np.nan
    spoiled = case.having(**{name: array})
    leaks = impl.traits.masked_nan == "may leak"
    if leaks or name != "q":  # where every query may look
        spoiled = spoiled.without("mask", "memory_mask", "is_causal", "window")
    bounds = {n: e.allowed for n, e in impl.expected(case).items()}  # inf: a step may overflow
    altered = {}
    if case.operation.own:
        altered = altered_by(impl, case, name, np.isnan(spoiled.arrays[name]))
    observed, due, lost = impl.run(spoiled), {}, False
    for n, value in impl.plain(spoiled).items():
        shows = np.isnan(value)
        free = np.isinf(bounds[n])
        if case.operation.own:  # its source may lose a NaN, or spread it where it does not count
            free = free | ~(shows & altered[n])
        if leaks and case.operation.name == "decoder_layer":  # which is causal, always
            free = free | ~shows
        number = np.where(np.isnan(observed[n]), value, observed[n])  # NaN is due, or any number
        due[n] = Expected(np.where(shows & ~free, np.nan, number), np.where(free, np.inf, LARGEST))
        lost = lost or bool((shows & ~free & ~np.isnan(observed[n])).any())
    gone, spread = "a NaN is lost", "a NaN reaches an output that does not depend on it"
    agree(impl, observed, due, gone if lost else spread)


def altered_by(impl: Subject, case: Case, name: str, places: Array) -> dict[str, Array]:
    """Return which output entries another number in some places of an array alters."""
    other = np.where(places, case.arrays[name] + 1.0, case.arrays[name])
    before, after = impl.plain(case), impl.plain(case.having(**{name: other}))
    return {n: before[n] != after[n] for n in before}


@law(WITH_OPTIONS, share=0.2)
def test_options_left_out(impl: Subject, case: Case) -> None:
    """Leaving an option out is the same as giving its default."""
    defaults = {n: d for n, d in impl.operation.options.items() if impl.offers(n)}
    given = [name for name in case.options if name in defaults]
    half = case.random().random_sample(len(given)) < 0.5
    bare = case.without(*(name for name, out in zip(given, half, strict=True) if out))
    explicit = bare.having(**{n: d for n, d in defaults.items() if n not in bare.options})
    says = "leaving an option out differs from giving its default"
    for one in (case.without(*given), bare, explicit):
        outputs = impl.run(one)
        agree(impl, outputs, impl.expected_of_steps(one, outputs), says)


@law(WITH_ARRAYS, share=0.2)
def test_every_argument_matters(impl: Subject, case: Case) -> None:
    """Changing any one argument changes the output as it changes the specification's output."""
    random = case.random()
    name = list(case.arrays)[int(random.randint(len(case.arrays)))]
    changed = case.having(**{name: another(case).arrays[name]})
    impl.run(case)
    outputs = impl.run(changed)
    agree(impl, outputs, impl.expected_of_steps(changed, outputs))


@law(LARGE, share=0.01, sweep=one_large, costly=True)
def test_large_problems(impl: Subject, case: Case) -> None:
    """On a large problem, up to a million numbers, parts of the output match the specification.

    The parts are rows of the batch, or queries, which do not depend on each other: a random one and
    the last one.
    """
    by_query = "q" in case.arrays and not impl.operation.own
    outputs, one = impl.run(case), one_query if by_query else one_row
    for last in (False, True):
        part, index = one(impl, case, last)
        seen = {name: output[index] for name, output in outputs.items()}
        agree(
            impl, seen, impl.expected_of_steps(part, seen), "the output of a large problem is wrong"
        )


def some_of(case: Case, count: int, last: bool) -> int:
    """Return the index of the last item, or a random index."""
    return count - 1 if last else int(case.random().randint(count))


def one_row(impl: Subject, case: Case, last: bool) -> tuple[Case, Any]:
    """Return the case with one row of the batch, and the index of its outputs."""
    rows = impl.operation.batched or list(case.arrays)[:1]
    b = some_of(case, len(case.arrays[rows[0]]), last)
    changes = {n: case.arrays[n][b : b + 1] for n in rows}
    if impl.operation.own:
        given = [n for n in impl.operation.batched_options if case.options.get(n) is not None]
        changes |= {n: case.options[n][b : b + 1] for n in given}
    return case.having(**changes), np.s_[b : b + 1]


def one_query(impl: Subject, case: Case, last: bool) -> tuple[Case, Any]:
    """Return the case with one query per head and its mask, and the index of its output."""
    i = some_of(case, case.arrays["q"].shape[2], last)
    index = np.s_[:, :, i : i + 1]
    seen = attended(case.having(query_offset=impl.offset(case)))[index]
    bare = case.without("is_causal", "window", "query_offset")
    return bare.having(q=case.arrays["q"][index], mask=seen), index
