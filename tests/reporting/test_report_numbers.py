"""What a page says in numbers: times, errors, failures, gradients over distance."""

from itertools import pairwise

import numpy as np
import pytest
from reported import ceilings, document, everything, timed, times, verdicts

from seqlaws.properties.reporting.page import accuracy, changes, details, flow, speed
from seqlaws.properties.reporting.page.documents import RefusedError
from seqlaws.properties.reporting.page.pictures import slope
from seqlaws.properties.reporting.page.render import page
from seqlaws.properties.reporting.page.report import report_of
from seqlaws.properties.subjects.error_statistics import PAIRS, Errors


def test_slower_is_what_is_beyond_the_spread(write):
    earlier = write(times([timed("mine", s, 1e-3) for s in ("a", "b", "c")]), "before.json")
    rows = [timed("mine", "a", 1.1e-3), timed("mine", "b", 1.3e-3), timed("mine", "c", 0.7e-3)]
    found = changes.changes(report_of([write(times(rows), "now.json")], [earlier]))
    assert [(c.kind, c.what[0]) for c in found] == [
        ("slower", "softmax forward b"),
        ("faster", "softmax forward c"),
    ]


def only_table(write, *rows, **options):
    (table,) = speed.tables(report_of([write(times(rows))], **options))
    return table


def test_times_are_ratios_to_the_chosen_one(write):
    rows = [timed("a", "small", 1e-3), timed("b", "small", 3e-3)]
    for name, due in (("a", [1, 3]), ("b", [1 / 3, 1])):
        ((_, _, cells),) = only_table(write, *rows, relative_to=name).rows
        assert [cell.ratio for cell in cells] == pytest.approx(due)
    with pytest.raises(
        RefusedError, match="c was not timed, so others cannot be compared with it; timed: a, b"
    ):
        only_table(write, *rows, relative_to="c")


def test_the_floor_is_the_larger_of_two(write):
    """1e6 flops at 1e11 a second are 1e-5 s, 1e5 bytes at 1e10 a second as well."""
    rows = [timed("a", "arithmetic", 4e-5, bytes=10), timed("a", "memory", 4e-5, flops=10)]
    table = only_table(write, *ceilings(), *rows)
    for _, _, (cell,) in table.rows:
        assert cell.share == pytest.approx(0.25)
        assert not cell.impossible


def test_the_floor_is_by_copies_of_the_working_set(write):
    """Copies of 1 MB run at 1e11 bytes a second in a cache, those of 100 MB at 1e10 in memory."""
    product, memory = ceilings()
    cached = timed("numpy", "1 MB", 1e-5 / 0.8, operation="copy", ceiling="copy", bytes=10**6)
    rows = [timed("a", f"{n}", 1.0, bytes=n, flops=1) for n in (10**5, 10**6, 10**7, 2 * 10**8)]
    table = only_table(write, product, memory, cached, *rows)
    found = {size: cell for _, size, (cell,) in table.rows}
    rates = {size: int(size) / cell.floor.seconds for size, cell in found.items()}
    assert rates["100000"] == rates["1000000"] == pytest.approx(1e11)
    assert rates["10000000"] == pytest.approx(1e11)  # between the two: the faster is possible
    assert rates["200000000"] == pytest.approx(1e10)
    for size, cell in found.items():  # nothing is called impossible that some copy is as fast as
        assert int(size) / cell.floor.never == pytest.approx(1e11)


def test_the_settings_of_each_process_are_on_the_page(write):
    report = report_of([write(times([timed("a", "small", 1e-3)]))])
    assert speed.conditions(report) == [
        ("ceilings of numpy", "processors 2", "OMP_NUM_THREADS 2", "none", "none")
    ]
    assert "OMP_NUM_THREADS 2" in page(report)


@pytest.mark.parametrize("what", [{"bytes": 10}, {"flops": 10}])
def test_faster_than_the_machine_is_impossible(write, what):
    table = only_table(write, *ceilings(), timed("a", "small", 0.9e-5, **what))
    ((_, _, (cell,)),) = table.rows
    assert cell.impossible
    assert "impossible" in page(report_of([write(times([*ceilings(), timed("a", "s", 9e-6)]))]))


def test_a_faster_kind_of_product_makes_nothing_impossible(write):
    """Operands in TF32 are multiplied faster than those in float32: only that bounds them all."""
    fast = {**ceilings(4e11)[0]}
    fast["extra_info"] = {**fast["extra_info"], "matmul": "tf32"}
    table = only_table(write, *ceilings(), fast, timed("a", "small", 0.5e-5, bytes=10))
    ((_, _, (cell,)),) = table.rows
    assert cell.share == pytest.approx(2)
    assert not cell.impossible
    assert "of the ceiling of its own product type" in speed.caution(cell)


def test_what_does_not_conform_has_no_time(write):
    speeds = write(times([timed("mine", "small", 1e-3), timed("other", "small", 2e-3)]), "t.json")
    made = verdicts(["mine"], statuses=("failed", "passed")) + verdicts(["other"])
    report = report_of([write(document(made)), speeds])
    (table,) = speed.tables(report)
    ((_, _, (mine, other)),) = table.rows
    assert mine.timed is None
    assert other.timed is not None
    assert speed.untimed(report) == [
        ("mine", "softmax (float32, cpu): does not conform: 3 laws failed")
    ]


def test_rows_are_in_the_order_of_sizes_and_the_most_timed_is_the_measure(write):
    sizes = ["length 128", "length 16", "large", "small"]
    rows = [timed("a", "small", 1e-3)] + [
        timed("b", s, 1e-3, d) for d in ("backward", "forward") for s in sizes
    ]
    report = report_of([write(times(rows))])
    assert report.relative_to == "b"
    (table,) = speed.tables(report)
    order = ["small", "large", "length 16", "length 128"]
    assert [row[:2] for row in table.rows] == [
        (d, s) for d in ("forward", "backward") for s in order
    ]


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_exponent_of_growth_is_found(write, exponent):
    rows = [timed("a", f"length {n}", 1e-6 * n**exponent) for n in (16, 32, 64, 128)]
    (picture,) = only_table(write, *rows).growth
    assert picture.lines[0].note == f"time ~ length^{exponent:.2f}"
    assert slope([(1, 1), (2, 2)]) is None


def test_errors_are_counted_by_powers_of_two():
    errors, allowed = Errors(), np.full(6, 1.0)
    allowed[5] = np.inf
    observed = np.array([0.0, 0.25, 0.26, 1.0, 3.0, 9.0])
    errors.add(observed, np.zeros(6), allowed, np.where(np.isinf(allowed), 0, observed))
    told = errors.as_data()
    assert told["entries"] == 5  # nothing is claimed of the last
    assert told["exact"] == 1
    assert told["shares"] == {"-2": 1, "-1": 1, "0": 1, "2": 1}
    assert told["pairs"] == [[3.0, 1.0]]
    errors.add(np.array([np.nan]), np.zeros(1), np.ones(1), np.array([np.inf]))
    assert errors.as_data()["shares"]["inf"] == 1


def test_a_bound_beside_the_largest_number_is_drawn(write):
    """Older files have such bounds, and the infinity."""
    largest = np.finfo(np.float64).max
    rows = verdicts(["mine"])
    rows[0].accuracy["p"]["pairs"] = [[np.inf, np.inf], [np.inf, largest], [1.0, largest]]
    assert "<svg" in page(report_of([write(document(rows))]))


def test_a_bound_that_any_number_meets_is_no_error():
    errors = Errors()
    errors.add(np.ones(1), np.zeros(1), np.full(1, np.finfo(np.float64).max), np.zeros(1))
    assert not errors.entries
    assert not errors.pairs


@pytest.mark.parametrize("comparisons", [5, 64, 1000])
def test_of_many_comparisons_some_are_kept_evenly(comparisons):
    errors = Errors()
    for k in range(comparisons):
        errors.add(np.array([k + 1.0]), np.zeros(1), np.full(1, 1e6), np.array([(k + 1) / 1e6]))
    kept = [error for error, _ in errors.pairs]
    assert min(comparisons, PAIRS // 2) <= len(kept) <= PAIRS
    assert len({b - a for a, b in pairwise(kept)}) == 1


def test_a_failure_opens_to_its_numbers(tmp_path):
    report = everything(tmp_path)
    texts = details.law_texts(report)
    found = details.failures(texts, details.BROKEN)
    order = [f.verdict.status for f in found]
    assert order == sorted(order, key=details.BROKEN.index)
    first = found[0]
    assert first.compared[0] == ("p[0, 0]", "1.5", "1.0", "1.00e-7", "5.00e+6")
    assert first.total == 64
    assert ("axis", "-1") in first.where
    assert first.explained == "in reference/softmax.py\n- a\n+ b"


def test_accuracy_counts_every_entry(tmp_path):
    for group in accuracy.groups(everything(tmp_path)):
        for panel in group.panels:
            assert panel.exact + sum(panel.shares.values()) <= panel.entries
            assert panel.cells()[-1] == str(sum(n for k, n in panel.shares.items() if k > 0))


def test_gradients_that_come_back_are_drawn_by_distance(tmp_path):
    (picture,) = flow.pictures(everything(tmp_path))
    assert [line.points for line in picture.lines] == [[(1.0, 0.5), (2.0, 0.2)]] * 2
