"""A tiny sample of the search for survivors; `tests/mutation.py` is the whole."""

import random
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
import mutation

EVERY = mutation.all_of("numpy_vectorized")


def test_every_mutant_is_python_and_another_source():
    """Each mutant compiles, and differs from what it was made of."""
    for file, _, one in random.Random(0).sample(EVERY, 100):
        compile(one.source, file, "exec")
        assert one.was != one.now


def test_a_wrong_softmax_is_killed():
    """A mutant of softmax that is wrong everywhere fails a law at once."""
    of_softmax = (m for m in EVERY if m[1] == "softmax" and m[2].kind == "arithmetic")
    file, operation, one = next(m for m in of_softmax if "ndim" not in m[2].was)
    outcome = mutation.tried(("numpy_vectorized", file, operation, one))
    assert outcome["status"] == "killed", outcome
