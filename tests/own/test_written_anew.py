"""A specification that is changed and read again in one process."""

from seqlaws.properties.misreadings.edits import HOME, statements
from seqlaws.properties.misreadings.generated import generated
from seqlaws.properties.own.adding import add_file, remove

TEXT = """
from seqlaws import operation

@operation(x="... E", returns="... E")
def bent_twice(x):
    return {}
"""


def test_its_misreadings_are_of_the_new_source(tmp_path):
    path = tmp_path / "bent.py"
    found = {}
    for body in ("x * x + 1", "x - 2 * x"):
        path.write_text(TEXT.format(body), encoding="utf-8")
        try:
            (name,) = add_file(path)
            assert body in statements(HOME[name])[name]
            found[body] = {one.name for one in generated(name, differentiable=True)}
        finally:
            remove(["bent_twice"])
    assert "`2 * x` left out of `x - 2 * x`" in found["x - 2 * x"] - found["x * x + 1"]
