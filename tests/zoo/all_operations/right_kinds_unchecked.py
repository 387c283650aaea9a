"""Right ones that check no argument: what does not fit is computed with, or NumPy says so."""

import numpy as np

from zoo.attention import base as base_attention
from zoo.base import nothing
from zoo.decoder import base as base_decoder
from zoo.entries import right, right_functions
from zoo.layer_norm import base as base_layer_norm
from zoo.markov import base as base_markov
from zoo.multi_head import base as base_multi_head
from zoo.positions import base as base_positions
from zoo.recurrent import base_gru, base_rnn
from zoo.softmax import base as base_softmax

UNCHECKED = {"check": nothing, "check_cotangents": nothing}


@right(base_softmax.softmax, None, "no checks", bare=True)
def softmax_unchecked():
    """Nothing is checked: whole numbers, a cotangent that broadcasts, are computed with."""
    return UNCHECKED


@right(base_rnn.rnn, None, "no checks", bare=True)
def rnn_unchecked():
    """Nothing is checked: a state of one row broadcasts."""
    return UNCHECKED


@right(base_gru.gru, None, "no checks", bare=True)
def gru_unchecked():
    """Nothing is checked: a state of one row broadcasts, lengths beyond T read all."""
    return UNCHECKED


@right(base_attention.attention, None, "no checks", bare=True)
def attention_unchecked():
    """Nothing is checked: a batch of one broadcasts, surplus heads have no part."""
    return UNCHECKED


@right(base_layer_norm.layer_norm, None, "no checks", bare=True)
def layer_norm_unchecked():
    """Nothing is checked: a weight of one entry broadcasts."""
    return UNCHECKED


@right(base_multi_head.multi_head_attention, None, "no checks", bare=True)
def multi_head_unchecked():
    """Nothing is checked: a bias of one row, a mask of whole numbers, are computed with."""
    return UNCHECKED


@right(base_decoder.decoder_layer, None, "no checks", bare=True)
def decoder_unchecked():
    """Nothing is checked: any activation but relu is gelu, other entries of params are ignored."""
    return UNCHECKED


@right(base_positions.rotary_embedding, None, "no checks", bare=True)
def rotary_unchecked():
    """Nothing is checked: positions may be floating."""
    return UNCHECKED


@right(base_markov.markov_log_prob, None, "no checks", bare=True)
def markov_unchecked():
    """Nothing is checked: a state of -1 is the last one."""
    return UNCHECKED


@right_functions(base_markov.markov_log_prob, "no gradient at zero", bare=True)
def markov_gradient_of_counts_over_probabilities(build):
    """Gradients are counts over probabilities: 0 / 0 is NaN at a zero that is not read."""

    def share(a, g, table, places):
        counts = np.zeros_like(table)
        np.add.at(counts, places, g)
        return counts / table

    return build(share=share)
