"""What to pin in turn: every size of every letter, every pair of options.

A drawn case takes a size or a combination of options by chance; a sweep takes each one surely.
"""

from seqlaws.properties.sweeps import (
    attention,
    decoder,
    encoder,
    generate,
    layer_norm,
    markov,
    multi_head,
    positions,
    recurrent,
    softmax,
)
from seqlaws.properties.sweeps.common import Fixed, Sweeps

__all__ = ["SWEEPS", "Fixed", "Sweeps"]

SWEEPS: dict[str, Sweeps] = {
    "softmax": softmax.SOFTMAX,
    "rnn": recurrent.RECURRENT,
    "lstm_gates": recurrent.GATES,
    "lstm": recurrent.RECURRENT,
    "gru": recurrent.RECURRENT,
    "attention": attention.ATTENTION,
    "multi_head_attention": multi_head.MULTI_HEAD,
    "encoder_layer": encoder.ENCODER,
    "positional_encoding": positions.ENCODING,
    "rotary_embedding": positions.ROTARY,
    "layer_norm": layer_norm.LAYER_NORM,
    "markov_log_prob": markov.MARKOV,
    "decoder_layer": decoder.DECODER,
    "generate": generate.GENERATE,
}


def every_size(operation: str) -> list[Fixed]:
    """Each letter of an operation at each size, the others drawn."""
    return SWEEPS[operation].every_size(operation)


def moderate_sizes(operation: str) -> list[Fixed]:
    """Fewer, for gradients."""
    return SWEEPS[operation].moderate_sizes(operation)


def every_combination(operation: str) -> list[Fixed]:
    """Every pair of options with nothing else given; each option alone at a large size, too."""
    return SWEEPS[operation].every_combination(operation)


def combinations_of_gradients(operation: str) -> list[Fixed]:
    """Fewer, for gradients."""
    return SWEEPS[operation].of_gradients(operation)


def unequal(operation: str) -> list[Fixed]:
    """A few sets of sizes of which none is 1 and no two are equal, so that strides tell."""
    return SWEEPS[operation].unequal(operation)


def one_large(operation: str) -> list[Fixed]:
    """One problem that is larger than any other law's, for every kind of answer above a size."""
    return SWEEPS[operation].one_large(operation)
