"""Manners: what every call keeps, whatever it computes."""

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from seqlaws.properties import apart
from seqlaws.properties.cases import Case, build, drawn
from seqlaws.properties.checks import again, agree, require, same
from seqlaws.properties.draws import by_seed
from seqlaws.properties.elsewhere import ask_elsewhere
from seqlaws.properties.laws import law
from seqlaws.properties.operations import OPERATIONS, RECURRENT
from seqlaws.properties.subject import (
    LawBrokenError,
    NotOfferedError,
    Outputs,
    Subject,
    output_shapes,
)
from seqlaws.properties.surroundings import (
    AT_FIRST,
    REMEMBERED,
    differences,
    functions,
    reseed,
    surroundings,
)
from seqlaws.properties.sweeps import unequal
from seqlaws.reference.numbers import Expected

ALL = tuple(OPERATIONS)
BATCHED = tuple(o for o in OPERATIONS if o != "softmax")


def another(case: Case, stream: int = 0) -> Case:
    """The same shapes and options with other numbers."""
    random = case.random(stream)
    changes = {}
    for name, array in case.arrays.items():
        other = np.round(random.standard_normal(array.shape), 1)
        changes[name] = np.where(np.isneginf(array), array, other)
    return case.having(**changes)


@law(*ALL, share=0.12)
def test_inputs_are_not_written(impl: Subject, case: Case) -> None:
    """Every input holds after the call what it held before, masks and lengths included."""
    arrays, options = impl.native(case, {})
    before = {n: impl.backend.values(a) for n, a in {**arrays, **options}.items() if shaped(a)}
    impl.called(impl.function, case, *arrays.values(), **options)
    for name, value in before.items():
        after = impl.backend.values({**arrays, **options}[name])
        require(np.array_equal(value, after, equal_nan=True), f"the input {name} was written to")


def shaped(value: Any) -> bool:
    """Whether it is an array of some kind."""
    return hasattr(value, "shape")


@law(*ALL, share=0.12)
def test_outputs_share_no_memory(impl: Subject, case: Case) -> None:
    """An output is its own: a later call neither changes it nor shares memory with it."""
    arrays, options = impl.native(case, {})
    first = as_tuple(impl.called(impl.function, case, *arrays.values(), **options))
    kept = [impl.backend.values(o) for o in first]
    arrays_, options_ = impl.native(another(case), {})
    second = as_tuple(impl.called(impl.function, case, *arrays_.values(), **options_))
    for output, value in zip(first, kept, strict=True):
        unchanged = np.array_equal(impl.backend.values(output), value, equal_nan=True)
        require(unchanged, "a later call overwrote an earlier output")
        require(not any(impl.backend.overlap(output, o) for o in second), "outputs share memory")
        given = [a for a in (*arrays.values(), *options.values()) if shaped(a)]
        shared = any(impl.backend.overlap(output, a) for a in given)
        require(not shared, "an output shares memory with an input")


def as_tuple(outputs: Any) -> tuple[Any, ...]:
    """Outputs as a tuple, one or many."""
    return tuple(outputs) if isinstance(outputs, (tuple, list)) else (outputs,)


@law(*ALL, share=0.2)
def test_same_call_same_bits(impl: Subject, case: Case) -> None:
    """The same call gives the same bits, whatever was called in between."""
    first = impl.run(case)
    other = another(case)
    outputs = impl.run(other)
    agree(impl, outputs, impl.expected_of_steps(other, outputs), "it answers another call")
    again(impl, impl.run(case), first, case, "the same call gives another answer")


@law(*ALL, share=0.12)
def test_answers_are_not_kept(impl: Subject, case: Case) -> None:
    """Other numbers in the same buffers, the first ones unchanged, give another answer."""
    arrays, options = impl.native(case, {})
    impl.answer(case, arrays, options)
    other = another(case)
    for name, array in other.arrays.items():
        array.reshape(-1)[: 1 + array.size // 8] = case.arrays[name].reshape(-1)[
            : 1 + array.size // 8
        ]
    turned = other.having(**{n: np.flip(a) for n, a in other.arrays.items()})  # of the same sum
    for now in (other, turned):
        with np.errstate(all="ignore"):
            for name, array in now.arrays.items():
                impl.backend.write(arrays[name], array)
        outputs = impl.answer(now, arrays, options)
        agree(impl, outputs, impl.expected_of_steps(now, outputs), "it kept an earlier answer")


@law(*ALL, share=0.02)
def test_the_hundredth_call_is_the_first(impl: Subject, case: Case) -> None:
    """A hundred calls in a row give the same bits each."""
    first = impl.run(case)
    for _ in range(100):
        impl.record.calls.clear()
        again(impl, impl.run(case), first, case, "a later call gives another answer")


@law(*ALL, share=0.1)
def test_surroundings_stay_as_they_were(impl: Subject, case: Case) -> None:
    """Nothing outside the call is changed: random state, error settings, defaults, threads."""
    for call in (impl.run, impl.pull) if impl.gives_gradients else (impl.run,):
        with contextlib.suppress(NotOfferedError):
            call(case)  # a first call may import what it needs, and that may add warning filters
            reseed(1_000_003 + case.seed)
            warnings.simplefilter("always")
            before = surroundings()
            call(case)
            after = surroundings()
            changed = dict.fromkeys([*differences(before, after), *differences(AT_FIRST, after)])
            require(not changed, f"the call changed {', '.join(changed)}")


@law(*ALL, share=0.02)
def test_functions_stay_as_they_were(impl: Subject, case: Case) -> None:
    """No function of NumPy, torch or the suite is replaced, on import or by a call."""
    impl.run(case)
    replaced = differences(REMEMBERED, functions())
    require(not replaced, f"it replaced {', '.join(replaced[:4])}")


def layouts_of(impl: Subject, names: list[str]) -> Iterator[dict[str, str]]:
    """Every layout of all arrays at once, and of one array alone."""
    layouts = [n for n in impl.backend.layouts if n != "broadcast"]
    yield from (dict.fromkeys(names, layout) for layout in layouts)
    yield from ({name: layout} for name in names for layout in layouts if layout != "contiguous")


@law(*ALL, share=0.01, sweep=unequal)
def test_memory_layouts(impl: Subject, case: Case) -> None:
    """Transposed, strided, sliced, reversed and read-only inputs give what contiguous ones give."""
    names = [*case.arrays, *(n for n, o in case.options.items() if isinstance(o, np.ndarray))]
    plain = impl.run(case)
    for layouts in layouts_of(impl, names):
        impl.record.calls.clear()
        outputs = impl.run(case, layouts)
        if all(np.array_equal(outputs[n], plain[n], equal_nan=True) for n in plain):
            continue
        due = impl.expected_of_steps(case, outputs)
        how = ", ".join(f"{n} {layout}" for n, layout in list(layouts.items())[:1])
        agree(impl, outputs, due, f"another memory layout ({how}) gives another answer")


@law(*ALL, share=0.01, gradients=True, sweep=unequal)
def test_memory_layouts_of_gradients(impl: Subject, case: Case) -> None:
    """Gradients of transposed, strided and sliced inputs and cotangents are those of contiguous."""
    names = [*case.arrays, *case.cotangents]
    names += [n for n, o in case.options.items() if isinstance(o, np.ndarray)]
    expected, plain = impl.expected(case, vjp=True), impl.pull(case)
    for layouts in layouts_of(impl, names):
        impl.record.calls.clear()
        gradients = impl.pull(case, layouts)
        if all(np.array_equal(gradients[n], plain[n], equal_nan=True) for n in plain):
            continue
        how = ", ".join(f"{n} {layout}" for n, layout in list(layouts.items())[:1])
        says = f"another memory layout ({how}) gives another gradient"
        agree(impl, gradients, expected, says, nan_is_free=True)


@law(*ALL, share=0.01, gradients=True, sweep=unequal)
def test_broadcast_cotangents(impl: Subject, case: Case) -> None:
    """A cotangent with stride 0, as that of a sum or a mean is, gives what its copy gives."""
    spread = {
        n: np.array(np.broadcast_to(c[:1], c.shape))
        for n, c in case.cotangents.items()
        if c.ndim and len(c)
    }
    summed = case.pulled(**spread)
    gradients = impl.pull(summed, dict.fromkeys(spread, "broadcast"))
    says = "broadcast cotangents give another gradient"
    agree(impl, gradients, impl.expected(summed, vjp=True), says, nan_is_free=True)


@law(*ALL, share=0.06)
def test_broadcast_inputs(impl: Subject, case: Case) -> None:
    """An input with stride 0, each row the first one, gives what its copy gives."""
    for name, array in case.arrays.items():
        if array.ndim and len(array):
            spread = case.having(**{name: np.array(np.broadcast_to(array[:1], array.shape))})
            outputs = impl.run(spread, {name: "broadcast"})
            due = impl.expected_of_steps(spread, outputs)
            agree(impl, outputs, due, f"a broadcast {name} gives another answer")


@law(*ALL, share=0.06)
def test_wrong_shapes_are_refused(impl: Subject, case: Case) -> None:
    """A shape or rank that the specification refuses is an exception, not a result."""
    for name, array in case.arrays.items():
        for wrong in misshapen(array):
            bad = case.having(**{name: wrong})
            if refused_by_the_specification(bad):
                message = f"{name} of shape {wrong.shape} is answered instead of refused"
                must_raise(impl, bad, message)
    for name in ("lengths", "mask"):
        option = case.options.get(name)
        if isinstance(option, np.ndarray) and option.size:
            longer = np.concatenate([option, option[..., -1:], option[..., -1:]], axis=-1)
            bad = case.having(**{name: longer})
            if refused_by_the_specification(bad):
                must_raise(impl, bad, f"{name} of shape {longer.shape} is answered, not refused")
    changed = differences(AT_FIRST, surroundings())
    require(not changed, f"a refused call changed {', '.join(changed)}")
    if "nonlinearity" in case.options:
        must_raise(impl, case.having(nonlinearity="swish"), "an unknown nonlinearity is answered")


def misshapen(array: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    """One axis more, one less, each axis longer by one, cut to one, or swapped with the next."""
    yield array[None]
    yield array[..., None]
    if array.ndim:
        yield array.sum(axis=0) if np.isfinite(array).all() else array.max(axis=0, initial=0)
    for axis in range(array.ndim):
        if array.shape[axis]:
            yield np.concatenate([array, np.take(array, [0], axis)], axis)
            if array.shape[axis] > 1:
                yield np.take(array, [0], axis)
                yield np.take(array, range(array.shape[axis] - 1), axis)
    if array.ndim > 1:
        yield np.swapaxes(array, -1, -2)


def refused_by_the_specification(case: Case) -> bool:
    """The judge of shapes is the specification."""
    try:
        apart.ask("plain", case.operation, *case.arrays.values(), **case.options)
    except (ValueError, TypeError):
        return True
    return False


def must_raise(impl: Subject, case: Case, says: str) -> None:
    """Raise LawBrokenError unless the call raises."""
    arrays, options = impl.native(case, {})
    try:
        impl.called(impl.function, case, *arrays.values(), **options)
    except LawBrokenError:
        return
    except NotOfferedError:
        return
    raise LawBrokenError(says)


@law(*ALL, share=0.1, cases=drawn(mask=None, padded=False))
def test_wrong_dtypes_are_refused(impl: Subject, case: Case) -> None:
    """Whole numbers, or two floating dtypes at once, are an exception, not a result."""
    arrays, options = impl.native(case, {})
    for name in arrays:
        for dtype in ("int64", "float64" if impl.dtype != "float64" else "float32"):
            if dtype != "int64" and len(arrays) == 1:
                continue
            odd = {
                **arrays,
                name: impl.backend.array(converted(case.arrays[name], dtype), dtype, impl.device),
            }
            says = f"{name} of {dtype} among {impl.dtype} is answered instead of refused"
            try:
                impl.called(impl.function, case, *odd.values(), **options)
            except (LawBrokenError, NotOfferedError):
                continue
            raise LawBrokenError(says)


def converted(array: np.ndarray[Any, Any], dtype: str) -> np.ndarray[Any, Any]:
    """The array in another dtype."""
    with np.errstate(all="ignore"):
        return np.nan_to_num(array, neginf=0).astype(dtype)


@law(*BATCHED, share=0.2)
def test_neighbours_have_no_influence(impl: Subject, case: Case) -> None:
    """With the batch size unchanged, a row's bits do not depend on what its neighbours are."""
    batch = case.sizes()["B"]
    if batch < 2:
        return
    row = int(case.random().randint(batch))
    first = impl.run(case)
    random = case.random(1)
    changes: dict[str, Any] = {}
    for name, axes in impl.operation.arrays.items():
        if axes.startswith("B "):
            other = np.array(random.standard_normal(case.arrays[name].shape) * 100)
            if random.randint(3) == 0:
                other[:] = np.nan
            other[row] = case.arrays[name][row]
            changes[name] = other
    second = impl.run(case.having(**changes))
    own = {n: o[row : row + 1] for n, o in first.items()}
    same(impl, {n: o[row : row + 1] for n, o in second.items()}, own, "a neighbour has influence")
    if impl.gives_gradients and impl.device == "cpu":  # elsewhere sums may run in any order
        pulled, others = impl.pull(case), impl.pull(case.having(**changes))
        own = {n: pulled[n][row : row + 1] for n in changes}
        found = {n: others[n][row : row + 1] for n in changes}
        same(impl, found, own, "a neighbour has influence on a gradient")


@law("attention", "softmax", "lstm_gates", share=0.12, cases=drawn(mask=None))
def test_batch_is_its_rows(impl: Subject, case: Case) -> None:
    """Each entry of a batch is what it is alone."""
    if case.operation == "softmax":
        if case.arrays["x"].ndim < 2 or case.option("axis") % case.arrays["x"].ndim == 0:
            return
        names = ["x"]
    else:
        names = [n for n, axes in impl.operation.arrays.items() if axes.startswith("B ")]
    rows = [
        impl.run(case.having(**{n: case.arrays[n][b : b + 1] for n in names}))
        for b in range(len(case.arrays[names[0]]))
    ]
    if rows:
        together = {n: np.concatenate([r[n] for r in rows]) for n in rows[0]}
        agree(
            impl,
            together,
            impl.expected(case),
            "an entry alone differs from the entry in its batch",
        )


@law(*ALL, share=0.02)
def test_threads_do_not_disturb_each_other(impl: Subject, case: Case) -> None:
    """Calls from several threads at once give what they give one after another."""
    sizes = {"B": 3, "T": 12, "L": 24, "S": 24, "H": 16, "n": 64}
    one = impl.adapted(build(by_seed(case.seed), case.operation, case.dtype, **sizes))
    work = [another(one, k) for k in range(4)]
    for call in (impl.run, impl.pull) if impl.gives_gradients else (impl.run,):
        try:
            alone = [(member, call(member)) for member in work]
        except NotOfferedError:
            continue
        impl.record.calls.clear()
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)  # let the threads meet
        try:
            with ThreadPoolExecutor(len(work)) as pool:
                found = list(pool.map(call, [member for member, _ in alone * 8]))
        finally:
            sys.setswitchinterval(interval)
        for (member, before), after in zip(alone * 8, found, strict=True):
            says = "calls from several threads disturb each other"
            again(impl, after, before, member, says, vjp=call == impl.pull)


@law(*ALL, share=0.12)
def test_any_other_program_gets_the_same_answer(impl: Subject, case: Case) -> None:
    """Called from another process, in which nothing speaks of a test, it conforms just as well."""
    found = called_elsewhere(impl, case)
    shapes = dict(zip(impl.operation.outputs, output_shapes(case), strict=True))
    judge(impl, found, shapes, lambda: impl.expected_of_steps(case, found))


@law(*ALL, share=0.06, gradients=True)
def test_any_other_program_gets_the_same_gradient(impl: Subject, case: Case) -> None:
    """Called from another process, in which nothing speaks of a test, its gradients are right."""
    found = called_elsewhere(impl, case, vjp=True)
    shapes = {n: a.shape for n, a in case.arrays.items()}
    judge(impl, found, shapes, lambda: impl.expected(case, vjp=True))


def called_elsewhere(impl: Subject, case: Case, *, vjp: bool = False) -> Outputs:
    """What it answers there. Raises LawBrokenError, NotOfferedError."""
    traits = {"backend": impl.traits.backend, "device": impl.device}
    kind, found = ask_elsewhere(impl.spec, case, traits, vjp=vjp)
    if kind == "not offered":
        raise NotOfferedError(found)
    impl.record.calls.append((case.operation + ("_vjp" if vjp else ""), case, None))
    require(kind == "answer", f"called from any other program it {kind}: {found}")
    return dict(found)


def judge(
    impl: Subject,
    found: Outputs,
    shapes: Mapping[str, tuple[int, ...]],
    expected: Callable[[], Mapping[str, Expected]],
) -> None:
    """Raise LawBrokenError unless what came back is what was due."""
    for name, shape in shapes.items():
        right = name in found and found[name].shape == tuple(shape)
        require(right, f"called from any other program it returns no {name} of shape {shape}")
    says = "called from any other program it gives another answer"
    agree(impl, found, expected(), says, nan_is_free=True)


@law(*ALL, share=0.1, level="SHOULD")
def test_run_to_run_identity(impl: Subject, case: Case) -> None:
    """The same call gives the same bits, values and gradients, on every device."""
    says = "a second run gives other bits"
    same(impl, impl.run(case), impl.run(case), says)
    if impl.gives_gradients:
        same(impl, impl.pull(case), impl.pull(case), says)


@law(*RECURRENT, "lstm_gates", "attention", share=0.1, level="SHOULD", cases=drawn(mask=None))
def test_batch_invariance(impl: Subject, case: Case) -> None:
    """A row's bits do not depend on the size of its batch, nor on its place in it."""
    names = [n for n, axes in impl.operation.arrays.items() if axes.startswith("B ")]
    batch = case.sizes()["B"]
    if not batch:
        return
    order = case.random().permutation(np.repeat(np.arange(batch), 2))
    changes: dict[str, Any] = {n: case.arrays[n][order] for n in names}
    if case.options.get("lengths") is not None:
        changes["lengths"] = case.options["lengths"][order]
    first = impl.run(case)
    second = impl.run(case.having(**changes))
    same(impl, second, {n: o[order] for n, o in first.items()}, "a row's bits depend on its batch")


@law(*RECURRENT, share=0.1, level="SHOULD", cases=drawn(padded=False))
def test_chunking_invariance(impl: Subject, case: Case) -> None:
    """A sequence in two parts gives the bits of the sequence at once."""
    cut = int(case.random().randint(0, case.arrays["x"].shape[1] + 1))
    if case.option("reverse"):
        case = case.without("reverse")
    first = impl.run(case.having(x=case.arrays["x"][:, :cut]))
    carried = {f"{n[0]}0": first[n] for n in first if n != "y"}
    second = impl.run(case.having(x=case.arrays["x"][:, cut:], **carried))
    parts = {**second, "y": np.concatenate([first["y"], second["y"]], axis=1)}
    same(impl, parts, impl.run(case), "the bits depend on the chunking")


@law("attention", share=0.1, level="SHOULD", needs=("query_offset",))
def test_decoding_invariance(impl: Subject, case: Case) -> None:
    """One query at a time, from a cache, gives the bits of all queries at once."""
    length, mask = case.arrays["q"].shape[2], case.option("mask")
    whole = impl.run(case)
    for i in range(min(length, 4)):
        changes: dict[str, Any] = {"q": case.arrays["q"][:, :, i : i + 1]}
        if mask is not None and mask.ndim > 1 and mask.shape[-2] > 1:
            changes["mask"] = mask[..., i : i + 1, :]
        one = impl.run(case.having(**changes, query_offset=case.option("query_offset") + i))
        same(impl, one, {"out": whole["out"][:, :, i : i + 1]}, "the bits depend on the cache")
