"""Wrong where an option meets many steps, queries, keys or entries."""

from functools import partial

import numpy as np

from zoo.cases import boolean, case, lengths
from zoo.decoder.base import decoder_layer
from zoo.encoder.base import encoder_layer
from zoo.entries import wrong
from zoo.multi_head.base import multi_head_attention
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm
from zoo.witness import differs, gradient_differs

HEADS, ENCODER, DECODER, LSTM, GRU = (
    partial(case, name)
    for name in ("multi_head_attention", "encoder_layer", "decoder_layer", "lstm", "gru")
)
FEW = {"B": 1, "E": 4, "N": 1}
MASK = {"where": np.s_[..., -1], "value": False}


@wrong(multi_head_attention, "vjp_arguments", "gradient", gradient_differs(
    HEADS(L=310, mask=boolean(**MASK), **FEW)))  # fmt: skip
def heads_gradient_of_300_masked_queries(a):
    """Under a mask queries beyond 300 have no part in the gradients."""
    if a.mask is not None and a.query.shape[1] > 300:
        a.dout = np.array(a.dout)
        a.dout[:, 300:] = 0


@wrong(encoder_layer, "arguments", "masks", differs(
    ENCODER(T=270, F=2, mask=boolean("B N T T", 0.3), **FEW)))  # fmt: skip
def encoder_mask_ignored_beyond_256_steps(a):
    """Texts of more than 256 tokens are read without their mask."""
    a.mask = a.mask if a.x.shape[1] <= 256 else None


@wrong(decoder_layer, "arguments", "masks", differs(
    DECODER(S=3000, F=2, memory_mask=boolean("B N T S", 0.3), **FEW)))  # fmt: skip
def decoder_mask_of_the_first_thousand_rows(a):
    """Rows of memory beyond 1,024 are read whatever the mask says."""
    if a.memory_mask is not None and a.memory_mask.shape[-1] > 1024:
        late = np.arange(a.memory_mask.shape[-1]) >= 1024
        open_ = True if a.memory_mask.dtype == bool else 0
        a.memory_mask = np.where(late, open_, a.memory_mask).astype(a.memory_mask.dtype)


@wrong(lstm, "vjp_arguments", "gradient", gradient_differs(LSTM(T=258, lengths=lengths(3, 257))))
def lstm_gradient_with_lengths_in_a_byte(a):
    """The gradient reads lengths modulo 256."""
    if a.lengths is not None:
        a.lengths = np.asarray(a.lengths) % 256


@wrong(gru, "vjp_arguments", "gradient", gradient_differs(GRU(T=258, reverse=True)))
def gru_gradient_forwards_beyond_256_steps(a):
    """The gradient of more than 256 steps reads them forwards."""
    a.reverse = a.reverse and a.x.shape[1] <= 256
