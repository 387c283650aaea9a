"""The specification as a page: `python docs/specification.py` writes docs/specification.md.

The page is docs/specification.template.md with its marks, `{{what name}}` on separate lines, filled
in: equations, options and sources come from the docstrings of `reference/`, laws from the
registered laws, numbers from running the reference. `--check` writes nothing
and fails if the page is out of date; a test does the same.
"""

import argparse
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from worked import EXAMPLES  # noqa: E402

import conftest  # noqa: E402, F401  makes the clone importable as seqlaws
from seqlaws import reference  # noqa: E402
from seqlaws.properties.laws import LAWS, Law  # noqa: E402
from seqlaws.properties.operations import OPERATIONS, RECURRENT  # noqa: E402
from seqlaws.properties.runner.pairing import register_laws  # noqa: E402
from seqlaws.reference import masks, steps  # noqa: E402

TEMPLATE, PAGE = HERE / "specification.template.md", HERE / "specification.md"
MARK = re.compile(r"^\{\{(\w+)(?: ([\w.]+))?\}\}$", re.MULTILINE)
BLOCKS = {"rnn": "", "lstm": "input, forget, candidate, output", "gru": "reset, update, new"}
BLOCKS["lstm_gates"] = BLOCKS["lstm"]
SYMBOLS = {  # what an argument or an output is
    "p": "the weights",
    "h": "hidden state before the step",
    "h0": "initial hidden state",
    "c0": "initial cell state",
    "weight_ih": "`W_ih`: from the input",
    "weight_hh": "`W_hh`: from the previous state",
    "bias_ih": "`b_ih`",
    "bias_hh": "`b_hh`",
    "y": "the hidden state after each step",
    "h_n": "the hidden state after the step read last",
    "c_n": "the cell state after the step read last",
    "i": "input gate",
    "f": "forget gate",
    "g": "candidate",
    "o": "output gate",
    "q": "queries",
    "k": "keys",
    "v": "values",
    "out": "the weighted mean of the values, for each query",
    "states": "integers from 0 to S - 1",
    "initial": "the joint probability of the first k states, (S,) * k",
    "transition": "the probability of the next state, on the last axis, (S,) * (k + 1)",
    "log_prob": "the logarithm of each sequence's probability",
    "layer_norm.weight": "`w`, a factor for each feature",
    "layer_norm.bias": "`b`, an offset for each feature",
    "layer_norm.y": "the normalised features",
    "positions": "the position of each row: integers, in any order",
    "rotary_embedding.out": "the rotated pairs of features",
    "query": "the sequence of queries",
    "key": "the sequence of keys",
    "value": "the sequence of values",
    "in_proj_weight": "`W_q`, `W_k`, `W_v`: row blocks in the order query, key, value",
    "in_proj_bias": "`b_q`, `b_k`, `b_v`",
    "out_proj_weight": "`W_o`: from the concatenated heads to features",
    "out_proj_bias": "`b_o`",
    "encoder_layer.out": "the sequence, after the layer",
    "memory": "the output of the encoder",
    "start": "the token before the first one",
    "params.embedding.weight": "one row per token",
    "params.projection.weight": "one row per token, for its logit",
    "tokens": "integers from 0 to V - 1",
    "decoder_layer.out": "the sequence, after the layer",
    "encoding": "one row per position, always in float64",
}
INPUT = {
    "softmax": "scores, of any rank from 1",
    "lstm_gates": "the input of one step",
    "layer_norm": "features, of any rank from 1",
    "rotary_embedding": "queries, or keys",
}


def paragraphs(text: str | None) -> list[str]:
    """A docstring's paragraphs, its indentation taken off."""
    return [p for p in inspect.cleandoc(text or "").split("\n\n") if p.strip()]


def module_of(operation: str) -> Any:
    """The file of `reference/` that an operation stands in."""
    return inspect.getmodule(getattr(reference, operation))


def idea(operation: str) -> str:
    """What the operation is, in the words of its file."""
    said = [p for p in paragraphs(module_of(operation).__doc__) if not p.startswith("Sources:")]
    return "\n\n".join([f"**{said[0]}**", *said[1:]])


def sources(operation: str) -> str:
    """The papers, one a line."""
    (found,) = [p for p in paragraphs(module_of(operation).__doc__) if p.startswith("Sources:")]
    papers = " ".join(found.removeprefix("Sources:").split()).rstrip(".").split("; ")
    return "\n".join(f"- {paper[0].upper()}{paper[1:]}." for paper in papers)


def equations(function: str) -> str:
    """The indented lines of a docstring."""
    blocks = [p for p in paragraphs(getattr(reference, function).__doc__) if p.startswith(" ")]
    text = "\n\n".join(inspect.cleandoc("\n" + block) for block in blocks)
    return f"```text\n{text}\n```"


def code(name: str) -> str:
    """A function of `reference/`, as it stands there, without its docstring."""
    file, _, function = name.partition(".")
    found = getattr(__import__(f"seqlaws.reference.{file}", fromlist=[function]), function)
    source = inspect.getsource(found).replace(f'"""{found.__doc__}"""', "", 1)
    lines = [line for line in source.splitlines() if line.strip()]
    return "```python\n" + "\n".join(lines) + "\n```"


def options(operation: str) -> str:
    """Each option, its default and its meaning: the line `name: meaning` of some docstring."""
    made = getattr(reference, operation)
    places = (made, masks.allowed_pairs, steps.existing_steps, steps.reading_order)
    rows = ["| option | default | meaning |", "|---|---|---|"]
    for name, default in OPERATIONS[operation].options.items():
        meaning = next(m for m in (meaning_of(name, place.__doc__) for place in places) if m)
        rows.append(f"| `{name}` | `{default!r}` | {meaning} |")
    return "\n".join(rows) if len(rows) > 2 else "There are none."


def meaning_of(name: str, docstring: str | None) -> str:
    """What a docstring says of an argument: from `name: ` up to the next line that starts anew."""
    found = re.search(
        rf"^{name}: (.*?)(?=^\w+: |^Returns |^Raises |^$|\Z)",
        inspect.cleandoc(docstring or ""),
        re.MULTILINE | re.DOTALL,
    )
    return " ".join(found[1].split()) if found else ""


def shapes(operation: str) -> str:
    """Arguments and outputs with their axes."""
    rows = ["| | shape | |", "|---|---|---|"]
    described = OPERATIONS[operation]
    for kind, arrays in (("", described.arrays), ("returns ", described.outputs)):
        for name, axes in arrays.items():
            what = SYMBOLS.get(f"{operation}.{name}", SYMBOLS.get(name, ""))
            what = INPUT.get(operation, "the sequence") if name == "x" else what
            if name == "weight_ih" and BLOCKS[operation]:
                what += f"; row blocks in the order {BLOCKS[operation]}"
            shape = "that of `x`" if axes == "..." and kind else f"({', '.join(axes.split())})"
            rows.append(f"| {kind}`{name}` | {shape} | {what} |")
    return "\n".join(rows)


def signature(operation: str) -> str:
    """As it is called, and its vjp if it has one."""
    described = OPERATIONS[operation]
    cotangents = ", ".join(f"d{name}" for name in described.outputs)
    vjp = described.signature.replace(f"{operation}(", f"{operation}_vjp({cotangents}, ", 1)
    lines = []
    for call in (described.signature, vjp)[: 1 + described.differentiable]:
        lines += textwrap.wrap(call, 96, subsequent_indent=" " * (call.index("(") + 1))
    return "\n".join(["```text", *lines, "```"])


def laws(operation: str) -> str:
    """The registered laws that are the operation's own, or shared with some others."""
    return listed(law for law in own(LAWS) if operation in law.operations)


def common(_: str) -> str:
    """The laws that every operation keeps, or every one that has what they speak of."""
    return listed(law for law in LAWS.values() if general(law))


def general(law: Law) -> bool:
    """Whether it is a law of most operations: some have no gradient, or no options."""
    return len(law.operations) > len(OPERATIONS) / 2


def recurrent(_: str) -> str:
    """The laws that are the same for all three recurrences."""
    return listed(law for law in LAWS.values() if set(law.operations) == set(RECURRENT))


def shared(_: str) -> str:
    """The laws of several operations, but not all, and not just the recurrences."""
    return listed(
        (law for law in LAWS.values() if len(law.operations) > 1 and not general(law)
         and set(law.operations) != set(RECURRENT)), whose=True,
    )  # fmt: skip


def own(laws_: dict[str, Law]) -> list[Law]:
    """The laws of one operation alone."""
    return [law for law in laws_.values() if len(law.operations) == 1]


def listed(laws_: Any, *, whose: bool = False) -> str:
    """One line a law: its name, its level if it is no MUST, its sentence and its formula."""
    lines = []
    for law in laws_:
        level = "" if law.level == "MUST" else f" ({law.level})"
        of = f" ({', '.join(law.operations)})" if whose else ""
        said = [" ".join(p.split()) for p in paragraphs(law.statement)]
        lines.append(f"- `{law.name}`{level}{of}: {' '.join(said)}")
    return "\n".join(lines)


def count(_: str) -> str:
    """How many laws there are, over all operations."""
    levels = [law.level for law in LAWS.values() for _ in law.operations]
    return (
        f"There are {len(levels)} of them, counted for each operation: {levels.count('MUST')} "
        f"MUST and {levels.count('SHOULD')} SHOULD."
    )


def example(name: str) -> str:
    """A few numbers, from running the reference."""
    return EXAMPLES[name]()


FILL: dict[str, Callable[[str], str]] = {
    made.__name__: made
    for made in (code, common, count, equations, example, idea, laws, options, recurrent, shapes,
                 shared, signature, sources)
}  # fmt: skip


def page() -> str:
    """The whole page."""
    register_laws()
    text = MARK.sub(lambda m: FILL[m[1]](m[2] or ""), TEMPLATE.read_text(encoding="utf-8"))
    return text.rstrip() + "\n"


def main() -> int:
    """Write the page, or say that it is out of date."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only check the page")
    made, known = page(), PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if parser.parse_args().check:
        if made != known:
            sys.stderr.write(f"{PAGE.name} is not current: python docs/specification.py\n")
        return int(made != known)
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
