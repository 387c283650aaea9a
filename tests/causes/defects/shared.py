"""Defects of what the three recurrences share."""

SHARED = {
    "reverse is ignored": (
        "_recurrence.py",
        "return range(steps - 1, -1, -1) if reverse else range(steps)",
        "return range(steps)",
    ),
    "reverse leaves out the first step": (
        "_recurrence.py",
        "range(steps - 1, -1, -1)",
        "range(steps - 1, 0, -1)",
    ),
    "lengths are off by one: one step too many is read": (
        "_checks.py",
        "np.arange(steps) < lengths[:, None]",
        "np.arange(steps) <= lengths[:, None]",
    ),
    "lengths are ignored": (
        "_checks.py",
        "np.arange(steps) < lengths[:, None]",
        "np.arange(steps) < np.full((batch, 1), steps)",
    ),
    "gradient: the biases' gradients are means, not sums": (
        "_recurrence.py",
        "da.sum(0)",
        "da.mean(0)",
    ),
}
