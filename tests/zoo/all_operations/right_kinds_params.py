"""Right layers that ignore an entry of params that nobody asked for, as reading by name does."""

from zoo.decoder import base as base_decoder
from zoo.encoder import base as base_encoder
from zoo.entries import right
from zoo.generate import base as base_generate
from zoo.signatures import DECODER, ENCODER


def keep(a, names):
    """Only these entries of params."""
    a.params = {name: a.params[name] for name in names if name in a.params}


@right(base_encoder.encoder_layer, "check", "extra parameters")
def layer_that_ignores_other_entries(a):
    """An entry of params with another name is ignored; all else is checked."""
    keep(a, ENCODER)
    base_encoder.check(a)


@right(base_decoder.decoder_layer, "check", "extra parameters")
def decoder_that_ignores_other_entries(a):
    """An entry of params with another name is ignored; all else is checked."""
    keep(a, DECODER)
    base_decoder.check(a)


@right(base_generate.generate, "check", "extra parameters")
def text_that_ignores_other_entries(a):
    """An entry of params with another name is ignored; all else is checked."""
    layers = range(base_generate.depth(a))
    keep(a, [*base_generate.OWN, *(f"layers.{i}.{name}" for i in layers for name in DECODER)])
    base_generate.check(a)
