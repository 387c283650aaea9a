"""Defects of the LSTM."""

from causes.defects.shared import SHARED

L = "_lstm.py"
SPLIT = "a_i, a_f, a_g, a_o = np.split"
WRITE = "y[:, step.t] = np.where(step.exists, h, 0)"
CELL = "c_t = f * c + i * g"
SLOPE = "dc_t = dc + dh_t * o * (1 - step.tanh_c * step.tanh_c)"

FORWARD = {
    "the gates' order is i, f, o, g": (L, SPLIT, "a_i, a_f, a_o, a_g = np.split"),
    "the gates' order is f, i, g, o": (L, SPLIT, "a_f, a_i, a_g, a_o = np.split"),
    "the candidate goes through a sigmoid": (L, "np.tanh(a_g)", "sigmoid(a_g)"),
    "the output gate goes through a tanh": (
        L,
        "np.tanh(a_g), sigmoid(a_o)",
        "np.tanh(a_g), np.tanh(a_o)",
    ),
    "the output gate is left out": (L, "o * tanh_c, h)", "tanh_c, h)"),
    "h_t = o c_t, without the tanh": (L, "o * tanh_c, h)", "o * c_t, h)"),
    "bias_ih is left out": (L, "driven = x @ weight_ih.T + bias_ih", "driven = x @ weight_ih.T"),
    "bias_hh is left out": (
        L,
        "_gates(driven[:, t] + h @ weight_hh.T + bias_hh)",
        "_gates(driven[:, t] + h @ weight_hh.T)",
    ),
    "one is added to the forget gate's bias": (
        L,
        "return sigmoid(a_i), sigmoid(a_f)",
        "return sigmoid(a_i), sigmoid(a_f + 1)",
    ),
    "the forget gate is left out": (L, CELL, "c_t = c + i * g"),
    "the input gate is left out": (L, CELL, "c_t = f * c + g"),
    "the input gate is 1 - f": (L, CELL, "c_t = f * c + (1 - f) * g"),
    "padded steps change the cell state": (L, "c = np.where(exists[:, t], c_t, c)", "c = c_t"),
    "y goes on beyond a sequence's length": (L, WRITE, "y[:, step.t] = h"),
    "y of a reversed sequence stays in the order of reading": (
        L,
        WRITE,
        WRITE.replace("step.t]", "x.shape[1] - 1 - step.t if reverse else step.t]"),
    ),
    "h_n and c_n are swapped": (L, "return y, h, c\n", "return y, c, h\n"),
    "c0 is ignored": (L, "h, c = h0.copy(), c0.copy()", "h, c = h0.copy(), np.zeros_like(c0)"),
}
GRADIENTS = {
    "gradient: dc_n is ignored": (
        L,
        "dh_n.copy(), dc_n.copy()",
        "dh_n.copy(), np.zeros_like(dc_n)",
    ),
    "gradient: the slope of tanh(c_t) is missing": (L, SLOPE, "dc_t = dc + dh_t * o"),
    "gradient: the cell's gradient from later steps is dropped": (
        L,
        "dc_t = dc + dh_t",
        "dc_t = dh_t",
    ),
    "gradient: the forget gate's is made with c_t": (L, "dc_t * step.c_before", "dc_t * step.c"),
    "gradient: the output gate's is made with c_t": (L, "dh_t * step.tanh_c)", "dh_t * step.c)"),
    "gradient: those of input gate and candidate are swapped": (
        L,
        "(dc_t * g, dc_t * step.c_before, dc_t * i,",
        "(dc_t * i, dc_t * step.c_before, dc_t * g,",
    ),
    "gradient: the forget gate's slope misses a factor": (L, "df * f * (1 - f)", "df * (1 - f)"),
    "gradient: the candidate's slope is that of a sigmoid": (
        L,
        "dg * (1 - g * g)",
        "dg * g * (1 - g)",
    ),
    "gradient: dc is not multiplied by the forget gate": (L, "dc_t * f, dc)", "dc_t, dc)"),
    "gradient: h's does not flow back through time": (L, "da_t @ weight_hh, dh)", "0 * dh, dh)"),
    "gradient: dweight_hh is made with h_t instead of h_(t-1)": (
        L,
        "step.h_before, 0)",
        "step.h, 0)",
    ),
    "gradient: dbias_ih counts twice": (
        L,
        "return dx, dh, dc, dweight_ih, dweight_hh, dbias_ih,",
        "return dx, dh, dc, dweight_ih, dweight_hh, 2 * dbias_ih,",
    ),
}
LSTM = SHARED | FORWARD | GRADIENTS
