"""sLSTM cell of xLSTM (Beck et al., 2024), from the pre-activations of its gates."""

import numpy as np

from seqlaws import operation
from seqlaws.reference.algebra import sigmoid


@operation(
    **dict.fromkeys(("z", "i", "f", "o", "c", "n", "m"), "B H"),
    returns=dict.fromkeys(("h", "c_new", "n_new", "m_new"), "B H"),
    batch="B",
)
def slstm_cell(z, i, f, o, c, n, m):
    """m' = max(log sigmoid(f) + m, i);  c' = f' c + i' tanh(z);  n' = f' n + i'

    h = sigmoid(o) c' / n', where f' and i' are the gates relative to exp(m').
    """
    log_f = np.minimum(f, 0) - np.log1p(np.exp(-np.abs(f)))
    m_new = np.maximum(log_f + m, i)
    forget, new = np.exp(log_f + m - m_new), np.exp(i - m_new)
    c, n = forget * c + new * np.tanh(z), forget * n + new
    return sigmoid(o) * c / n, c, n, m_new
