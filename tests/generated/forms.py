"""Forms: the ways in which a block may be computed, read from the modules of one library.

A block is a function such as `total`; a form of it is a function `total__in_pairs` with the same
arguments. Forms are ordinary functions: they call other blocks by their names, and what those
names mean in an implementation is chosen when it is made.
"""

import ast
import importlib
import inspect
from dataclasses import dataclass, field

MODULES = {
    "numpy": (
        "numpy_sums",
        "numpy_products",
        "numpy_functions",
        "numpy_manners",
        "numpy_softmax",
        "numpy_layer_norm",
        "numpy_masks",
        "numpy_attention",
        "numpy_attention_vjp",
        "numpy_steps",
        "numpy_rnn",
        "numpy_lstm",
        "numpy_gru",
        "numpy_linear",
        "numpy_multi_head",
        "numpy_layers",
        "numpy_layers_vjp",
        "numpy_generate",
        "numpy_positions",
        "numpy_markov",
    ),
    "torch": (
        "torch_sums",
        "torch_functions",
        "torch_manners",
        "torch_softmax",
        "torch_layer_norm",
        "torch_masks",
        "torch_attention",
        "torch_steps",
        "torch_recurrent",
        "torch_linear",
        "torch_layers",
        "torch_generate",
        "torch_positions",
        "torch_markov",
    ),
}

# what a capital name in a form may stand for
DRAWN = {
    "TILE": (1, 2, 3, 4, 5, 7, 8, 11, 16, 17, 32, 64),
    "LANES": (2, 3, 4, 8),
    "ORDER": (0, 1, 2, 3, 4, 5),
}


def declares(**traits):
    """Mark a form that is right only where these traits are declared."""

    def mark(function):
        function.declares = traits
        return function

    return mark


@dataclass
class Form:
    """One way to compute a block."""

    block: str
    name: str
    function: ast.FunctionDef
    declares: dict = field(default_factory=dict)

    @property
    def uses(self):
        """The names that the function reads and does not assign: blocks and drawn values."""
        nodes = list(ast.walk(self.function))
        own = {node.arg for node in nodes if isinstance(node, ast.arg)}
        own |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        return {node.id for node in nodes if isinstance(node, ast.Name)} - own


def forms_of(library):
    """{block: [form, ...]} of "numpy" or "torch"; the plain form is the first."""
    blocks = {}
    for module_name in MODULES[library]:
        module = importlib.import_module(f"generated.{module_name}")
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.FunctionDef):
                block, _, name = node.name.partition("__")
                traits = getattr(getattr(module, node.name), "declares", {})
                form = Form(block, name or "plain", node, traits)
                blocks.setdefault(block, []).append(form)
    for block, forms in blocks.items():
        if forms[0].name != "plain":
            raise ValueError(f"block {block} has no plain form")
    return blocks
