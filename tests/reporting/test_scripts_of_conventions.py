"""Scripts of failures of implementations that are called in their own way, run as they stand."""

import subprocess
import sys
from pathlib import Path

import pytest
from zoo.conventions import attention, packed

from seqlaws.properties.diagnosis.stored_calls import restored
from seqlaws.properties.discovery import loader
from seqlaws.properties.isolation import specification_server
from seqlaws.properties.laws import LAWS
from seqlaws.properties.reporting.reproduction import reproduction
from seqlaws.properties.runner.examine import Effort, examine
from seqlaws.properties.runner.pairing import register_laws
from seqlaws.properties.subjects.subject import Subject

register_laws()
TESTS = Path(__file__).resolve().parents[1]
SOURCE = """
import sys
sys.path.append({tests!r})
from zoo.conventions import {module}
made = {module}.{maker}({wrong!r})
"""
CASES = (  # a maker, what is wrong, the law that says so
    (attention.in_heads_inside, attention.LAYOUT[3], "attention.gradients"),
    (attention.time_first, attention.TIME[1], "rnn.values"),
    (attention.into_an_array, attention.WRITES[2], "attention.values"),
    (attention.with_lse, attention.LSE[1], "attention.returned_log_sum_exp"),
    (packed.packed, packed.VARLEN[2], "attention_varlen.values"),
)


def written(path, maker, wrong):
    """Write the implementation's file; return the spec that names it."""
    module = maker.__module__.rpartition(".")[2]
    text = SOURCE.format(tests=str(TESTS), module=module, maker=maker.__name__, wrong=wrong)
    path.write_text(text, encoding="utf-8")
    return f"{path}:made"


@pytest.mark.parametrize(("maker", "wrong", "law"), CASES, ids=[law for *_, law in CASES])
def test_a_script_fails_on_the_wrong_one_and_passes_on_the_right_one(maker, wrong, law, tmp_path):
    specification_server.add("packed_attention")
    spec = written(tmp_path / "mine.py", maker, wrong)
    operation, _, name = law.partition(".")
    subject = Subject("mine", loader.find(spec), operation, "float32", "cpu", spec)
    verdict = examine(LAWS[name], subject, Effort(examples=20, shrinking=0.1, explains=False))
    assert verdict.status == "failed"
    found = restored(verdict.evidence)
    shown = reproduction(LAWS[name], subject, found.case, found.kind)
    script = tmp_path / "script.py"
    script.write_text(shown.script, encoding="utf-8")
    failed = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "AssertionError" in failed.stderr
    written(tmp_path / "mine.py", maker, "")
    held = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert held.returncode == 0, held.stderr
    assert "holds: " in held.stdout
