"""Right ones of every operation that offer no option at all."""

import inspect
import sys
from pathlib import Path

# Loaded by its path, this file finds its siblings through the tests folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from zoo.base_attention import attention
from zoo.base_decoder import decoder_layer
from zoo.base_encoder import encoder_layer
from zoo.base_gru import gru
from zoo.base_layer_norm import layer_norm
from zoo.base_lstm import lstm, lstm_gates
from zoo.base_markov import markov_log_prob
from zoo.base_multi_head import multi_head_attention
from zoo.base_positions import rotary_embedding
from zoo.base_rnn import rnn
from zoo.base_softmax import softmax
from zoo.entries import right_together


def without_options(function):
    """The function with the parameters that have no default."""

    def bare(*given):
        return function(*given)

    parameters = inspect.signature(function).parameters.values()
    plain = [p for p in parameters if p.default is p.empty]
    bare.__signature__ = inspect.Signature(plain)
    return bare


@right_together("numpy", "offers less", changed=without_options)
def gates_and_attention_without_options():
    """No operation has an option: no axis, mask, lengths, scale or nonlinearity."""
    return [softmax, attention, rnn, lstm, lstm_gates, gru]


@right_together("numpy", "offers less", changed=without_options)
def layers_without_options():
    """No operation has an option: no eps, base, mask, activation or place of the norm."""
    alone = [layer_norm, rotary_embedding, markov_log_prob]
    return [*alone, multi_head_attention, encoder_layer, decoder_layer]
