"""Wrong vjps of rnn in NumPy, the forward being right."""

from functools import partial

import numpy as np

from zoo.cases import case, fill, lengths, times
from zoo.entries import wrong
from zoo.recurrent import base_rnn
from zoo.recurrent.base_rnn import rnn
from zoo.roundings import bfloat16
from zoo.witness import gradient_differs

given = partial(case, "rnn")
result = partial(wrong, rnn, "vjp_result", "gradient")
arguments = partial(wrong, rnn, "vjp_arguments", "gradient")
slope = partial(wrong, rnn, "slope", "gradient")
carry = partial(wrong, rnn, "carry", "gradient")
step = partial(wrong, rnn, "step_gradient", "gradient")
ANY = gradient_differs(given())
LENGTHS = gradient_differs(given(lengths=lengths(3, 5)))


@result(ANY, diagnosis="dx zero")
def rnn_dx_zero(a, g):
    """The input gets no gradient."""
    g.x = np.zeros_like(g.x)


@result(ANY, diagnosis="dh0 zero")
def rnn_dh0_zero(a, g):
    """The initial state gets no gradient."""
    g.h0 = np.zeros_like(g.h0)


@result(ANY, diagnosis="weight_hh gradient zero")
def rnn_dweight_hh_zero(a, g):
    """weight_hh gets no gradient."""
    g.weight_hh = np.zeros_like(g.weight_hh)


@result(ANY, diagnosis="bias_hh gradient zero")
def rnn_dbias_hh_zero(a, g):
    """bias_hh gets no gradient, only bias_ih does."""
    g.bias_hh = np.zeros_like(g.bias_hh)


@result(ANY, diagnosis="bias gradient halved")
def rnn_dbias_shared(a, g):
    """Each bias gets half of the gradient."""
    g.bias_ih, g.bias_hh = g.bias_ih / 2, g.bias_hh / 2


@result(ANY, diagnosis="weight_hh gradient transposed")
def rnn_dweight_hh_transposed(a, g):
    """The gradient of weight_hh is transposed."""
    g.weight_hh = g.weight_hh.T.copy()


@result(ANY, diagnosis="mean over the batch")
def rnn_dweights_averaged_over_batch(a, g):
    """The gradients of the weights are means over the batch."""
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(g, name, getattr(g, name) / max(len(a.x), 1))


@step(gradient_differs(given(B=4, H=4)), diagnosis="bias gradient summed over units")
def rnn_dbias_over_the_wrong_axis(a, t, g):
    """Where B equals H, the gradient of bias_ih is summed over the units, not the batch."""
    if len(a.x) == len(a.bias_ih):
        g.bias_ih = g.z.sum(1)


@step(ANY, diagnosis="weight_ih gradient of the last step")
def rnn_dweight_ih_of_last_step(a, t, g):
    """The gradient of weight_ih is that of the last position alone."""
    g.weight_ih = g.weight_ih * (t == a.x.shape[1] - 1)


@step(ANY, diagnosis="weight_hh gradient lacks the first step")
def rnn_dweight_hh_lacks_first_step(a, t, g):
    """The gradient of weight_hh lacks the step that starts from h0."""
    g.weight_hh = g.weight_hh * (t != (a.x.shape[1] - 1 if a.reverse else 0))


@carry(ANY, diagnosis="gradient cut at every step")
def rnn_no_gradient_through_time(a, t, dstate):
    """No gradient goes back through time."""
    return (np.zeros_like(dstate[0]),)


# With relu on positive values and weight_hh = identity the gradient goes back undiminished.
WHOLE = {
    "nonlinearity": "relu",
    "x": fill(1.0),
    "weight_ih": fill(0.1),
    "weight_hh": fill(np.eye(4)),
    "h0": fill(1.0),
    "bias_ih": fill(0.1),
    "bias_hh": fill(0.1),
}


@carry(gradient_differs(given(T=20, **WHOLE)), diagnosis="truncated after 16 steps")
def rnn_truncated_after_sixteen(a, t, dstate):
    """Gradients go back over at most 16 steps from the end."""
    steps = a.x.shape[1]
    return (np.zeros_like(dstate[0]),) if (steps - t if not a.reverse else t + 1) == 16 else dstate


@carry(gradient_differs(given(T=12, **WHOLE)), diagnosis="gradient clipped")
def rnn_gradient_clipped(a, t, dstate):
    """The gradient is clipped to +-1 on its way back."""
    return (np.clip(dstate[0], -1, 1),)


@carry(
    gradient_differs(given(T=30, weight_hh=lambda w: 0.05 * w)),
    diagnosis="gradient below 1e-2 dropped",
)
def rnn_small_gradients_flushed(a, t, dstate):
    """Gradients below 1e-2 are set to zero on their way back."""
    return (np.where(np.abs(dstate[0]) < 1e-2, 0, dstate[0]),)


@carry(gradient_differs(given(T=12), 1e-4), diagnosis="bfloat16 inside")
def rnn_gradient_in_bfloat16(a, t, dstate):
    """The gradient of the state is kept in bfloat16."""
    return (bfloat16(dstate[0]),)


@carry(gradient_differs(given(T=70, **WHOLE)))
def rnn_gradient_lost_at_64(a, t, dstate):
    """With more than 64 steps no gradient goes back from step 64 to step 63."""
    return (np.zeros_like(dstate[0]),) if t == 64 and not a.reverse else dstate


@arguments(ANY, diagnosis="dh_n ignored")
def rnn_dh_n_ignored(a):
    """The cotangent of the final state is ignored."""
    a.dh_n = np.zeros_like(a.dh_n)


@arguments(ANY, diagnosis="dy ignored before the end")
def rnn_dy_ignored_before_the_end(a):
    """Of dy only the last position is read."""
    a.dy = a.dy * (np.arange(a.dy.shape[1]) == a.dy.shape[1] - 1)[:, None]


@arguments(gradient_differs(given(lengths=lengths(3, 5), h0=times(2))), diagnosis="lengths ignored")
def rnn_vjp_ignores_lengths(a):
    """The vjp ignores the lengths."""
    a.lengths = None


@arguments(gradient_differs(given(reverse=True)), diagnosis="reverse ignored")
def rnn_vjp_ignores_reverse(a):
    """The vjp ignores the direction."""
    a.reverse = False


@arguments(gradient_differs(given(nonlinearity="relu")), diagnosis="nonlinearity ignored")
def rnn_vjp_always_tanh(a):
    """The vjp is that of tanh whatever the nonlinearity."""
    a.nonlinearity = "tanh"


@result(LENGTHS)
def rnn_dx_in_padding(a, g):
    """Positions beyond a row's length get the cotangent of y as gradient of x."""
    if a.lengths is not None:
        padded = np.arange(a.x.shape[1]) >= np.asarray(a.lengths)[:, None]
        g.x = np.where(padded[..., None], a.dy.sum(-1, keepdims=True), g.x)


@result(gradient_differs(given(lengths=lengths(0, 5))))
def rnn_dh0_of_empty_row_zero(a, g):
    """The initial state of a row of length 0 gets no gradient, though it is the final one."""
    if a.lengths is not None:
        g.h0[np.asarray(a.lengths) == 0] = 0


@slope(ANY, diagnosis="1 - |y| for 1 - y^2")
def rnn_slope_without_square(a, z, y):
    """The derivative of tanh is 1 - |y|."""
    return 1 - np.abs(y) if a.nonlinearity == "tanh" else base_rnn.slope(a, z, y)


@slope(ANY, diagnosis="slope missing")
def rnn_slope_missing(a, z, y):
    """The derivative of the nonlinearity is left out."""
    return np.ones_like(z)


@slope(gradient_differs(given(nonlinearity="sigmoid")), diagnosis="tanh slope for sigmoid")
def rnn_sigmoid_slope_of_tanh(a, z, y):
    """The derivative of the sigmoid is that of tanh."""
    return 1 - y * y if a.nonlinearity == "sigmoid" else base_rnn.slope(a, z, y)


# All pre-activations are 0, exactly: sums of zeros and of 1 - 1.
AT_ZERO = given(nonlinearity="relu", T=2, x=fill(0), h0=fill(0), bias_ih=fill(1), bias_hh=fill(-1))


@slope(gradient_differs(AT_ZERO), diagnosis="relu slope 1 at 0")
def rnn_relu_slope_one_at_zero(a, z, y):
    """The relu has slope 1 at 0."""
    return (z >= 0).astype(z.dtype) if a.nonlinearity == "relu" else base_rnn.slope(a, z, y)


@slope(gradient_differs(AT_ZERO), diagnosis="relu slope 1/2 at 0")
def rnn_relu_slope_half_at_zero(a, z, y):
    """The relu has slope 1/2 at 0."""
    half = np.heaviside(z, np.asarray(0.5, z.dtype))
    return half if a.nonlinearity == "relu" else base_rnn.slope(a, z, y)


@slope(gradient_differs(given(nonlinearity="relu")), diagnosis="straight through")
def rnn_relu_straight_through(a, z, y):
    """The relu passes every gradient."""
    return np.ones_like(z) if a.nonlinearity == "relu" else base_rnn.slope(a, z, y)


@slope(gradient_differs(given(bias_ih=fill(2.5)), 1e-3))
def rnn_slope_zero_at_saturation(a, z, y):
    """A tanh beyond 0.98 passes no gradient."""
    s = base_rnn.slope(a, z, y)
    return np.where(np.abs(y) > 0.98, 0, s) if a.nonlinearity == "tanh" else s
