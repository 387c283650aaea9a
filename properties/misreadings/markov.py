"""Misreadings of Markov chains: which states are read, logarithms, sums; the gradients."""

from seqlaws.properties.misreadings.edits import Misreading, before, edit, misreading

FORWARD, VJP = "markov: markov_log_prob", "markov: markov_log_prob_vjp"
SUM = "+np.sum(np.concatenate(logarithms, axis=1), axis=1)"
INITIAL, OTHERS = "+np.log(initial[first])[:, None]", "+np.log(transition[windows])"
LEAST = (
    *("1e-8", "1e-10", "1e-6", "1e-7", "1e-9", "1e-12", "1e-15", "1e-16", "1e-20", "1e-30"),
    *("1e-37", "1e-38", "np.finfo(np.float32).tiny"),
)
WINDOWS = "tuple(states[:, i : time - order + i] for i in range(order + 1))"
TABLE = 'with np.errstate(divide="ignore", invalid="ignore"):'
BOTH_GRADIENTS = (
    "return table_gradient(dlog_prob, initial, first), table_gradient(along, transition, windows)"
)


def summed(name: str, new: str) -> Misreading:
    """Something else made of the logarithms."""
    return misreading(name, "markov_log_prob", edit(FORWARD, SUM, new))


def logarithm(name: str, new: str) -> Misreading:
    """Another logarithm of a probability p, everywhere."""
    one, others = (
        edit(FORWARD, f"np.log({p})", f"(lambda p: {new})({p})")
        for p in ("initial[first]", "transition[windows]")
    )
    return misreading(name, "markov_log_prob", one, others)


def added(name: str, p: str, epsilon: str) -> Misreading:
    """A little more for some of the probabilities."""
    return misreading(
        name, "markov_log_prob", edit(FORWARD, f"np.log({p})", f"np.log({p} + {epsilon})")
    )


def read(name: str, new: str) -> Misreading:
    """Other places w of the transition."""
    windows = edit("markov: steps", f"return first, {WINDOWS}", f"w = {WINDOWS}\n    return {new}")
    return misreading(name, "markov_log_prob", windows)


def gradient(name: str, new: str) -> Misreading:
    """A line more, before a table's gradient is taken."""
    line = before("markov: table_gradient", TABLE, new)
    return misreading(name, "markov_log_prob", line, gradients=True)


def returned(name: str, new: str) -> Misreading:
    """Something done to the gradients."""
    changed = f"di, dt = {BOTH_GRADIENTS.removeprefix('return ')}\n    return {new}"
    return misreading(name, "markov_log_prob", edit(VJP, BOTH_GRADIENTS, changed), gradients=True)


MISREADINGS = (
    misreading(
        "the logarithm of the sum of the transitions",
        "markov_log_prob",
        edit(FORWARD, OTHERS, "+np.log(np.sum(transition[windows], axis=1, keepdims=True))"),
    ),
    read("the transition transposed", "first, (w[-1], *w[:-1])"),
    read("the last two axes of the transition exchanged", "first, (*w[:-2], w[-1], w[-2])"),
    read("states read newest first", "first, (*w[-2::-1], w[-1])"),
    read("the oldest state forgotten", "first, (w[min(1, order - 1)], *w[1:])"),
    misreading(
        "sequences read backwards",
        "markov_log_prob",
        edit(
            "markov: steps",
            "time = states.shape[1]",
            "states, time = states[:, ::-1], states.shape[1]",
        ),
    ),
    summed(
        "0 * log 0 of transitions that are not taken", f"{SUM} + 0.0 * np.sum(np.log(transition))"
    ),
    read("the first states read backwards", "first[::-1], w"),
    read(
        "the last states for the first",
        "tuple(states[:, time - order + i] for i in range(order)), w",
    ),
    read("the first state for all of the first", "(states[:, 0],) * order, w"),
    summed("the logarithm to base 2", f"{SUM} * (1 / math.log(2))"),
    summed("the logarithm to base 10", f"{SUM} * (1 / math.log(10))"),
    summed("the sign", f"-{SUM}"),
    summed("the probability itself", f"np.exp({SUM})"),
    summed("the mean over the steps", f"{SUM} * (1 / np.asarray(states).shape[1])"),
    summed("the mean for the sum", f"{SUM} * (1 / (1 + windows[0].shape[1]))"),
    misreading(
        "the mean over the transitions",
        "markov_log_prob",
        edit(FORWARD, OTHERS, f"{OTHERS} * (1 / np.float64(windows[0].shape[1]))"),
    ),
    summed("the logarithm of the product", f"underflowing({SUM})"),
    summed("the initial states left out", "+np.sum(logarithms[1], axis=1)"),
    summed("the initial states alone", "+np.sum(logarithms[0], axis=1)"),
    summed("the last step left out", "+np.sum(np.concatenate(logarithms, axis=1)[:, :-1], axis=1)"),
    *(
        one
        for e in ("1e-10", "1e-8", "1e-12", "1e-6", "1e-7", "1e-9")
        for one in (
            logarithm(f"{e} added to probabilities", f"np.log(p + {e})"),
            added(f"{e} added to the initial probabilities", "initial[first]", e),
            added(f"{e} added to the probabilities of transitions", "transition[windows]", e),
        )
    ),
    *(logarithm(f"probabilities of at least {e}", f"np.log(np.maximum(p, {e}))") for e in LEAST),
    logarithm("-1e9 for the logarithm of 0", "np.where(is_zero(p), -1e9, np.log(p))"),
    logarithm("0 for the logarithm of 0", "np.where(is_zero(p), 0, np.log(p))"),
    gradient("the gradient not divided by the probability", "table = nothing(table) + 1"),
    gradient(
        "each probability counted once",
        "return +assigned_at(dlog_prob / table[places], places, table.shape)",
    ),
    returned("no gradient of the initial states", "nothing(di), dt"),
    returned("no gradient of the transition", "di, nothing(dt)"),
    returned("the gradient of the transition transposed", "di, +transpose(dt)"),
    *(
        misreading(
            f"the cotangent ignored for the {table}",
            "markov_log_prob",
            edit(VJP, old, f"nothing({given}) + 1, {table},"),
            gradients=True,
        )
        for table, given, old in (
            ("initial", "dlog_prob", "dlog_prob, initial,"),
            ("transition", "along", "along, transition,"),
        )
    ),
    misreading(
        "the cotangent ignored",
        "markov_log_prob",
        before(VJP, "along = np.repeat(", "dlog_prob = nothing(dlog_prob) + 1"),
        gradients=True,
    ),
)
