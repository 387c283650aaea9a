"""The causes of an implementation in a file, by some laws alone."""

from dataclasses import replace

from seqlaws.properties.discovery import loader
from seqlaws.properties.laws import LAWS
from seqlaws.properties.runner.causes import causes_of
from seqlaws.properties.runner.examine import Effort
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.runner.selection import candidates_of

VALUES = ("values", "values_of_every_combination", "every_argument_matters")
HEAD = "import numpy as np\nTRAITS = {'dtypes': ('float32',)}\n"
ROWS = """
def rows(x, axis):
    most = x.max(axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(x - np.where(np.isneginf(most), np.float32(0), most))
    t = e.sum(axis=axis, keepdims=True)
    return e / np.where(t == 0, np.float32(1), t)
"""


def explained(path, operations, laws=VALUES, examples=10, seconds=20.0):
    """The verdicts of some laws on a file, and the causes of what failed."""
    register_laws()
    candidates, verdicts = {}, []
    namespace = loader.find(str(path))
    effort = Effort(examples=examples, shrinking=0.2, explains=False)
    for each in candidates_of(str(path), "mine", namespace, operations, ["float32"]):
        candidates[each.operation, each.dtype] = one = replace(each, effort=effort)
        chosen = [law for law in LAWS.values() if law.name in laws]
        verdicts += [one.verdict(law) for law in chosen if one.operation in law.operations]
    return verdicts, causes_of(verdicts, lambda *asked: candidates[asked].subject(), seconds)
