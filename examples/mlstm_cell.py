"""mLSTM cell of xLSTM (Beck et al., 2024): a matrix as memory, gates kept in logarithms."""

import math

import numpy as np

from seqlaws import operation


@operation(
    **dict.fromkeys(("q", "k"), "B N D"),
    v="B N E",
    **dict.fromkeys(("i", "f", "m"), "B N"),
    c="B N D E",
    n="B N D",
    returns={"h": "B N E", "c_new": "B N D E", "n_new": "B N D", "m_new": "B N"},
    batch="B",
)
def mlstm_cell(q, k, v, i, f, c, n, m):
    """m' = max(log sigmoid(f) + m, i);  c' = f' c + i' k v^T;  n' = f' n + i' k

    h = c'^T q / max(|n' q|, exp(-m')), where f' and i' are the gates relative to exp(m').
    """
    log_f = np.minimum(f, 0) - np.log1p(np.exp(-np.abs(f)))
    m_new = np.maximum(log_f + m, i)
    forget, new, k = np.exp(log_f + m - m_new), np.exp(i - m_new), k / math.sqrt(k.shape[-1])
    c = forget[..., None, None] * c + new[..., None, None] * (k[..., None] * v[..., None, :])
    n = forget[..., None] * n + new[..., None] * k
    size = np.maximum(np.abs(np.sum(q * n, axis=-1)), np.exp(-m_new))
    return (q[..., None, :] @ c)[..., 0, :] / size[..., None], c, n, m_new
