"""How many cases: SEQLAWS_CASES multiplies what each test here runs by default."""

import os

from hypothesis import HealthCheck, settings

FACTOR = float(os.environ.get("SEQLAWS_CASES", "1"))


def times(default):
    """The number of cases, as the environment scales it."""
    return max(1, round(default * FACTOR))


def examples(default):
    """Hypothesis settings for so many cases by default."""
    return settings(
        max_examples=times(default),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
