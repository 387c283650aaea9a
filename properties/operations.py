"""The contract's operations as data: arguments and outputs with their axes, options by default."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from seqlaws.reference import decoder, encoder

LAYER = "layers.0."  # the entries of a dict that has several layers are described by the first


@dataclass(frozen=True)
class Operation:
    """arrays and outputs: name to axes, in order; options: name to default value.

    An array inside an argument that is a dict has the name "argument.entry". "... E" are any axes
    and a last one; an output of axes "..." has the shape of the first array.
    arguments: all that is given by position, in order, if that is more than arrays: a dict by its
    own name, a number that every call gives (such as num_heads) by its; the latter is kept among a
    case's options. integers: the arrays of whole numbers, each with the letter of the size that
    they are below, or "". traits: those that the specification has to know. dtypes: where the
    operation is of some dtypes only, whatever is declared. whole: whether outputs are whole
    numbers. share: of the drawn examples, for one that is made of others that have laws themselves.
    """

    name: str
    arrays: Mapping[str, str]
    outputs: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    integers: Mapping[str, str] = field(default_factory=dict)
    traits: tuple[str, ...] = ()
    differentiable: bool = True
    dtypes: tuple[str, ...] = ()
    whole: bool = False
    share: float = 1.0

    @property
    def signature(self) -> str:
        """As the contract writes it."""
        options = [f"{name}={default!r}" for name, default in self.options.items()]
        return f"{self.name}({', '.join([*self.positional, *options])})"

    @property
    def positional(self) -> tuple[str, ...]:
        """What is given by position."""
        return self.arguments or tuple(self.arrays)

    def axes(self, name: str) -> list[str]:
        """The axes of an array, of any layer."""
        return self.arrays[re.sub(r"layers\.\d+\.", LAYER, name)].split()

    @property
    def batched(self) -> list[str]:
        """The arrays that have a row for each entry of a batch."""
        return [name for name, axes in self.arrays.items() if axes.split()[0] == "B"]

    def is_option(self, name: str) -> bool:
        """Whether it is given by name; else by position."""
        return name not in self.positional

    def differentiated(self, names: Any) -> list[str]:
        """Of the arrays' names those that have a gradient: the floating ones."""
        return [name for name in names if name not in self.integers]

    def arranged(
        self, arrays: Mapping[str, Any], options: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """What a call gets by position, dicts put together, and what it gets by name."""
        given = [self.argument(name, arrays, options) for name in self.positional]
        return given, {name: o for name, o in options.items() if self.is_option(name)}

    def argument(self, name: str, arrays: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        """One argument that is given by position."""
        if name in arrays:
            return arrays[name]
        if name in options:
            return options[name]
        head = f"{name}."
        return {n.removeprefix(head): a for n, a in arrays.items() if n.startswith(head)}


@dataclass(frozen=True)
class OfLeaves:
    """An implementation's function, with its floating arrays alone as arguments."""

    function: Any
    operation: Operation
    arrays: Mapping[str, Any]

    def __call__(self, *leaves: Any, **options: Any) -> Any:
        names = self.operation.differentiated(self.arrays)
        taken = {**self.arrays, **dict(zip(names, leaves, strict=True))}
        given, named = self.operation.arranged(taken, options)
        return self.function(*given, **named)


def recurrent(name: str, blocks: str, states: tuple[str, ...], **options: Any) -> Operation:
    """rnn, lstm and gru differ in their row blocks and states."""
    return Operation(
        name,
        {
            "x": "B T I",
            **{f"{s}0": "B H" for s in states},
            "weight_ih": f"{blocks}H I",
            "weight_hh": f"{blocks}H H",
            "bias_ih": f"{blocks}H",
            "bias_hh": f"{blocks}H",
        },
        {"y": "B T H", **{f"{s}_n": "B H" for s in states}},
        {**options, "lengths": None, "reverse": False},
    )


SOFTMAX = Operation("softmax", {"x": "..."}, {"p": "..."}, {"axis": -1}, traits=("fully_masked",))
LSTM_GATES = Operation(
    "lstm_gates",
    {
        "x": "B I",
        "h": "B H",
        "weight_ih": "4H I",
        "weight_hh": "4H H",
        "bias_ih": "4H",
        "bias_hh": "4H",
    },
    {"i": "B H", "f": "B H", "g": "B H", "o": "B H"},
)
ATTENTION = Operation(
    "attention",
    {"q": "B N L D", "k": "B M S D", "v": "B M S Dv"},
    {"out": "B N L Dv"},
    {
        "mask": None,
        "is_causal": False,
        "scale": None,
        "query_offset": 0,
        "window": None,
        "softcap": None,
    },
    traits=("fully_masked", "causal_alignment"),
)
MULTI_HEAD_ATTENTION = Operation(
    "multi_head_attention",
    {
        "query": "B L E",
        "key": "B S E",
        "value": "B S E",
        "in_proj_weight": "3E E",
        "in_proj_bias": "3E",
        "out_proj_weight": "E E",
        "out_proj_bias": "E",
    },
    {"out": "B L E"},
    {"mask": None, "is_causal": False},
    arguments=(
        "query",
        "key",
        "value",
        "in_proj_weight",
        "in_proj_bias",
        "out_proj_weight",
        "out_proj_bias",
        "num_heads",
    ),
    traits=("fully_masked", "causal_alignment"),
)
POSITIONAL_ENCODING = Operation(
    "positional_encoding",
    {},
    {"encoding": "length dim"},
    arguments=("length", "dim"),
    differentiable=False,
    dtypes=("float64",),
)
ROTARY_EMBEDDING = Operation(
    "rotary_embedding",
    {"x": "B N L D", "positions": "L"},
    {"out": "B N L D"},
    {"base": 10000.0, "interleaved": False},
    integers={"positions": ""},
)
LAYER_NORM = Operation(
    "layer_norm", {"x": "... E", "weight": "E", "bias": "E"}, {"y": "..."}, {"eps": 1e-5}
)
MARKOV_LOG_PROB = Operation(
    "markov_log_prob",
    {"states": "B T", "initial": "... S", "transition": "... S"},
    {"log_prob": "B"},
    integers={"states": "S"},
)
ENCODER_LAYER = Operation(
    "encoder_layer",
    {"x": "B T E", **{f"params.{name}": axes for name, axes in encoder.PARAMETERS.items()}},
    {"out": "B T E"},
    {"activation": "relu", "norm_first": False, "mask": None},
    arguments=("x", "params", "num_heads"),
    traits=("fully_masked",),
    share=0.5,
)
DECODER_LAYER = Operation(
    "decoder_layer",
    {
        "x": "B T E",
        "memory": "B S E",
        **{f"params.{name}": axes for name, axes in decoder.PARAMETERS.items()},
    },
    {"out": "B T E"},
    {"activation": "relu", "norm_first": False, "memory_mask": None},
    arguments=("x", "memory", "params", "num_heads"),
    traits=("fully_masked",),
    share=0.5,
)
GENERATE = Operation(
    "generate",
    {
        "memory": "B S E",
        "start": "B",
        "params.embedding.weight": "V E",
        **{f"params.{LAYER}{name}": axes for name, axes in decoder.PARAMETERS.items()},
        "params.projection.weight": "V E",
        "params.projection.bias": "V",
    },
    {"tokens": "B steps"},
    arguments=("memory", "start", "steps", "params", "num_heads"),
    integers={"start": "V"},
    traits=("fully_masked",),
    differentiable=False,
    whole=True,
    share=0.5,
)
OPERATIONS = {
    operation.name: operation
    for operation in (
        SOFTMAX,
        recurrent("rnn", "", ("h",), nonlinearity="tanh"),
        LSTM_GATES,
        recurrent("lstm", "4", ("h", "c")),
        recurrent("gru", "3", ("h",), reset_after=True),
        ATTENTION,
        MULTI_HEAD_ATTENTION,
        ENCODER_LAYER,
        POSITIONAL_ENCODING,
        ROTARY_EMBEDDING,
        LAYER_NORM,
        MARKOV_LOG_PROB,
        DECODER_LAYER,
        GENERATE,
    )
}
RECURRENT = ("rnn", "lstm", "gru")
BLOCKS = {"rnn": 1, "gru": 3, "lstm": 4, "lstm_gates": 4}  # row blocks of the weights
DIFFERENTIABLE = tuple(name for name, o in OPERATIONS.items() if o.differentiable)
BATCHED = tuple(name for name, o in OPERATIONS.items() if o.batched)
WITH_ARRAYS = tuple(name for name, o in OPERATIONS.items() if o.arrays)
WITH_PARAMS = tuple(name for name, o in OPERATIONS.items() if "params" in o.arguments)
