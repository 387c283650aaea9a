"""Right ones of every operation that offer no option at all."""

import inspect

from zoo.attention.base import attention
from zoo.decoder.base import decoder_layer
from zoo.encoder.base import encoder_layer
from zoo.entries import right_together
from zoo.layer_norm.base import layer_norm
from zoo.markov.base import markov_log_prob
from zoo.multi_head.base import multi_head_attention
from zoo.positions.base import rotary_embedding
from zoo.recurrent.base_gru import gru
from zoo.recurrent.base_lstm import lstm, lstm_gates
from zoo.recurrent.base_rnn import rnn
from zoo.softmax.base import softmax


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
