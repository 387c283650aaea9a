"""Wrong simple recurrent networks in NumPy: states, biases, lengths, direction."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, lengths
from zoo.entries import wrong
from zoo.recurrent.base_rnn import rnn
from zoo.witness import differs

given = partial(case, "rnn")
arguments = partial(wrong, rnn, "arguments")
result = partial(wrong, rnn, "result")
linear = partial(wrong, rnn, "preactivation")
ANY = differs(given())


@arguments("initial state", ANY, diagnosis="h0 ignored")
def rnn_h0_ignored(a):
    """The initial state is taken for zero."""
    a.h0 = np.zeros_like(a.h0)


@arguments("initial state", differs(given(reverse=True)), diagnosis="h0 ignored with reverse")
def rnn_h0_ignored_in_reverse(a):
    """The initial state is taken for zero in the reverse direction."""
    a.h0 = np.zeros_like(a.h0) if a.reverse else a.h0


@arguments("initial state", ANY, diagnosis="h0 of row 0")
def rnn_h0_of_first_row(a):
    """Every row starts from the initial state of row 0."""
    a.h0 = np.repeat(a.h0[:1], len(a.h0), axis=0)


@arguments("initial state", differs(given(T=1)))
def rnn_h0_ignored_for_one_step(a):
    """The path for a single step starts from zero."""
    a.h0 = np.zeros_like(a.h0) if a.x.shape[1] == 1 else a.h0


@arguments("bias", ANY, diagnosis="bias_ih missing")
def rnn_bias_ih_missing(a):
    """bias_ih is not added."""
    a.bias_ih = np.zeros_like(a.bias_ih)


@arguments("bias", ANY, diagnosis="bias_hh missing")
def rnn_bias_hh_missing(a):
    """bias_hh is not added."""
    a.bias_hh = np.zeros_like(a.bias_hh)


@arguments("bias", ANY, diagnosis="bias_hh for bias_ih")
def rnn_bias_hh_for_both(a):
    """bias_hh is added twice, bias_ih not at all."""
    a.bias_ih = a.bias_hh


@linear("bias", differs(given(h0=fill(0))))
def rnn_bias_hh_needs_a_state(a, x, h):
    """bias_hh is added only where the state is not zero."""
    return x @ a.weight_ih.T + a.bias_ih + h @ a.weight_hh.T + a.bias_hh * (h != 0).any(1)[:, None]


@arguments("weights", ANY, diagnosis="transposed weight_hh")
def rnn_weight_hh_transposed(a):
    """weight_hh is used transposed."""
    a.weight_hh = a.weight_hh.T


@arguments("weights", differs(given(I=4, H=4)), diagnosis="transposed weight_ih")
def rnn_weight_ih_transposed_when_square(a):
    """weight_ih is used transposed where I equals H."""
    a.weight_ih = a.weight_ih.T if a.weight_ih.shape[0] == a.weight_ih.shape[1] else a.weight_ih


@arguments("option ignored", differs(given(lengths=lengths(3, 5))), diagnosis="lengths ignored")
def rnn_lengths_ignored(a):
    """The lengths are ignored."""
    a.lengths = None


@arguments("lengths", differs(given(lengths=lengths(3, 4))), diagnosis="lengths one more")
def rnn_lengths_one_more(a):
    """Each row is read one step too far."""
    a.lengths = None if a.lengths is None else np.minimum(a.lengths + 1, a.x.shape[1])


@arguments("lengths", differs(given(lengths=lengths(3, 5))), diagnosis="lengths one less")
def rnn_lengths_one_less(a):
    """Each row is read one step too short."""
    a.lengths = None if a.lengths is None else np.maximum(a.lengths - 1, 0)


@arguments("lengths", differs(given(lengths=lengths(0, 4))), diagnosis="a length of 0 taken for 1")
def rnn_length_zero_is_one(a):
    """A length of 0 is taken for 1."""
    a.lengths = None if a.lengths is None else np.maximum(a.lengths, 1)


@arguments("lengths", differs(given(lengths=lengths(2, 4))), diagnosis="lengths of the longest row")
def rnn_lengths_of_longest_row(a):
    """All rows have the length of the longest."""
    if a.lengths is not None and len(a.lengths):
        a.lengths = np.full_like(a.lengths, a.lengths.max())


@result("lengths", differs(given(lengths=lengths(3, 5))), diagnosis="h_n of the last column")
def rnn_final_state_of_last_column(a, o):
    """h_n is y at T - 1, which is zero for a shorter row."""
    if o.y.shape[1] and not a.reverse:
        o.h_n = o.y[:, -1].copy()


@result(
    "lengths", differs(given(lengths=lengths(0, 5))), diagnosis="h_n zero for a row of length 0"
)
def rnn_empty_row_gives_zero_state(a, o):
    """A row of length 0 returns a zero state, not its initial one."""
    if a.lengths is not None:
        o.h_n[np.asarray(a.lengths) == 0] = 0


@result(
    "lengths",
    differs(given(lengths=lengths(3, 5))),
    diagnosis="the last state repeated in the padding",
)
def rnn_last_state_repeated_in_padding(a, o):
    """y beyond a row's length repeats the final state in place of zero."""
    if a.lengths is not None and not a.reverse:
        padded = np.arange(o.y.shape[1]) >= np.asarray(a.lengths)[:, None]
        o.y = np.where(padded[..., None], o.h_n[:, None], o.y)


@result("lengths", differs(given(lengths=lengths(2, 5), B=2)))
def rnn_rows_left_sorted(a, o):
    """Rows are sorted by length, longest first, and y is not put back."""
    if a.lengths is not None:
        o.y = o.y[np.argsort(-np.asarray(a.lengths), kind="stable")]


@result("lengths", differs(given(T=0)), diagnosis="h_n zero without steps")
def rnn_no_steps_gives_zero_state(a, o):
    """Without any step the final state is zero."""
    if a.x.shape[1] == 0:
        o.h_n = np.zeros_like(o.h_n)


@arguments("option ignored", differs(given(reverse=True)), diagnosis="reverse ignored")
def rnn_reverse_ignored(a):
    """The reverse direction is ignored."""
    a.reverse = False


@arguments(
    "option ignored",
    differs(given(reverse=True, lengths=lengths(3, 5))),
    diagnosis="reverse ignored with lengths",
)
def rnn_reverse_ignored_with_lengths(a):
    """The reverse direction is ignored where lengths are given."""
    a.reverse = a.reverse and a.lengths is None


@arguments(
    "option ignored",
    differs(given(reverse=True, lengths=lengths(3, 5))),
    diagnosis="lengths ignored with reverse",
)
def rnn_lengths_ignored_in_reverse(a):
    """The lengths are ignored in the reverse direction."""
    a.lengths = None if a.reverse else a.lengths


@result("reverse", differs(given(reverse=True)), diagnosis="y not flipped back")
def rnn_reverse_not_flipped_back(a, o):
    """In the reverse direction y stays in the order of reading."""
    if a.reverse:
        o.y = o.y[:, ::-1].copy()


@result("reverse", differs(given(reverse=True)), diagnosis="h_n at the wrong end")
def rnn_reverse_state_of_wrong_end(a, o):
    """In the reverse direction h_n is y at the last position, the first one read."""
    if a.reverse and a.lengths is None and o.y.shape[1]:
        o.h_n = o.y[:, -1].copy()


@result("reverse", differs(given(reverse=True, lengths=lengths(3, 5))))
def rnn_reverse_flips_padding_too(a, o):
    """In the reverse direction with lengths, y is shifted to the end of the row."""
    if a.reverse and a.lengths is not None:
        shifted = [np.roll(y, y.shape[0] - n, axis=0) for y, n in zip(o.y, a.lengths, strict=True)]
        o.y = np.stack(shifted) if shifted else o.y


@arguments("option ignored", differs(given(nonlinearity="relu")), diagnosis="nonlinearity ignored")
def rnn_always_tanh(a):
    """The nonlinearity is tanh whatever is asked."""
    a.nonlinearity = "tanh"


@arguments("option ignored", differs(given(nonlinearity="relu", reverse=True)))
def rnn_tanh_in_reverse(a):
    """The nonlinearity is tanh in the reverse direction."""
    a.nonlinearity = "tanh" if a.reverse else a.nonlinearity
