"""Gradients that are wrong at sizes that a tile divides alone."""

from functools import partial

import numpy as np

from zoo.cases import case
from zoo.decoder.base import decoder_layer
from zoo.encoder.base import encoder_layer
from zoo.entries import wrong
from zoo.recurrent.base_lstm import lstm
from zoo.witness import gradient_differs

ENCODER, DECODER, LSTM = (partial(case, n) for n in ("encoder_layer", "decoder_layer", "lstm"))


@wrong(decoder_layer, "vjp_result", "gradient", gradient_differs(DECODER(T=64, N=2)))
def decoder_gradient_of_the_last_token_of_64(a, g):
    """The last token of a multiple of 64 gets no gradient."""
    g.x = np.array(g.x)
    if g.x.shape[1] % 64 == 0:
        g.x[:, -1:] = 0


@wrong(encoder_layer, "vjp_result", "gradient", gradient_differs(ENCODER(T=128, N=2)))
def encoder_gradient_of_the_first_token_of_64(a, g):
    """The first token of a multiple of 64 gets twice its gradient."""
    g.x = np.array(g.x)
    if g.x.shape[1] % 64 == 0:
        g.x[:, :1] *= 2


@wrong(lstm, "vjp_result", "gradient", gradient_differs(LSTM(T=64)))
def lstm_gradient_of_the_first_step_of_64(a, g):
    """The inputs of the first step have no gradient where the steps are a multiple of 64."""
    g.x = np.array(g.x)
    if g.x.shape[1] % 64 == 0:
        g.x[:, :1] = 0
