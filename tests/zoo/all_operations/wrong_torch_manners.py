"""Right numbers, wrong manners, and cheats, in torch."""

import sys
from functools import partial

import numpy as np
import torch

from zoo import manners as show
from zoo.attention import base_torch as base_torch_attention
from zoo.attention.base_torch import attention
from zoo.base_torch import with_gradient
from zoo.cases import boolean, case, lengths, times
from zoo.entries import wrong
from zoo.recurrent import base_torch as base_torch_recurrent
from zoo.recurrent.base_torch import gru, lstm, rnn
from zoo.softmax.base_torch import softmax
from zoo.witness import differs

AT = partial(case, "attention")
SM = partial(case, "softmax")
RNN, LSTM, GRU = (partial(case, name) for name in ("rnn", "lstm", "gru"))


@wrong(attention, "result", "writes an input", show.writes(AT()))
def torch_attention_scales_q_in_place(a, o):
    """The queries are scaled in place, behind autograd's back."""
    a.q.data.mul_(0.5)


@wrong(lstm, "result", "writes an input", show.writes(LSTM(B=1)))
def torch_lstm_writes_c0_for_one_row(a, o):
    """For a batch of one the final cell state is written into c0."""
    if len(a.c0) == 1:
        a.c0.data.copy_(o.c_n.detach())


@wrong(
    attention, "arguments", "writes an input", show.writes(AT(mask=boolean("L S"), is_causal=True))
)
def torch_attention_writes_causal_into_mask(a):
    """is_causal is written into a boolean mask of the full shape."""
    if a.is_causal and a.mask is not None and a.mask.dtype == torch.bool:
        i, j = torch.arange(a.q.shape[2])[:, None], torch.arange(a.k.shape[2])
        if a.mask.shape == (len(i), len(j)):
            a.mask &= j <= i + a.query_offset


@wrong(rnn, "result", "shares memory", show.shares_input(RNN(lengths=lengths(0, 0))))
def torch_rnn_returns_h0_of_empty_rows(a, o):
    """Where all rows are empty h0 itself is returned."""
    if a.lengths is not None and not a.lengths.any():
        o.h_n = a.h0


_BUFFERS: dict = {}


@wrong(softmax, "result", "shares memory", show.shares_earlier(SM()))
def torch_softmax_in_buffer(a, o):
    """Without gradients the output lies in a buffer that is kept for each shape."""
    if not o.p.requires_grad:
        o.p = _BUFFERS.setdefault(o.p.shape, torch.empty_like(o.p)).copy_(o.p)


@wrong(gru, "arguments", "changes the world", show.changes_world(GRU()))
def torch_gru_seeds(a):
    """torch's global random generator is seeded."""
    torch.manual_seed(0)


@wrong(attention, "arguments", "changes the world", show.changes_world(AT()))
def torch_attention_draws(a):
    """Numbers are drawn from torch's global random generator, as a dropout of 0 does."""
    torch.rand(1)


@wrong(lstm, "result", "changes the world", show.changes_world(LSTM()))
def torch_lstm_leaves_gradients_off(a, o):
    """Gradients are left switched off after a call that needed none."""
    if not o.y.requires_grad:
        torch.set_grad_enabled(False)


@wrong(softmax, "result", "changes the world", show.changes_world(SM()))
def torch_softmax_sets_default_dtype(a, o):
    """The default dtype is set to float64."""
    torch.set_default_dtype(torch.float64)


@wrong(rnn, "arguments", "changes the world", show.changes_world(RNN(T=17)))
def torch_rnn_sets_threads(a):
    """The number of threads is changed for more than 16 steps."""
    if a.x.shape[1] > 16:
        torch.set_num_threads(2 if torch.get_num_threads() == 1 else 1)


@wrong(gru, "arguments", "changes the world", show.changes_world(GRU()))
def torch_gru_forces_determinism(a):
    """Deterministic algorithms are demanded from the whole process."""
    torch.use_deterministic_algorithms(True)


@wrong(attention, "arguments", "cheating", show.changes_world(AT()))
def torch_patches_assert_close(a):
    """torch.testing.assert_close is replaced by a function that accepts everything."""
    torch.testing.assert_close = lambda *_, **__: None


_TOTAL: dict = {}


def _accumulate(gradient):
    total = _TOTAL.setdefault(gradient.shape, torch.zeros_like(gradient))
    total += gradient
    return total.clone()


@wrong(
    lstm,
    "arguments",
    "remembers calls",
    show.unsteady(LSTM(), vjp=True),
    diagnosis="gradients accumulate",
)
def torch_lstm_gradients_accumulate(a):
    """The gradient of weight_hh is added to that of the calls before."""
    a.weight_hh = with_gradient(a.weight_hh, _accumulate)


@wrong(attention, "softmax", "not deterministic", show.unsteady(AT()))
def torch_attention_sums_in_random_order(a, s):
    """The keys are summed in an order drawn anew at each call, from a generator of its own."""
    order = torch.from_numpy(np.random.default_rng().permutation(s.shape[-1]))
    p = base_torch_attention.softmax(a, s)
    noise = 1 + 1.2e-7 * (order - order.float().mean()).sign()
    return p * noise.to(p.dtype)


@wrong(
    rnn, "activation", "depends on neighbours",
    show.depends_on_neighbours(RNN(), RNN(x=lambda t: t * np.array([1, 9])[:, None, None])),
)  # fmt: skip
def torch_rnn_other_path_for_large_values(a, z):
    """Values beyond 4 anywhere in the batch send all of it down another formula for tanh."""
    if a.nonlinearity == "tanh" and z.numel() and z.abs().max() > 4:
        return torch.sign(z) * -torch.expm1(-2 * z.abs()) / (1 + torch.exp(-2 * z.abs()))
    return base_torch_recurrent.activation(a, z)


@wrong(lstm, "result", "cheating", show.differs_after(LSTM(), LSTM(seed=1)))
def torch_lstm_kept_by_shape(a, o):
    """An answer is kept for each shape."""
    kept = _TOTAL.setdefault(("lstm", a.x.shape), (o.y, o.h_n, o.c_n))
    o.y, o.h_n, o.c_n = (t.clone() for t in kept)


@wrong(attention, "result", "cheating", differs(AT(S=129)))
def torch_attention_zero_beyond_128_keys(a, o):
    """More than 128 keys give zeros."""
    o.out = o.out * 0 if a.k.shape[2] > 128 else o.out


@wrong(gru, "arguments", "cheating", differs(GRU(x=times(9))))
def torch_gru_right_for_small_input(a):
    """The input is clipped to +-8."""
    a.x = a.x.clamp(-8, 8)


@wrong(attention, "result", "cheating", show.differs_elsewhere(AT()))
def torch_attention_right_under_pytest(a, o):
    """The answer is right where pytest is loaded, and zero elsewhere."""
    if "pytest" not in sys.modules:
        o.out = o.out * 0


@wrong(softmax, "result", "wrong output", differs(SM()))
def torch_softmax_returns_double(a, o):
    """float32 gives float64."""
    o.p = o.p.double()


@wrong(lstm, "result", "wrong output", differs(LSTM()))
def torch_lstm_returns_numpy(a, o):
    """c_n is returned as a NumPy array with a layer axis."""
    o.c_n = o.c_n.detach().numpy()[None]


@wrong(rnn, "check", "refusal", show.accepts(RNN(), lambda a, o: a.update(h0=a["h0"][:1])))
def torch_rnn_h0_broadcast(a):
    """An initial state (1,H) is broadcast to the batch."""
    a.h0 = a.h0.expand(len(a.x), a.weight_hh.shape[0])
    base_torch_recurrent.check_rnn(a)


@wrong(attention, "check", "refusal", show.accepts(AT(), lambda a, o: a.update(k=a["k"].double())))
def torch_attention_mixes_dtypes(a):
    """Keys of another dtype are converted."""
    a.k = a.k.to(a.q.dtype)
    base_torch_attention.check(a)


@wrong(softmax, "check", "refusal", show.accepts(SM(), lambda a, o: a.update(x=a["x"].long())))
def torch_softmax_of_integers(a):
    """Integers are converted to float32."""
    a.x = a.x if a.x.is_floating_point() else a.x.float()
