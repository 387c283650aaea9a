"""Laws of calling conventions: for implementations that declare `writes` or `returns`."""

import numpy as np

from seqlaws.properties.laws import Case, Expected, Subject, agree, law, require_unnoted
from seqlaws.properties.operations import ALL
from seqlaws.properties.subjects.returned import BEYOND, INTO


@law(ALL, share=0.12, section="manners", declared="writes")
def test_outputs_are_written_into_the_given_arrays(impl: Subject, case: Case) -> None:
    """Every entry of the arrays given for the outputs is written, and nothing beyond their ends.

    What they hold before the call, here NaN, has no effect. An array of its own is not returned.
    """
    outputs = impl.run(case)
    require_unnoted(impl, BEYOND)
    require_unnoted(impl, INTO)
    due = impl.expected_of_steps(case, outputs)
    left = [n for n, e in due.items() if np.any(np.isnan(outputs[n]) & ~np.isnan(e.value))]
    says = f"an entry of the array for {left[0]} is not written" if left else ""
    agree(impl, outputs, due, says)


@law("attention", share=0.25, declared="returns")
def test_returned_log_sum_exp(impl: Subject, case: Case) -> None:
    """The returned log-sum-exp of each query's scores differs by at most the allowed error.

    lse_i = log sum_j exp(s_ij), with the scores after scale, softcap and masks; -inf for a query
    that may attend to no key, unless the trait `fully_masked` declares NaN or a mean.
    """
    impl.run(case)
    due = impl.expected_extras(case)
    if impl.traits.fully_masked != "zeros":
        free = {n: np.where(np.isneginf(e.value), np.inf, e.allowed) for n, e in due.items()}
        due = {n: Expected(e.value, free[n]) for n, e in due.items()}
    agree(impl, impl.extras, due, "the log-sum-exp does not match the specification")
