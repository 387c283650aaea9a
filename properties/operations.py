"""The contract's operations as data: arguments and outputs with their axes, options by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Operation:
    """arrays and outputs: name to axes, in order; options: name to default value."""

    name: str
    arrays: Mapping[str, str]
    outputs: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        """As the contract writes it."""
        options = [f"{name}={default!r}" for name, default in self.options.items()]
        return f"{self.name}({', '.join([*self.arrays, *options])})"


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


OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("softmax", {"x": "..."}, {"p": "..."}, {"axis": -1}),
        recurrent("rnn", "", ("h",), nonlinearity="tanh"),
        Operation(
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
        ),
        recurrent("lstm", "4", ("h", "c")),
        recurrent("gru", "3", ("h",), reset_after=True),
        Operation(
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
        ),
    )
}
RECURRENT = ("rnn", "lstm", "gru")
