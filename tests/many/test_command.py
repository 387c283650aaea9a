"""seqlaws-check: exit statuses, shards, and what is said."""

import pytest

from seqlaws.properties.many.__main__ import main
from seqlaws.properties.runner.shards import shard_of


def test_the_shards_are_all_of_it_and_nothing_twice():
    items = list(range(11))
    parts = [shard_of(f"{k}/4").part(items) for k in (1, 2, 3, 4)]
    assert sorted(item for part in parts for item in part) == items
    assert {len(part) for part in parts} == {2, 3}


@pytest.mark.parametrize("text", ["", "3", "0/3", "4/3", "a/b", "-1/3", "1/0", "1/2/3"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(ValueError, match="write K/N"):
        shard_of(text)


@pytest.mark.slow
def test_the_command_goes_on_and_its_status_says_the_outcome(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names").write_text("nowhere_1.py\nnowhere_2.py\nnowhere_3.py\n", encoding="utf-8")
    common = ["@names", "--examples", "1", "--workers", "1"]
    assert main([*common, "--shard", "1/2"]) == 1
    assert "2 failed in verdicts.jsonl" in capsys.readouterr().out
    assert main(common) == 1
    said = capsys.readouterr().out
    assert said.count("no file") == 1  # nothing is judged twice
    assert "3 failed" in said
    assert main([*common, "--seed", "1"]) == 2
    assert "judged with seed = 0, now 1" in capsys.readouterr().err
    assert main([*common, "--shard", "5/2"]) == 2
    assert "write K/N" in capsys.readouterr().err
    assert main([*common, "--into", "."]) == 2
    assert "cannot be written" in capsys.readouterr().err
