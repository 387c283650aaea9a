"""Defects of the GRU."""

from causes.defects.shared import SHARED

G = "_gru.py"
NEW = "a_n + r * product if reset_after else a_n + (r * h) @ new.T + bias_new"
BACK = "dh_t * z + dh_gates + dh_new"

FORWARD = {
    "the update gate is read the other way round": (
        G,
        "(1 - z) * n + z * h",
        "z * n + (1 - z) * h",
    ),
    "the old state is not kept: z h is left out": (G, "(1 - z) * n + z * h", "(1 - z) * n"),
    "reset and update gate are swapped": (G, "r, z = np.split", "z, r = np.split"),
    "reset_after is ignored: always after": (G, NEW, "a_n + r * (h @ new.T + bias_new)"),
    "reset_after is ignored: always before": (G, NEW, "a_n + (r * h) @ new.T + bias_new"),
    "the reset gate spares bias_hh": (
        G,
        NEW,
        NEW.replace("r * product", "r * (h @ new.T) + bias_new"),
    ),
    "the reset gate is left out": (G, "a_n + r * product", "a_n + product"),
    "the new gate's part of bias_hh is left out": (
        G,
        ", bias_hh[2 * hidden :]",
        ", 0 * bias_hh[2 * hidden :]",
    ),
    "the gates' part of bias_hh is left out": (G, "h @ gates.T + bias_gates", "h @ gates.T"),
    "bias_ih is left out": (G, "x @ weight_ih.T + bias_ih", "x @ weight_ih.T"),
    "the new gate goes through a sigmoid": (G, "n = np.tanh(", "n = sigmoid("),
    "padded steps change the state": (
        G,
        "np.where(exists[:, t], (1 - z) * n + z * h, h)",
        "(1 - z) * n + z * h",
    ),
    "y goes on beyond a sequence's length": (
        G,
        "y[:, step.t] = np.where(step.exists, h, 0)",
        "y[:, step.t] = h",
    ),
}
GRADIENTS = {
    "gradient: the new gate's misses 1 - z": (G, "dh_t * (1 - z) * (1", "dh_t * (1"),
    "gradient: the new gate's misses the slope of tanh": (
        G,
        "(1 - z) * (1 - n * n)",
        "(1 - z)",
    ),
    "gradient: the update gate's has the wrong sign": (G, "dh_t * (h - n)", "dh_t * (n - h)"),
    "gradient: the update gate's misses its slope": (G, "(h - n) * z * (1 - z)", "(h - n)"),
    "gradient: the hidden part of the new gate misses r": (G, "db_n = da_n * r", "db_n = da_n"),
    "gradient: the reset gate's is made with h": (G, "dr = da_n * product", "dr = da_n * h"),
    "gradient: dh misses the direct path z": (G, BACK, "dh_gates + dh_new"),
    "gradient: dh misses the path through the gates": (G, BACK, "dh_t * z + dh_new"),
    "gradient: dh misses the path through the new gate": (G, BACK, "dh_t * z + dh_gates"),
    "gradient: with reset_after=False dh misses r": (G, "(db_n @ new) * r", "db_n @ new"),
    "gradient: with reset_after=False dweight_hh is made with h": (
        G,
        "h if reset_after else r * h",
        "h",
    ),
    "gradient: dh_n is ignored": (G, "dh = dh_n.copy()", "dh = np.zeros_like(dh_n)"),
    "gradient: dbias_hh is dbias_ih": (
        G,
        "np.concatenate((dbias_gates, dbias_new))",
        "dbias_ih.copy()",
    ),
}
GRU = SHARED | FORWARD | GRADIENTS
