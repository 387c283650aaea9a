"""A dict that a call rewrote is that call's fault alone."""

import numpy as np

from seqlaws.properties.isolation.parameter_dicts import Dicts


def test_a_later_call_without_the_dict_is_not_blamed():
    dicts = Dicts()
    (params,) = dicts.settled([{"weight": np.ones(2)}])
    assert not dicts.rewritten()
    params["weight"] = np.zeros(2)
    assert dicts.rewritten()
    dicts.settled([np.ones(2)])
    assert not dicts.rewritten()


def test_a_dict_is_given_again_with_its_new_entries():
    dicts, kept = Dicts(), np.ones(2)
    (first,) = dicts.settled([{"weight": kept, "bias": np.zeros(2)}])
    again = {"weight": kept, "bias": np.ones(2)}
    (second,) = dicts.settled([again])
    assert second is first
    assert second == again
