"""Test vectors: what is in them, and what the checkers say of implementations."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from vectors.rereading import broken, read, worst

from seqlaws.impls import numpy_vectorized
from seqlaws.properties.vectors import writing
from seqlaws.properties.vectors.__main__ import main
from seqlaws.properties.vectors.tensors import Tensors

ROOT = Path(__file__).resolve().parents[2]
RIGHT = (Path(__file__).parent / "right.mjs").read_text(encoding="utf-8")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("vectors")
    writing.write("softmax", made, examples=5)
    writing.write("attention", made, examples=2)
    return made


def node(folder, index, source):
    """What the checker says of a module, and its exit status."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node")
    (folder / "mine.mjs").write_text(source, encoding="utf-8")
    command = ["node", "check.mjs", index, "mine.mjs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr, done.returncode


@pytest.mark.parametrize("operation", ["softmax", "attention"])
def test_a_right_one_in_javascript_passes(folder, operation):
    said, status = node(folder, f"{operation}.json", RIGHT)
    assert status == 0, said
    assert "no MUST law failed" in said
    assert "FAILED" not in said


WRONG = {
    "softmax without the maximum": ("softmax", "Math.exp(s - largest)", "Math.exp(s)"),
    "its gradient without the mean": ("softmax", "(back[k] - mean)", "back[k]"),
    "the default axis is the first": ("softmax", "axis = -1 }", "axis = 0 }"),
    "a NaN is lost": ("softmax", "scores.map(() => NaN)", "scores.map(() => 0)"),
    "the scale 1/D": ("attention", "1 / Math.sqrt(Math.max(D, 1))", "1 / Math.max(D, 1)"),
    "the own key is masked": ("attention", "is_causal && j > at", "is_causal && j >= at"),
    "the wrong key head": ("attention", "Math.floor(n / (N / M))", "n % M"),
    "the left of a window is ignored": ("attention", "window[0] !== null", "false"),
    "a single-precision exponential": (
        *("attention", "Math.exp(s - largest)", "Number(Math.exp(s - largest).toPrecision(5))"),
    ),
}


@pytest.mark.parametrize(("operation", "old", "new"), WRONG.values(), ids=WRONG)
def test_a_wrong_one_in_javascript_fails(folder, operation, old, new):
    assert old in RIGHT
    said, status = node(folder, f"{operation}.json", RIGHT.replace(old, new))
    assert status == 1, said
    assert "FAILED" in said
    assert "expected" in said


def test_a_softmax_in_cpp_is_told_right_from_wrong(folder):
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    source, program = Path(__file__).parent / "softmax.cpp", folder / "softmax"
    strict = ("-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{folder}")
    subprocess.run([compiler, *strict, source, "-o", program], check=True)
    for status, more in enumerate(((), ("wrong",))):
        command = [program, folder / "softmax.json", *more]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout
        assert ("FAILED softmax.values " in done.stdout) == bool(status)
        assert "softmax.values_at_every_size" in done.stdout


@pytest.fixture(scope="module")
def compiled(folder):
    """A function that runs the program in Rust on an index: what it says, and its exit status."""
    compiler = shutil.which("rustc")
    if compiler is None:
        pytest.skip("there is no Rust compiler")
    shutil.copy(Path(__file__).parent / "right.rs", folder)
    command = [compiler, "--edition", "2021", "-D", "warnings", "-O", "right.rs"]
    subprocess.run(command, cwd=folder, check=True)

    def run(*arguments):
        done = subprocess.run(
            ["./right", *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr, done.returncode

    return run


@pytest.mark.parametrize("operation", ["softmax", "attention"])
def test_a_right_one_in_rust_passes(compiled, operation):
    said, status = compiled(f"{operation}.json")
    assert status == 0, said
    assert said.endswith("no MUST law failed\n")


IN_RUST = {
    "softmax": (
        *("no maximum", "the gradient without the mean", "the default axis is the first"),
        *("a NaN is lost", "refuses"),
    ),
    "attention": (
        *("the scale 1/D", "the own key is masked", "the wrong key head", "the left is ignored"),
    ),
}


@pytest.mark.parametrize(
    ("operation", "mistake"),
    [(o, mistake) for o, several in IN_RUST.items() for mistake in several],
)
def test_a_wrong_one_in_rust_fails(compiled, operation, mistake):
    assert f'"{mistake}"' in (Path(__file__).parent / "right.rs").read_text(encoding="utf-8")
    said, status = compiled(f"{operation}.json", mistake)
    assert status == 1, said
    assert "FAILED" in said


def test_the_softmax_in_rust_of_the_page_passes(compiled, folder):
    page = (ROOT / "docs" / "vectors.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```rust\n(.*?)```", page, re.DOTALL)
    (folder / "main.rs").write_text(source, encoding="utf-8")
    command = ["rustc", "--edition", "2021", "-D", "warnings", "-O", "main.rs"]
    subprocess.run(command, cwd=folder, check=True)
    done = subprocess.run(["./main", "softmax.json"], cwd=folder, check=False)
    assert done.returncode == 0


def test_a_refusal_and_a_panic_in_rust_are_no_failures_beyond_the_core(compiled):
    said, status = compiled("attention.json", "only what is in the core")
    assert status == 0, said
    assert " refused" in said


def test_nothing_checked_in_rust_is_no_success(compiled):
    for arguments, what in (
        (("softmax.json", "nothing"), "nothing was checked"),
        (("nowhere.json",), "nowhere.json: No such file"),
        ((), "name the index"),
    ):
        said, status = compiled(*arguments)
        assert (status, what in said) == (2, True), said


def test_a_refusal_is_no_failure_beyond_the_core(folder):
    refuse = 'Object.assign(new Error("no options"), { name: "NotImplementedError" })'
    limited = RIGHT.replace(
        "export function attention(q, k, v, options = {}) {",
        "export function attention(q, k, v, options = {}) {\n"
        f"if (Object.keys(options).length || q.shape[1] !== k.shape[1]) throw {refuse};",
    )
    said, status = node(folder, "attention.json", limited)
    assert status == 0, said
    assert "refused" in said
    said, status = node(folder, "attention.json", "export function attention() { throw Error(); }")
    assert status == 1
    assert "attention raised Error" in said


def test_nothing_checked_is_no_success(folder):
    said, status = node(folder, "softmax.json", "export const other = 1;")
    assert (status, "nothing was checked" in said) == (2, True)
    said, status = node(folder, "nowhere.json", RIGHT)
    assert (status, "no such file" in said) == (2, True)


def test_a_reader_of_the_files_alone_tells_right_from_wrong(folder):
    index, tensors = read(folder / "attention.json")
    assert not broken(worst(index, tensors, numpy_vectorized))

    class Wrong:
        @staticmethod
        def attention(q, k, v, **options):
            return numpy_vectorized.attention(q, k, v, **{**options, "scale": 1.0})

    assert "values" in broken(worst(index, tensors, Wrong))


def test_what_is_promised_of_the_cases(folder):
    index, tensors = read(folder / "attention.json")
    cases = index["cases"]
    assert len(cases) > 100
    assert {c["function"] for c in cases} == {"attention", "attention_vjp"}
    given = {name for c in cases for name in c["options"]}
    assert given >= {"mask", "is_causal", "scale", "query_offset", "window", "softcap"}
    alone = {*(n for c in cases if c["core"] and len(c["options"]) == 1 for n in c["options"])}
    assert alone >= {"mask", "is_causal", "scale", "softcap"}
    assert any(c["core"] and not c["options"] for c in cases)
    assert {c["law"] for c in cases} == set(index["laws"])
    for case in cases:
        for due in case["expected"].values():
            value, allowed = tensors[due["value"]], tensors[due["allowed"]]
            assert value.shape == allowed.shape
            assert not np.isnan(allowed).any()
            assert (allowed >= 0).all()
    size = sum(path.stat().st_size for path in folder.glob("attention.*"))
    assert size < 20_000_000


def test_the_page_lists_the_keys_of_an_index(folder):
    page = (ROOT / "docs/vectors.md").read_text(encoding="utf-8")
    index, _ = read(folder / "softmax.json")
    for head, told in (("key", index), ("key of a case", index["cases"][0])):
        _, _, table = page.partition(f"| {head} | |\n|---|---|\n")
        rows = re.findall(r"^\| (`.*?) \|", table.partition("\n\n")[0], re.MULTILINE)
        assert [key for row in rows for key in re.findall(r"`(\w+)`", row)] == list(told)


def test_the_files_follow_from_the_seed(folder, tmp_path):
    def tensors(folder):
        return (folder / "softmax.safetensors").read_bytes()

    writing.write("softmax", tmp_path, examples=5)
    index = (folder / "softmax.json").read_text(encoding="utf-8")
    assert (tmp_path / "softmax.json").read_text(encoding="utf-8") == index
    assert tensors(tmp_path) == tensors(folder)
    assert main(["softmax", "--out", str(tmp_path), "--seed", "1", "--examples", "5"]) == 0
    assert tensors(tmp_path) != tensors(folder)


def test_another_reader_reads_the_arrays(folder):
    safetensors = pytest.importorskip("safetensors.numpy")
    _, tensors = read(folder / "softmax.json")
    others = safetensors.load_file(folder / "softmax.safetensors")
    assert set(tensors) == set(others)
    for name, array in tensors.items():
        np.testing.assert_array_equal(array, others[name])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["sofmax"], "unknown operation 'sofmax'; did you mean 'softmax'?"),
        (["softmax", "--dtype", "float8"], "unknown dtype 'float8'"),
        (["softmax", "--trait", "accumulate"], "write NAME=VALUE"),
        (["softmax", "--trait", "colour=red"], "colour"),
    ],
)
def test_what_is_not_known_is_said(tmp_path, capsys, arguments, says):
    assert main([*arguments, "--out", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_16_bit_numbers_are_exact_in_the_file(tmp_path):
    index = writing.write("softmax", tmp_path, dtype="bfloat16", examples=1)
    _, tensors = read(tmp_path / "softmax.json")
    assert index["arithmetic"]["dtype"] == "bfloat16"
    x = tensors[index["cases"][0]["arguments"][0]["tensor"]]
    assert x.dtype == np.float32
    assert not (x.view(np.uint32) & 0xFFFF).any()
    assert json.loads((tmp_path / "softmax.json").read_text())["cases"] == index["cases"]


def test_dicts_numbers_and_several_results_reach_a_function(tmp_path):
    """Of an index written by hand: a dict of parameters, and its gradient as an object."""
    tensors = Tensors()
    two, half = np.array([2.0, 4.0], "<f4"), np.array([1.0, 2.0])
    exact = tensors.add(np.zeros(2))
    due = {"value": tensors.add(half), "allowed": exact}
    call = {
        "case": 0,
        "law": "halves",
        "level": "MUST",
        "function": "halves_vjp",
        "core": True,
        "arguments": [{"tensor": tensors.add(two)}, {"entries": {"w": {"tensor": "2"}}}, 3],
        "options": {"most": {"number": "inf"}, "sides": [1, None]},
        "expected": {"x": due, "params.w": due},
    }
    index = {"schema": 1, "operation": "halves", "data": "halves.safetensors", "cases": [call]}
    (tmp_path / "halves.json").write_text(json.dumps(index), encoding="utf-8")
    (tmp_path / "halves.safetensors").write_bytes(tensors.bytes())
    shutil.copy(Path(writing.__file__).parent / "check.mjs", tmp_path)
    right = """
        export function halves_vjp(x, params, count, { most, sides }) {
          if (count !== 3 || most !== Infinity || sides[1] !== null) throw new Error("arguments");
          const half = ({ data, shape }) => ({ data: data.map((one) => one / 2), shape });
          return [half(x), { w: half(params.w) }];
        }
    """
    said, status = node(tmp_path, "halves.json", right)
    assert status == 0, said
    said, status = node(tmp_path, "halves.json", right.replace("w: half(params.w)", "w: params.w"))
    assert status == 1
    assert "params.w[1] is 4, expected 2" in said or "params.w[0] is 2, expected 1" in said
    said, status = node(
        tmp_path, "halves.json", right.replace("[half(x), ", "[").replace("}];", "}]")
    )
    assert status == 1
    assert "1 results, expected x, params.w" in said
