"""Wrong LSTMs in NumPy: gates, states, biases, lengths, direction."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, lengths
from zoo.entries import wrong
from zoo.recurrent import base_lstm as base
from zoo.recurrent.base_lstm import lstm
from zoo.witness import differs

given = partial(case, "lstm")
arguments = partial(wrong, lstm, "arguments")
result = partial(wrong, lstm, "result")
split = partial(wrong, lstm, "split", "gate formula")
gate = partial(wrong, lstm, "gate")
candidate = partial(wrong, lstm, "candidate")
cell = partial(wrong, lstm, "cell", "gate formula")
ANY = differs(given())
LENGTHS = differs(given(lengths=lengths(3, 5)))


@split(ANY, diagnosis="gate order f,i,g,o")
def lstm_gates_figo(a, z):
    """The row blocks are read as forget, input, candidate, output."""
    f, i, g, o = base.split(a, z)
    return i, f, g, o


@split(ANY, diagnosis="gate order i,f,o,g")
def lstm_gates_ifog(a, z):
    """The row blocks are read as input, forget, output, candidate."""
    i, f, o, g = base.split(a, z)
    return i, f, g, o


@split(ANY, diagnosis="gate order i,o,f,g")
def lstm_gates_iofg(a, z):
    """The row blocks are read in ONNX's order: input, output, forget, candidate."""
    i, o, f, g = base.split(a, z)
    return i, f, g, o


@split(ANY, diagnosis="gate order i,g,f,o")
def lstm_gates_igfo(a, z):
    """The row blocks are read as input, candidate, forget, output."""
    i, g, f, o = base.split(a, z)
    return i, f, g, o


@split(ANY, diagnosis="gate order o,f,g,i")
def lstm_gates_ofgi(a, z):
    """Input and output gate are swapped."""
    o, f, g, i = base.split(a, z)
    return i, f, g, o


@split(ANY, diagnosis="gate order g,f,i,o")
def lstm_gates_gfio(a, z):
    """Input gate and candidate are swapped."""
    g, f, i, o = base.split(a, z)
    return i, f, g, o


@split(ANY, diagnosis="gates interleaved")
def lstm_gates_interleaved(a, z):
    """The four gates of a unit stand beside each other in the rows."""
    return tuple(z[..., n::4] for n in range(4))


@split(differs(given(H=8)))
def lstm_gates_figo_at_eight_units(a, z):
    """With eight hidden units, the fast path, forget and input gate are swapped."""
    i, f, g, o = base.split(a, z)
    return (f, i, g, o) if i.shape[-1] == 8 else (i, f, g, o)


@result("initial state", ANY, diagnosis="h_n and c_n swapped")
def lstm_final_states_swapped(a, o):
    """h_n and c_n are returned in each other's place."""
    o.h_n, o.c_n = o.c_n, o.h_n


@result("lengths", ANY, diagnosis="h_n for c_n")
def lstm_hidden_state_for_cell_state(a, o):
    """c_n is h_n."""
    o.c_n = o.h_n.copy()


@result("lengths", LENGTHS, diagnosis="h_n of the last column")
def lstm_final_state_of_last_column(a, o):
    """h_n is y at T - 1, not at the row's length."""
    if o.y.shape[1] and not a.reverse:
        o.h_n = o.y[:, -1].copy()


@arguments("initial state", ANY, diagnosis="h0 ignored")
def lstm_h0_ignored(a):
    """The initial hidden state is taken for zero."""
    a.h0 = np.zeros_like(a.h0)


@arguments("initial state", ANY, diagnosis="c0 ignored")
def lstm_c0_ignored(a):
    """The initial cell state is taken for zero."""
    a.c0 = np.zeros_like(a.c0)


@arguments("initial state", ANY, diagnosis="h0 and c0 swapped")
def lstm_initial_states_swapped(a):
    """h0 and c0 are used in each other's place."""
    a.h0, a.c0 = a.c0, a.h0


@arguments("initial state", differs(given(reverse=True)), diagnosis="c0 ignored with reverse")
def lstm_c0_ignored_in_reverse(a):
    """The initial cell state is taken for zero in the reverse direction."""
    a.c0 = np.zeros_like(a.c0) if a.reverse else a.c0


@arguments("initial state", LENGTHS, diagnosis="c0 ignored with lengths")
def lstm_c0_ignored_with_lengths(a):
    """The initial cell state is taken for zero where lengths are given."""
    a.c0 = np.zeros_like(a.c0) if a.lengths is not None else a.c0


@arguments("initial state", differs(given(B=1)), diagnosis="c0 ignored with a single row")
def lstm_c0_ignored_for_one_row(a):
    """The initial cell state is taken for zero for a batch of one."""
    a.c0 = np.zeros_like(a.c0) if len(a.c0) == 1 else a.c0


@arguments("option ignored", LENGTHS, diagnosis="lengths ignored")
def lstm_lengths_ignored(a):
    """The lengths are ignored."""
    a.lengths = None


@arguments("option ignored", differs(given(lengths=lengths(17, 9), T=17)))
def lstm_lengths_ignored_above_sixteen(a):
    """The lengths are ignored for more than 16 steps."""
    a.lengths = a.lengths if a.x.shape[1] <= 16 else None


@arguments("option ignored", differs(given(reverse=True)), diagnosis="reverse ignored")
def lstm_reverse_ignored(a):
    """The reverse direction is ignored."""
    a.reverse = False


@result("reverse", differs(given(reverse=True)), diagnosis="y not flipped back")
def lstm_reverse_not_flipped_back(a, o):
    """In the reverse direction y stays in the order of reading."""
    if a.reverse:
        o.y = o.y[:, ::-1].copy()


@wrong(
    lstm,
    "exists",
    "reverse",
    differs(given(reverse=True, lengths=lengths(3, 5))),
    diagnosis="padding in front of the row in reverse",
)
def lstm_reverse_reads_padding_first(a, t):
    """In the reverse direction a row of length n is read on its last n positions."""
    if a.reverse and a.lengths is not None:
        return (t >= a.x.shape[1] - np.asarray(a.lengths))[:, None]
    return base.loop.exists(a, t)


@arguments("bias", ANY, diagnosis="bias_ih missing")
def lstm_bias_ih_missing(a):
    """bias_ih is not added."""
    a.bias_ih = np.zeros_like(a.bias_ih)


@arguments("bias", ANY, diagnosis="bias_hh missing")
def lstm_bias_hh_missing(a):
    """bias_hh is not added."""
    a.bias_hh = np.zeros_like(a.bias_hh)


@arguments("bias", ANY, diagnosis="bias_ih doubled")
def lstm_bias_ih_doubled(a):
    """bias_ih is added twice."""
    a.bias_ih = 2 * a.bias_ih


@arguments("bias", ANY, diagnosis="bias_hh of the forget gate missing")
def lstm_bias_hh_of_forget_gate_missing(a):
    """bias_hh is added to all gates but the forget gate."""
    n = a.h0.shape[1]
    a.bias_hh = np.concatenate([a.bias_hh[:n], 0 * a.bias_hh[:n], a.bias_hh[2 * n :]])


@arguments("bias", ANY, diagnosis="forget bias 1")
def lstm_forget_bias_of_one(a):
    """One is added to the forget gate's bias."""
    n = a.h0.shape[1]
    a.bias_ih = a.bias_ih + (np.arange(4 * n) // n == 1)


@arguments("weights", ANY, diagnosis="transposed blocks of weight_hh")
def lstm_blocks_of_weight_hh_transposed(a):
    """Each block of weight_hh is used transposed."""
    blocks = np.split(a.weight_hh, 4)
    a.weight_hh = np.concatenate([block.T for block in blocks])


@cell(ANY, diagnosis="coupled input and forget gate")
def lstm_coupled_gates(a, i, f, g, o, c):
    """The input gate is one minus the forget gate."""
    return base.cell(a, 1 - f, f, g, o, c)


@cell(ANY, diagnosis="tanh of the cell state missing")
def lstm_output_without_tanh(a, i, f, g, o, c):
    """h is o c, without the tanh."""
    c = f * c + i * g
    return o * c, c


@cell(ANY, diagnosis="output of the old cell state")
def lstm_output_of_old_cell(a, i, f, g, o, c):
    """h is o tanh of the cell state before the step."""
    return o * np.tanh(c), f * c + i * g


@cell(differs(given(c0=fill(5.0))), diagnosis="cell state clipped")
def lstm_cell_clipped_at_three(a, i, f, g, o, c):
    """The cell state is clipped to +-3."""
    c = np.clip(f * c + i * g, -3, 3)
    return o * np.tanh(c), c


@cell(ANY, diagnosis="forget gate squared")
def lstm_forget_gate_squared(a, i, f, g, o, c):
    """The forget gate is applied twice."""
    return base.cell(a, i, f * f, g, o, c)
