"""Manners: memory, determinism, threads and global state."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from seqlaws.properties.backends.protocol import BadOutputError
from seqlaws.properties.inputs.admitted import drawn_within
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.sweeps import beyond_tiles, fewer_of_both, sizes_and_options
from seqlaws.properties.laws import (
    Case,
    LawBrokenError,
    NotOfferedError,
    Subject,
    again,
    agree,
    another,
    arrays_among_options,
    law,
    require,
    require_unnoted,
    same,
)
from seqlaws.properties.operations import ALL, DIFFERENTIABLE, WITH_ARRAYS
from seqlaws.properties.subjects.returned import KIND, SHARED, WRITTEN
from seqlaws.reference.numbers import flattened


@law(WITH_ARRAYS, share=0.12, section="manners")
def test_inputs_are_not_written(impl: Subject, case: Case) -> None:
    """A call does not modify its inputs: arrays, masks, lengths, cotangents.

    Dicts of parameters keep their entries.
    """
    call_both(impl, case)
    require_unnoted(impl, WRITTEN)
    require(not impl.place.rewritten(), "a dict of parameters was modified")


def call_both(impl: Subject, case: Case) -> None:
    """Call the function, and take the gradient if there is one."""
    impl.run(case)
    if impl.gives_gradients:
        with contextlib.suppress(NotOfferedError):
            impl.pull(case)


def call(
    impl: Subject, case: Case, arrays: Mapping[str, Any], options: Mapping[str, Any]
) -> list[Any]:
    """Return the raw outputs for arrays that are already the implementation's."""
    outputs = impl.raw(case, arrays, options)
    flat = flattened(tuple(outputs) if isinstance(outputs, list) else outputs)
    for output in flat:
        try:
            impl.backend.describe(output)
        except BadOutputError as error:
            raise LawBrokenError(f"{impl.operation.name} returned {error}") from None
    return flat


@law(ALL, share=0.12, section="manners")
def test_outputs_share_no_memory(impl: Subject, case: Case) -> None:
    """An output shares no memory with an input or with an earlier output."""
    call_both(impl, case)
    call_both(impl, another(case))
    require_unnoted(impl, SHARED)


@law(ALL, share=0.12, section="manners")
def test_outputs_are_of_the_inputs_kind(impl: Subject, case: Case) -> None:
    """Outputs and gradients have the array library, dtype and device of the inputs."""
    call_both(impl, case)
    require_unnoted(impl, KIND)


@law(ALL, share=0.2, section="manners")
def test_same_call_same_bits(impl: Subject, case: Case) -> None:
    """The same call gives the same bits, whatever was called in between."""
    first = impl.run(case)
    impl.run(another(case))
    for _ in range(2):
        again(impl, impl.run(case), first, case, "a second call gives a different result")


@law(ALL, share=0.005, sweep=sizes_and_options, section="manners")
def test_manners_at_every_size(impl: Subject, case: Case) -> None:
    """At every size and pair of options, a second call gives the same bits, without side effects.

    Inputs are not modified. Outputs share no memory and have the inputs' library, dtype and device.
    """
    again(impl, impl.run(case), impl.run(case), case, "a second call gives a different result")
    for law_about in (WRITTEN, SHARED, KIND):
        require_unnoted(impl, law_about)


@law(DIFFERENTIABLE, share=0.005, gradients=True, sweep=fewer_of_both, section="manners")
def test_manners_of_gradients_at_every_size(impl: Subject, case: Case) -> None:
    """At every size and pair of options, a second gradient has the same bits, without side effects.

    Inputs and cotangents are not modified. Gradients share no memory and have the inputs' library,
    dtype and device.
    """
    first = impl.pull(case)
    again(
        impl,
        impl.pull(case),
        first,
        case,
        "a second gradient of the same call is different",
        vjp=True,
    )
    for law_about in (WRITTEN, SHARED, KIND):
        require_unnoted(impl, law_about)


@law(WITH_ARRAYS, share=0.12, section="manners", also=beyond_tiles)
def test_answers_are_not_kept(impl: Subject, case: Case) -> None:
    """New numbers in the same buffers give a new result, even if some, or their sum, are equal.

    So do new arrays in the same dict: parameters are replaced as often as they are overwritten.
    """
    arrays, options = impl.native(case, {})
    impl.answer(case, arrays, options)
    other, fixed = another(case), impl.operation.dividing
    for name, array in other.arrays.items():
        if name in fixed:
            continue
        part = slice(1 + array.size // 8)
        array.reshape(-1)[part] = case.arrays[name].reshape(-1)[part]
    turned = other.having(
        **{n: np.flip(a) for n, a in other.arrays.items() if n not in fixed}
    )  # of the same sum
    masked = turned.having(**{n: np.flip(o, -1) for n, o in arrays_among_options(case)})
    for now in (other, turned, masked):
        with np.errstate(all="ignore"):
            for name, array in now.arrays.items():
                arrays[name] = impl.overwrite(name, arrays[name], array)
            for name, option in arrays_among_options(now):
                options[name] = impl.overwrite(name, options[name], option)
        outputs = impl.answer(now, arrays, options)
        agree(
            impl,
            outputs,
            impl.expected_of_steps(now, outputs),
            "new numbers in the same arrays give a wrong result",
        )
    entries = [name for name in case.arrays if name.startswith("params.")]
    if entries:
        entries.pop(int(case.random(8).randint(len(entries))))
        now = masked.having(**{name: case.arrays[name] for name in entries})
        arrays |= {name: impl.native_array(name, now.arrays[name]) for name in entries}
        outputs = impl.answer(now, arrays, options)
        says = "new arrays in the same dict give a wrong result"
        agree(impl, outputs, impl.expected_of_steps(now, outputs), says)


@law(ALL, share=0.02, section="manners", costly=True)
def test_the_hundredth_call_is_the_first(impl: Subject, case: Case) -> None:
    """A hundred calls in a row all give the same bits."""
    first = impl.run(case)
    for _ in range(100):
        impl.record.calls.clear()
        again(impl, impl.run(case), first, case, "a later call gives a different result")


@law(ALL, share=0.02, section="manners", costly=True)
def test_nothing_is_left_behind(impl: Subject, case: Case) -> None:
    """A hundred calls do not each leave a thread, a file descriptor or a process behind."""
    arrays, options = impl.native(case, {})
    call(impl, case, arrays, options)  # a first call may make what later ones use
    before = impl.place.left()
    for _ in range(100):
        impl.record.calls.clear()
        call(impl, case, arrays, options)
    after = impl.place.left()
    for what, count in before.items():
        require(after[what] < count + 100, f"each call leaves a {what} behind")


@law(ALL, share=0.1, section="manners")
def test_surroundings_stay_as_they_were(impl: Subject, case: Case) -> None:
    """A call changes no global state: random state, error settings, defaults, threads."""
    for call in (impl.run, impl.pull) if impl.gives_gradients else (impl.run,):
        with contextlib.suppress(NotOfferedError):
            call(case)  # a first call may import what it needs, and that may add warning filters
            impl.place.watch(1_000_003 + case.seed)
            call(case)
            changed = impl.place.changed()
            require(not changed, f"the call changed {', '.join(changed)}")


@law(ALL, share=0.02, section="manners")
def test_functions_stay_as_they_were(impl: Subject, case: Case) -> None:
    """No function of NumPy, torch or the suite is replaced, on import or by a call."""
    impl.run(case)
    replaced = impl.place.replaced()
    require(not replaced, f"functions were replaced: {', '.join(replaced[:4])}")


@law(ALL, share=0.02, section="manners", in_threads=True, costly=True)
def test_threads_do_not_disturb_each_other(impl: Subject, case: Case) -> None:
    """Concurrent calls from several threads give the same as calls one after another."""
    sizes = {"B": 3, "T": 12, "L": 24, "S": 140, "H": 16, "n": 300, "E": 64, "rows": 8}
    draw, admitted = by_seed(case.seed), impl.traits.sizes
    one = impl.adapted(drawn_within(draw, case.operation, case.dtype, admitted, sizes))
    work = [another(one, k) for k in range(4)]
    for call in (impl.run, impl.pull) if impl.gives_gradients else (impl.run,):
        try:
            alone = [(member, call(member)) for member in work]
        except NotOfferedError:
            continue
        impl.record.calls.clear()
        vjp = call == impl.pull
        found = impl.together([member for member, _ in alone * 8], vjp=vjp)
        for (member, before), after in zip(alone * 8, found, strict=True):
            says = "concurrent calls from several threads give different results"
            again(impl, after, before, member, says, vjp=vjp)


@law(ALL, share=0.1, level="SHOULD", section="manners")
def test_run_to_run_identity(impl: Subject, case: Case) -> None:
    """The same call gives the same bits, values and gradients, on every device."""
    says = "a second run gives different bits"
    same(impl, impl.run(case), impl.run(case), says)
    if impl.gives_gradients:
        same(impl, impl.pull(case), impl.pull(case), says)
