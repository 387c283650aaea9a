"""Operations that are declared as a scan: against the suite's own recurrences, and wrong ones."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from specs import DECAY, source

from seqlaws import check, reference
from seqlaws.properties.discovery.loader import load_file
from seqlaws.properties.inputs.numbers import by_seed
from seqlaws.properties.inputs.strategies import build
from seqlaws.properties.isolation import specification_server as server
from seqlaws.properties.judging.gradient_reach import flows
from seqlaws.properties.misreadings import about
from seqlaws.properties.operations import OPERATIONS
from seqlaws.properties.own.adding import add_file, remove
from seqlaws.properties.own.declared import DeclarationError
from seqlaws.properties.own.decorator import operation
from seqlaws.properties.own.proof import SpecError
from seqlaws.properties.own.scan import expected_of_scan
from seqlaws.properties.subjects.subject import Subject
from seqlaws.reference.numbers import Arithmetic
from seqlaws.reference.numbers.stepwise import expected_step_by_step

LSTM = """
    import numpy as np
    from seqlaws import operation
    from seqlaws.reference.lstm import gates

    @operation(
        x="B T I", h0="B H", c0="B H", weight_ih="4H I", weight_hh="4H H", bias_ih="4H",
        bias_hh="4H", returns={"y": "B T H", "h_n": "B H", "c_n": "B H"}, batch="B",
        scan="T", carry={"h0": "y h_n", "c0": "c_n"},
    )
    def own_lstm(x, h0, c0, weight_ih, weight_hh, bias_ih, bias_hh):
        i, f, g, o = gates(x, h0, weight_ih, weight_hh, bias_ih, bias_hh)
        c = +(f * c0 + i * g)
        return o * np.tanh(c), c
"""
RNN = """
    import numpy as np
    from seqlaws import operation

    @operation(x="B T H", h="B H", weight="H H", returns={"y": "B T H"}, batch="B", scan="T",
               carry={"h": "y"})
    def own_rnn(x, h, weight):
        return np.tanh(x + h @ weight)
"""
RIGHT = """
    import numpy as np
    TRAITS = {"dtypes": ("float32",)}

    def decay(x, rate, h):
        y = np.empty_like(x)
        for t in range(x.shape[1]):
            h = rate[:, t, None] * h + x[:, t]
            y[:, t] = np.tanh(h)
        return y, h.copy()

    def decay_vjp(dy, dlast, x, rate, h):
        before, dx, drate, dh = [h], np.empty_like(x), np.empty_like(rate), dlast.copy()
        for t in range(x.shape[1]):
            before.append(rate[:, t, None] * before[-1] + x[:, t])
        for t in reversed(range(x.shape[1])):
            dh = dh + dy[:, t] * (1 - np.tanh(before[t + 1]) ** 2)
            dx[:, t], drate[:, t] = dh, np.sum(dh * before[t], axis=-1)
            dh = dh * rate[:, t, None]
        return dx, drate, dh
"""
WRONG = {  # another text in the right one, a law that fails, and words that a cause names it with
    "backward": ("for t in range(x.shape[1]):\n            h =",
                 "for t in reversed(range(x.shape[1])):\n            h =",
                 "later_steps_have_no_influence", "last to first"),
    "initial state": ("y = np.empty_like(x)", "y, h = np.empty_like(x), h * 0",
                      "chunks_continue", "zeros for the initial state"),
    "not carried": ("h = rate[:, t, None] * h + x[:, t]", "h = 0 * h + x[:, t]",
                    "chunks_continue", "zeros for"),
}  # fmt: skip


@pytest.fixture
def added(write):
    names = []

    def add(text, file):
        names.extend(add_file(write(source(text), file), proving=True))
        return OPERATIONS[names[-1]]

    yield add
    remove(names)


def lstm_case(steps, dtype="float32"):
    fixed = {"B": 2, "T": steps, "I": 3, "H": 4, "padded": False, "reverse": False}
    return build(by_seed(steps, 1), OPERATIONS["lstm"], dtype, **fixed)


@pytest.mark.parametrize("steps", [0, 1, 7])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_recurrence_written_as_a_scan_is_the_suite_s_own(steps, dtype, added):
    added(LSTM, "own_lstm.py")
    given = [*lstm_case(steps, dtype).arrays.values()]
    for one, other in zip(reference.OWN["own_lstm"](*given), reference.lstm(*given), strict=True):
        np.testing.assert_array_equal(one, other)
    y = np.float32(reference.lstm(*given)[0]) * (1 + 1e-6)
    a = Arithmetic(dtype)
    own = expected_of_scan("own_lstm", {"y": y}, *given, arithmetic=a)
    for one, other in zip(own, expected_step_by_step("lstm", y, *given, arithmetic=a), strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-12)
        np.testing.assert_allclose(one.allowed, other.allowed, rtol=1e-6)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_lengths_and_reverse_are_those_of_the_suite_s_own_recurrences(reverse, dtype, added):
    added(LSTM.replace("batch=", 'lengths="B: lengths T", reversible=True, batch='), "own_lstm.py")
    fixed = {"B": 3, "T": 6, "I": 3, "H": 4, "padded": True, "reverse": reverse}
    case = build(by_seed(3, 1), OPERATIONS["lstm"], dtype, **fixed)
    given, pulled = [*case.arrays.values()], [*case.cotangents.values()]
    options = {"lengths": case.option("lengths"), "reverse": reverse}
    assert min(options["lengths"]) < 6
    y = np.float32(reference.lstm(*given, **options)[0]) * (1 + 1e-6)
    a = Arithmetic(dtype)
    own = expected_of_scan("own_lstm", {"y": y}, *given, arithmetic=a, **options)
    due = expected_step_by_step("lstm", y, *given, arithmetic=a, **options)
    for one, other in zip(own, due, strict=True):
        np.testing.assert_allclose(one.value, other.value, rtol=1e-12)
        np.testing.assert_allclose(one.allowed, other.allowed, rtol=1e-6)
    found = reference.OWN["own_lstm_vjp"](*pulled, *given, **options)
    due = reference.lstm_vjp(*pulled, *given, **options)
    for one, other in zip(found, due, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_what_is_allowed_does_not_grow_along_a_state_that_is_shown(added):
    added(RNN, "own_rnn.py")
    random = np.random.RandomState(3)
    given = [random.standard_normal(shape) for shape in ((2, 48, 4), (2, 4), (4, 4))]
    y, a = reference.OWN["own_rnn"](*given)[0], Arithmetic("float32")
    seen, carried = (
        expected_of_scan("own_rnn", one, *given, arithmetic=a) for one in ({"y": y}, {})
    )
    early, late = slice(4), slice(-4, None)
    assert np.median(seen[0].allowed[:, late]) < 4 * np.median(seen[0].allowed[:, early])
    assert np.median(carried[0].allowed[:, late]) > 1000 * np.median(seen[0].allowed[:, late])


def test_gradients_go_through_time(added):
    added(LSTM, "own_lstm.py")
    case = lstm_case(5)
    pulled = [*case.cotangents.values()]
    found = reference.OWN["own_lstm_vjp"](*pulled, *case.arrays.values())
    for one, other in zip(found, reference.lstm_vjp(*pulled, *case.arrays.values()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_a_state_that_begins_with_zeros_is_no_argument(added):
    text = source(DECAY).replace('h="B E",', 'h="B E: zeros",').replace(', "last": "B E"', "")
    one = added(text.replace('carry={"h": "last"}', 'carry="h"'), "from_zeros.py")
    assert one.arguments == ("x", "rate")
    assert not one.resumable
    x, rate = np.ones((2, 3, 1)), np.full((2, 3), 0.5)
    np.testing.assert_allclose(reference.OWN["decay"](x, rate)[0][0, :, 0], np.tanh([1, 1.5, 1.75]))
    np.testing.assert_array_equal(reference.OWN["decay"](x[:, :0], rate[:, :0])[0], x[:, :0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scan": ""}, "carry={'h': 'last'} needs the axis of the scan, as in scan='T'"),
        ({"carry": ""}, "needs the parameters that a step hands on to the next"),
        ({"scan": "S"}, "scan='S', which is no axis of an array"),
        ({"carry": {"g": "last"}}, "the state g is no parameter with axes"),
        ({"carry": {"h": "end"}}, "a state is to be the output end; there are y, last"),
        ({"carry": "h"}, "the output last has no axis T; if it is the last value of a state, say"),
        ({"h": "B T E"}, "the state h has no axis T"),
        ({"h": "B S"}, "the size S of h is no other array's"),
        ({"x": "B T E: zeros"}, "x is zeros, and is not carried by a scan"),
        ({"lengths": "B: lengths E"}, "are up to T: lengths='B: lengths T'"),
        ({"lengths": "T: lengths T"}, "lengths has the axes T, and h lacks them"),
        ({"mask": "B T"}, "decay has no parameter mask; it has x, h"),
        ({"scan": "", "carry": "", "reversible": True}, "reversible=True needs the axis"),
    ],
)
def test_a_declaration_that_does_not_fit_is_one_sentence(change, said):
    declared = {"x": "B T E", "h": "B E", "returns": {"y": "B T E", "last": "B E"}}
    declared |= {"scan": "T", "carry": {"h": "last"}}

    def decay(x, h):
        return h + x, x

    with pytest.raises(DeclarationError) as raised:
        operation(**{**declared, **change})(decay)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("np.tanh(h)", "returned 1 arrays; it returns the states and then the outputs: h, y"),
        ("h[:1], np.tanh(h)", "returned the state h with shape"),
    ],
)
def test_a_step_that_returns_something_else_is_one_sentence(returned, said, added):
    with pytest.raises(SpecError, match=said):
        added(source(DECAY).replace("return h, np.tanh(h)", f"return {returned}"), "odd.py")


def test_a_right_one_passes(write, plug_in):
    spec = write(source(DECAY), "decay.py")
    result = check(plug_in(source(RIGHT)), spec=spec, examples=3, sections=["numbers"])
    passed = {v.law_name for v in result.verdicts if v.status == "passed"}
    assert not result.failures, str(result)
    assert passed >= {"values", "gradients", "later_steps_have_no_influence", "chunks_continue"}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_one_breaks_a_law_of_scans(name, write, plug_in):
    old, new, law, words = WRONG[name]
    spec, right = write(source(DECAY), "decay.py"), source(RIGHT)
    old, new = (text.replace("\n        ", "\n    ") for text in (old, new))
    assert right.count(old) == 1
    wrong = right.replace(old, new).partition("def decay_vjp")[0]
    result = check(plug_in(wrong), spec=spec, examples=3, sections=["numbers"])
    assert f"decay.{law}" in [v.law for v in result.failures], str(result)
    assert any(words in n for c in result.causes for n in c.names), str(result)


def test_the_misreadings_of_a_scan_are_of_its_steps(added):
    one = added(DECAY, "decay.py")
    names = [m.name for m in about(one.name)]
    assert {"the steps read last to first", "zeros for the initial state"} <= {*names}
    assert not [n for n in names if "the T of" in n]


def test_the_server_follows_the_states_that_are_shown(write):
    names = server.add(write(source(LSTM), "own_lstm.py"))
    try:
        given = [*lstm_case(3).arrays.values()]
        y = reference.lstm(*given)[0] + 1.0  # far off: each step is judged from where it started
        found = server.ask("scan", "own_lstm", {"y": y}, *given, arithmetic=("float32",))
        moved = reference.lstm(*(a[:, 1:2] if k == 0 else a for k, a in enumerate(given)))
        assert not np.allclose(found[0][0][:, 1:2], moved[0])
        assert not np.allclose(found[0][0][:, 1], reference.lstm(*given)[0][:, 1])
    finally:
        server.remove(names)


def test_how_far_a_gradient_comes_back_is_measured(added, plug_in):
    added(DECAY, "decay.py")
    subject = Subject("mine", load_file(plug_in(source(RIGHT))), "decay", "float32", "cpu")
    mine, due = (flow["norms"] for flow in flows([subject]))
    assert len(mine) == 65
    np.testing.assert_allclose(mine[:8], due[:8], rtol=1e-4)
    assert mine[8] < mine[4] < mine[0] == 1
