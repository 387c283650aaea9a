"""Defects of the NumPy implementation in `plain`: name -> (file, old text, new text)."""

from causes.defects import attention, gru, layers, lstm, others, rnn

DEFECTS = {
    "softmax": others.SOFTMAX,
    "rnn": rnn.RNN,
    "lstm": lstm.LSTM,
    "gru": gru.GRU,
    "attention": attention.ATTENTION,
    "multi_head_attention": layers.MULTI_HEAD,
    "encoder_layer": layers.ENCODER,
    "decoder_layer": layers.DECODER,
    "layer_norm": others.LAYER_NORM,
    "positional_encoding": others.POSITIONAL,
    "rotary_embedding": others.ROTARY,
    "markov_log_prob": others.MARKOV,
}
