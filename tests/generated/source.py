"""From a seed to the source of a right implementation of one operation."""

import ast
import functools
import random
from dataclasses import dataclass, field

from generated.forms import DRAWN, forms_of
from generated.manners import ERRORS, refusals_of
from generated.rewriting import options_of, rewritten, with_refusal, without_option

OPERATIONS = (
    "softmax",
    "rnn",
    "lstm_gates",
    "lstm",
    "gru",
    "attention",
    "layer_norm",
    "multi_head_attention",
    "positional_encoding",
    "rotary_embedding",
    "encoder_layer",
    "decoder_layer",
    "generate",
    "markov_log_prob",
)
WITHOUT_GRADIENT = ("positional_encoding", "generate")
DTYPES = {  # drawn with these weights
    "numpy": {"float32": 4, "float64": 1},
    "torch": {"float32": 4, "bfloat16": 2, "float16": 1, "float64": 1},
}
NEEDED = {"attention": ("scale",)}  # options that some laws pin are offered all the same
HEADER = '''"""A right {operation}, generated from seed {seed}.

Forms: {forms}.
"""

{imports}

TRAITS = {traits}
'''
IMPORTS = {"numpy": "import math\n\nimport numpy as np", "torch": "import math\n\nimport torch"}

blocks_of = functools.cache(forms_of)


@dataclass
class Implementation:
    """One generated implementation: what was chosen, and the source of its module."""

    seed: int
    operation: str
    backend: str
    traits: dict
    source: str = ""
    chosen: dict = field(default_factory=dict)  # {block: (form, drawn values)}

    @property
    def dtype(self):
        """The dtype that it declares."""
        return self.traits["dtypes"][0]

    @property
    def forms(self):
        """The forms that are not plain, and what was drawn for them, in words."""
        words = []
        for block, (form, values) in sorted(self.chosen.items()):
            drawn = ", ".join(f"{name} {value}" for name, value in values.items())
            if form != "plain" or drawn:
                words.append(f"{block} {form}" + (f" ({drawn})" if drawn else ""))
        return "; ".join(words) or "all plain"


def implementation(seed, operation="", *, refusals=False, traits=False):
    """Make the implementation of a seed; `operation` overrides the drawn one.

    refusals: some refuse what lies beyond the core. traits: some have forms that need a trait.
    """
    draw = random.Random(f"right implementation {seed}")
    drawn = draw.choice(OPERATIONS)
    backend = draw.choice(("numpy", "torch"))
    weights = DTYPES[backend]
    (dtype,) = draw.choices(list(weights), list(weights.values()))
    fully_masked = draw.choice(("zeros", "zeros", "nan", "mean"))
    declared = {"backend": backend, "dtypes": (dtype,), "fully_masked": fully_masked}
    made = Implementation(seed, operation or drawn, backend, declared)
    functions = compose(made, draw, traits=traits)
    names = [made.operation, f"{made.operation}_vjp"]
    dropped = dropped_option(functions[made.operation], draw)
    beyond = refusals_of(made.operation, backend)
    refused = draw.sample(beyond, min(draw.choice((0, 1, 1, 2)), len(beyond)))
    for name in names:
        if name in functions:
            if refusals:
                for condition in refused:
                    error = draw.choice(ERRORS)
                    functions[name] = with_refusal(functions[name], condition, error)
            functions[name] = without_option(functions[name], dropped)
    if dropped:
        made.chosen[f"option {dropped}"] = ("not offered", {})
    made.source = printed(made, functions)
    return made


def dropped_option(function, draw):
    """An option that is not offered, or ""."""
    options = options_of(function)
    return draw.choice(options) if options and draw.random() < 0.15 else ""


def compose(made, draw, *, traits):
    """Choose a form of each block that the operation needs; {block: its rewritten function}."""
    blocks = blocks_of(made.backend)
    wanted = [made.operation]
    if f"{made.operation}_vjp" in blocks and draw.random() < 0.85:
        wanted.append(f"{made.operation}_vjp")
    functions = {}
    while wanted:
        block = wanted.pop(0)
        if block in functions:
            continue
        form = draw.choice([f for f in blocks[block] if traits or not f.declares])
        values = {name: draw.choice(DRAWN[name]) for name in sorted(form.uses & DRAWN.keys())}
        made.chosen[block] = form.name, values
        made.traits.update(form.declares)
        fixed = {"FULLY_MASKED": made.traits["fully_masked"]}
        functions[block] = rewritten(form.function, draw, values | fixed)
        wanted += sorted((form.uses & blocks.keys()) - functions.keys())
    return functions


def printed(made, functions):
    """The module's source: what is called stands above what calls it."""
    header = HEADER.format(
        operation=made.operation,
        seed=made.seed,
        forms=made.forms,
        imports=IMPORTS[made.backend],
        traits=made.traits,
    )
    return "\n\n".join([header, *(ast.unparse(f) + "\n" for f in reversed(functions.values()))])
