"""Defects of the simple recurrent network."""

from causes.defects.shared import SHARED

R = "_rnn.py"
BACK = "dh = np.where(exists[:, t], da_t @ weight_hh, dh)"

RNN = SHARED | {
    "bias_ih is left out": (R, "x @ weight_ih.T + bias_ih", "x @ weight_ih.T"),
    "bias_hh is left out": (R, "weight_hh.T + bias_hh), h)", "weight_hh.T), h)"),
    "weight_hh is not transposed": (R, "h @ weight_hh.T", "h @ weight_hh"),
    "nonlinearity is ignored: always tanh": (R, "act = ACTIVATIONS[nonlinearity]", "act = np.tanh"),
    "y goes on beyond a sequence's length": (R, "np.where(exists, states, 0), h", "states, h"),
    "the final state is the last entry of y": (
        R,
        "return np.where(exists, states, 0), h",
        "y = np.where(exists, states, 0)\n    return y, y[:, -1]",
    ),
    "padded steps change the state": (
        R,
        "np.where(exists[:, t], act(driven[:, t] + h @ weight_hh.T + bias_hh), h)",
        "act(driven[:, t] + h @ weight_hh.T + bias_hh)",
    ),
    "gradient: the slope of tanh is 1 - h instead of 1 - h^2": (R, "1 - h * h", "1 - h"),
    "gradient: the slope of the sigmoid misses a factor": (R, "lambda h: h * (1", "lambda h: (1"),
    "gradient: relu lets everything through": (R, "np.heaviside(h, 0)", "np.ones_like(h)"),
    "gradient: dh_n is ignored": (R, "dh = dh_n.copy()", "dh = np.zeros_like(dh_n)"),
    "gradient: it does not flow back through time": (R, BACK, BACK.replace("da_t @", "0 * da_t @")),
    "gradient: weight_hh is transposed on the way back": (
        R,
        "da_t @ weight_hh",
        "da_t @ weight_hh.T",
    ),
    "gradient: dweight_hh is made with h_t instead of h_(t-1)": (
        R,
        "np.where(exists, before, 0)",
        "np.where(exists, states, 0)",
    ),
    "gradient: dbias_hh is left at zero": (
        R,
        "dbias_ih, dbias_hh\n\n\ndef",
        "dbias_ih, np.zeros_like(dbias_hh)\n\n\ndef",
    ),
}
