from pathlib import Path

import pytest

from headpond.errors import PipelineError
from headpond.pipeline import yaml_file


def test_every_value_has_its_line() -> None:
    data, where = yaml_file.parse("a: 1\nb:\n  - c: x\n    d:\n      - y\n", "p.yaml")
    assert data == {"a": 1, "b": [{"c": "x", "d": ["y"]}]}
    assert str(where.at("b", 0, "c")) == "p.yaml:3"
    assert str(where.at("b", 0, "d", 0)) == "p.yaml:5"
    assert where.at("b", 0, "d").path == "b[0].d"


def test_a_place_without_a_line_takes_that_of_the_place_above() -> None:
    _, where = yaml_file.parse("a:\n  b: {}\n", "p.yaml")
    assert str(where.at("a", "b", "missing")) == "p.yaml:2"


def test_dates_stay_text() -> None:
    assert yaml_file.parse("day: 2026-01-31\n", "p.yaml")[0] == {"day": "2026-01-31"}


def test_an_anchor_can_be_used_twice() -> None:
    assert yaml_file.parse("a: &x [1]\nb: *x\n", "p.yaml")[0] == {"a": [1], "b": [1]}


LAUGHS = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9)
)

WRONG = {
    "a: 1\na: 2\n": r"p\.yaml:2: the key 'a' is there twice",
    "a: [1\n": r"p\.yaml:2: is not YAML",
    "a: 1\n\tb: 2\n": r"p\.yaml:2: is not YAML",
    "- a\n": r"p\.yaml:1: a pipeline is an object",
    "": r"p\.yaml:1: a pipeline is an object",
    "a: 1\n1: b\n": r"p\.yaml:2: a key must be text; quote it: '1'",
    "a: !!python/object/apply:os.system [ls]\n": r"p\.yaml:1: the tag .*os\.system is not allowed",
    "a: !custom x\n": r"p\.yaml:1: the tag !custom is not allowed",
    "a: !!binary aGk=\n": r"p\.yaml:1: the tag !!binary is not allowed",
    "a: &x {b: 1}\nc:\n  <<: *x\n": r"p\.yaml:3: merge keys",
    LAUGHS: r"p\.yaml:\d+: is too large or too deep",
    "a: &a\n  b: *a\n": r"p\.yaml:\d+: is too large or too deep",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items(), ids=range(len(WRONG)))
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        yaml_file.parse(text, "p.yaml")


def test_a_file_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"a: 1\nb: \xff\n")
    with pytest.raises(PipelineError, match=r"p\.yaml:2: is not UTF-8"):
        yaml_file.read(file)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="cannot be read: Is a directory"):
        yaml_file.read(tmp_path)
