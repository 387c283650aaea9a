"""Laws of Markov chains, and one that separates them from recurrent networks.

Norris (1997), "Markov chains", chapter 1. The tables hold multiples of 1/16, exact in every dtype,
and their rows sum to exactly 1. Sums over all sequences are then exact except for the errors of the
logarithms.
"""

from itertools import product

import numpy as np

from seqlaws.properties.laws import (
    Array,
    Case,
    Expected,
    Fixed,
    Operation,
    Subject,
    agree,
    both_within,
    drawn,
    exactly,
    law,
    must_raise,
    require,
)

MOST = 1024  # sequences in one call
POSSIBLE = drawn(zeros=(0.0,))


def order_of(case: Case) -> int:
    """Return k, the number of states that the next one depends on."""
    return case.arrays["initial"].ndim


def sixteenths(random: np.random.RandomState, shape: tuple[int, ...], axes: int) -> Array:
    """Return multiples of 1/16, some of them 0, that sum to 1 over the last axes."""
    outcomes = int(np.prod(shape[len(shape) - axes :]))
    rows = random.multinomial(16, np.full(outcomes, 1 / outcomes), int(np.prod(shape)) // outcomes)
    return rows.reshape(shape) / 16


def in_sixteenths(case: Case) -> Case:
    """Return the case with such tables, of the same order and number of states."""
    initial, transition = case.arrays["initial"], case.arrays["transition"]
    return case.having(
        initial=sixteenths(case.random(1), initial.shape, initial.ndim),
        transition=sixteenths(case.random(2), transition.shape, 1),
    )


def probabilities(impl: Subject, case: Case) -> tuple[Array, Array]:
    """Return exp(log p) of each sequence, and its allowed error."""
    found, (value, allowed) = impl.run(case)["log_prob"], impl.expected(case)["log_prob"]
    p = np.exp(value)
    return np.exp(found), p * np.expm1(allowed) + 2.0**-50 * p


@law("markov_log_prob", share=0.12, cases=drawn(S=3))
def test_probabilities_of_all_sequences_sum_to_one(impl: Subject, case: Case) -> None:
    """The probabilities of all S^T sequences of a length sum to one: sum_s p(s) = 1."""
    order, size = order_of(case), case.arrays["transition"].shape[-1]
    longest = order
    while size ** (longest + 1) <= MOST and longest < order + 3:
        longest += 1
    for time in range(order, longest + 1):
        every = np.array(list(product(range(size), repeat=time)), int)
        p, slack = probabilities(impl, in_sixteenths(case).having(states=every))
        total = np.array([np.sum(p)])
        due = Expected(np.ones(1), np.array([np.sum(slack)]))
        says = f"the probabilities of all sequences of length {time} do not sum to 1"
        agree(impl, {"log_prob": total}, {"log_prob": due}, says)


@law("markov_log_prob", share=0.2, cases=POSSIBLE)
def test_only_the_last_states_matter(impl: Subject, case: Case) -> None:
    """Given the last k states, earlier states have no influence on the next one.

    log p(past, w, s) - log p(past, w) = log transition[w, s] for every past.
    """
    states, random, order = case.arrays["states"], case.random(), order_of(case)
    size = case.arrays["transition"].shape[-1]
    past = random.randint(0, size, states.shape)
    last = np.tile(random.randint(0, size, order + 1), (len(states), 1))
    longer = case.having(states=np.concatenate([past, last], axis=1))
    shorter = case.having(states=longer.arrays["states"][:, :-1])
    step = impl.run(longer)["log_prob"] - impl.run(shorter)["log_prob"]
    expected = impl.expected(longer)["log_prob"], impl.expected(shorter)["log_prob"]
    with np.errstate(divide="ignore", invalid="ignore"):
        due = np.log(case.arrays["transition"][tuple(last.T)])
        known = np.isfinite(expected[0].value) & np.isfinite(expected[1].value)
        slack = sum(e.allowed + 2.0**-52 * np.abs(e.value) for e in expected)
    step, due, slack = (np.where(known, z, 0.0) for z in (step, due, slack))
    says = "states before the last k affect the next one"
    agree(impl, {"log_prob": step}, {"log_prob": Expected(due, slack)}, says)


def distances(operation: Operation) -> list[Fixed]:
    """Return lengths of one step to a hundred."""
    few: Fixed = {"B": 2, "I": 2, "H": 2, "nonlinearity": "relu", "padded": False}
    return [{**few, "T": steps, "reverse": False} for steps in (1, 2, 5, 20, 100)]


@law("rnn", share=0.02, sweep=distances, needs=("nonlinearity",))
def test_the_distant_past_matters(impl: Subject, case: Case) -> None:
    """A recurrent network can remember any past: with W_hh = 1 and relu it sums all its inputs.

    h_T = sum_t x_t for x_t >= 0: adding one to the first of a hundred steps adds one at the end. (A
    chain of order k forgets what lies k steps back: `only_the_last_states_matter`.)
    """
    identity, none = np.eye(2), np.zeros(2)
    parameters = {"weight_ih": identity, "weight_hh": identity, "bias_ih": none, "bias_hh": none}
    x = np.asarray(case.random().randint(0, 2, case.arrays["x"].shape), float)
    counting = case.having(**parameters, x=x, h0=np.zeros((len(x), 2)))
    counting = counting.having(nonlinearity="relu").without("lengths", "reverse")
    more = np.array(x)
    more[:, 0] += 1
    before, after = impl.run(counting)["h_n"], impl.run(counting.having(x=more))["h_n"]
    says = "the first input does not affect the last state as expected"
    agree(impl, {"h_n": after}, {"h_n": exactly(before + 1)}, says)


@law("markov_log_prob", share=0.2)
def test_order_k_is_order_1_over_tuples(impl: Subject, case: Case) -> None:
    """A chain of order k equals a chain of order 1 whose states are the tuples of k states.

    The probability from (a, .., y) to (b, .., z) is transition[a, b, .., z]; all others are 0.
    """
    order, states = order_of(case), case.arrays["states"]
    initial, transition = case.arrays["initial"], case.arrays["transition"]
    words = [states[:, i : states.shape[1] - order + 1 + i] for i in range(order)]
    between = np.zeros((initial.size, initial.size))
    for word in np.ndindex(*transition.shape):
        whence = np.ravel_multi_index(word[:-1], initial.shape)
        between[whence, np.ravel_multi_index(word[1:], initial.shape)] = transition[word]
    first_order = case.having(
        states=np.ravel_multi_index(tuple(words), initial.shape),
        initial=initial.reshape(-1),
        transition=between,
    )
    slack = impl.expected(case)["log_prob"].allowed + impl.expected(first_order)["log_prob"].allowed
    tuples, whole = impl.run(first_order), impl.run(case)
    says = "a chain of order k differs from the chain of order 1 over tuples"
    both_within(impl, whole, tuples, {"log_prob": slack}, says)


@law("markov_log_prob", share=0.2, cases=drawn(order=1, S=4))
def test_chapman_kolmogorov(impl: Subject, case: Case) -> None:
    """Two steps equal one step of the squared matrix: sum_b p(a, b, c; P) = p(a, c; P^2)."""
    case = in_sixteenths(case)
    size = case.arrays["transition"].shape[-1]
    a, b, c = np.meshgrid(*[np.arange(size)] * 3, indexing="ij")
    through = case.having(states=np.stack([a, b, c], axis=-1).reshape(-1, 3))
    ends = np.stack([a[:, 0], c[:, 0]], axis=-1).reshape(-1, 2)
    squared = case.arrays["transition"] @ case.arrays["transition"]  # of multiples of 1/256
    two, slack = (z.reshape(size, size, size).sum(axis=1) for z in probabilities(impl, through))
    one, more = (
        z.reshape(size, size)
        for z in probabilities(impl, case.having(states=ends, transition=squared))
    )
    says = "two steps differ from one step of the squared matrix"
    agree(impl, {"log_prob": two}, {"log_prob": Expected(one, slack + more)}, says)


@law("markov_log_prob", share=0.2, cases=drawn(zeros=(0.4,)), section="edges")
def test_what_cannot_happen(impl: Subject, case: Case) -> None:
    """A sequence with a probability of 0 in it has log-probability -inf: not NaN, not -1e9.

    Every other sequence has a finite one.
    """
    found = impl.run(case)["log_prob"]
    value, allowed = impl.expected(case)["log_prob"]
    bound = np.isneginf(value) | np.isfinite(allowed)
    require(not np.any(np.isnan(found[bound])), "an impossible sequence gives NaN")
    due = Expected(np.isneginf(value) * 1.0, np.where(bound, 0.0, np.inf))
    says = "the log-probability of an impossible sequence is not -inf"
    agree(impl, {"log_prob": np.isneginf(found) * 1.0}, {"log_prob": due}, says)


@law("markov_log_prob", share=0.2, gradients=True, cases=drawn(zeros=(0.4,)), section="edges")
def test_gradients_beside_what_cannot_happen(impl: Subject, case: Case) -> None:
    """The gradient of a positive probability is finite; it is 0 if no sequence uses the entry.

    This also holds in a sequence with a probability of 0. The gradient of that entry is not
    checked.
    """
    gradients, expected = impl.pull(case), impl.expected(case, vjp=True)
    for name, (_, allowed) in expected.items():
        found = np.where(np.isfinite(allowed), gradients[name], 0.0)
        require(bool(np.all(np.isfinite(found))), f"a gradient of {name} is not finite")
    agree(impl, gradients, expected, nan_is_free=True)


@law("markov_log_prob", share=0.12, section="edges")
def test_what_is_sure(impl: Subject, case: Case) -> None:
    """A chain with only one possible path takes it with log-probability 0."""
    size, order = case.arrays["transition"].shape[-1], order_of(case)
    towards = case.random().randint(0, size)
    initial, transition = np.zeros((size,) * order), np.zeros((size,) * (order + 1))
    initial[(towards,) * order] = 1.0
    transition[..., towards] = 1.0
    sure = case.having(
        states=np.full_like(case.arrays["states"], towards), initial=initial, transition=transition
    )
    says = "the log-probability of a certain sequence is not 0"
    agree(impl, impl.run(sure), impl.expected(sure), says)


@law("markov_log_prob", share=0.2)
def test_names_of_states_do_not_matter(impl: Subject, case: Case) -> None:
    """Renaming the states, in the tables and in the sequences, does not change the probability."""
    size = case.arrays["transition"].shape[-1]
    name = case.random().permutation(size)
    tables = {}
    for table in ("initial", "transition"):
        array = case.arrays[table]
        renamed = np.zeros_like(array)
        renamed[np.ix_(*[name] * array.ndim)] = array
        tables[table] = renamed
    moved = case.having(states=name[case.arrays["states"]], **tables)
    agree(impl, impl.run(moved), impl.expected(case), "renaming the states changes the probability")


def long_chains(operation: Operation) -> list[Fixed]:
    """Return lengths of a hundred steps to ten thousand."""
    few: Fixed = {"B": 2, "S": 3, "zeros": (0.0,), "impossible": (False,)}
    lengths = ((100, 1), (100, 2), (1000, 1), (1000, 2), (10_000, 1))
    return [{**few, "T": steps, "order": k} for steps, k in lengths]


@law("markov_log_prob", share=0.02, sweep=long_chains, section="edges")
def test_long_sequences_do_not_underflow(impl: Subject, case: Case) -> None:
    """The log-probability of a long sequence is finite, even where the probability underflows."""
    found = impl.run(case)
    expected = impl.expected(case)
    likely = np.isfinite(expected["log_prob"].value) & np.isfinite(expected["log_prob"].allowed)
    finite = bool(np.all(np.isfinite(found["log_prob"][likely])))
    require(finite, "the log-probability of a long sequence is not finite")
    agree(impl, found, expected)


@law("markov_log_prob", share=0.2, level="SHOULD", section="guards")
def test_states_that_are_none_are_refused(impl: Subject, case: Case) -> None:
    """A state below 0 or above S - 1, or fewer states than k, raises an exception."""
    states, size = case.arrays["states"], case.arrays["transition"].shape[-1]
    if states.size:
        place = int(case.random().randint(states.size))
        for state in (-1, -size, size, size + 7, -size - 1):
            wrong = np.array(states)
            wrong.reshape(-1)[place] = state
            says = f"the state {state} of {size} does not raise an exception"
            must_raise(impl, case.having(states=wrong), says)
    short = case.having(states=states[:, : order_of(case) - 1])
    must_raise(impl, short, "fewer states than the order do not raise an exception")


@law("markov_log_prob", share=0.2, gradients=True, cases=POSSIBLE)
def test_every_factor_counts_once(impl: Subject, case: Case) -> None:
    """The log-probability is a sum of logarithms: T - k of transition and one of initial.

    sum_w transition[w] dtransition[w] = (T - k) sum_b dlog_prob_b; for initial without the factor T
    - k.
    """
    gradients, expected = impl.pull(case), impl.expected(case, vjp=True)
    time, order = case.arrays["states"].shape[1], order_of(case)
    cotangents = case.cotangents["log_prob"]
    for name, count in (("initial", 1), ("transition", time - order)):
        table, (value, allowed) = case.arrays[name], expected[name]
        if not np.all(np.isfinite(allowed)):
            continue  # a probability that was rounded to 0 is read
        total, due = np.sum(table * gradients[name]), count * np.sum(cotangents)
        own = np.abs(np.sum(table * value) - due)  # of float64: the reference's own
        slack = np.sum(table * allowed) + own + 2.0**-50 * np.sum(np.abs(table * gradients[name]))
        says = f"the gradient of {name} does not count every factor exactly once"
        agree(
            impl,
            {name: np.array([total])},
            {name: Expected(np.array([due]), np.array([slack]))},
            says,
        )
