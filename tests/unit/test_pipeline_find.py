from __future__ import annotations

from pathlib import Path

import pytest

from headpond import mappings
from headpond.errors import InputError, PipelineError
from headpond.pipeline.find import find, names
from headpond.pipeline.load import from_dict, load


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pipeline_of_the_package_is_found_from_anywhere() -> None:
    assert find("quickstart").name == "quickstart.yaml"
    assert load("quickstart").name == "quickstart"


def test_a_pipeline_in_the_working_directory_wins(folder: Path) -> None:
    (folder / "pipelines").mkdir()
    mine = folder / "pipelines" / "quickstart.yaml"
    mine.write_text("description: mine\n")
    assert find("quickstart").resolve() == mine
    assert load("quickstart").description == "mine"
    assert dict(names())["dense"].is_file()


def test_a_path_is_taken_as_it_is(folder: Path) -> None:
    file = folder / "my.yml"
    file.write_text("description: mine\n")
    assert find("my.yml") == Path("my.yml")
    assert find(file) == file
    assert load(file).name == "my"


def test_a_name_that_is_not_there_says_where_it_was_looked_for() -> None:
    with pytest.raises(
        InputError, match=r"unknown pipeline 'hybird', did you mean 'hybrid'\?\n  known: .*looked in .*pipelines"
    ):
        find("hybird")


def test_a_mapping_may_lie_beside_its_pipeline(folder: Path) -> None:
    deep = folder / "deep"
    deep.mkdir()
    (deep / "own.json").write_text('{"mappings": {"properties": {"a": {"type": "keyword"}}}}')
    (deep / "p.yaml").write_text("index: {mapping: own.json}\n")
    assert load(deep / "p.yaml").mapping == {"mappings": {"properties": {"a": {"type": "keyword"}}}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"own\.json:1: is not JSON"),
        ("[]", "an index body is an object"),
        ('{"mapings": {}}', "unknown key 'mapings' in an index body, did you mean 'mappings'"),
        ('{"mappings": []}', r"\[mappings\] is an object"),
    ],
)
def test_a_mapping_that_is_wrong_is_said(folder: Path, text: str, message: str) -> None:
    (folder / "own.json").write_text(text)
    with pytest.raises(InputError, match=message):
        mappings.read(mappings.find("own.json"))
    (folder / "p.yaml").write_text("index:\n  mapping: own.json\n")
    with pytest.raises(PipelineError, match=rf"p\.yaml:2: .*{message}"):
        load("p.yaml")


def test_a_mapping_can_stand_in_the_pipeline() -> None:
    with pytest.raises(PipelineError, match="unknown key 'propertis' in an index body"):
        from_dict({"index": {"mapping": {"propertis": {}}}})


def test_a_pipeline_in_python_is_checked_too() -> None:
    with pytest.raises(PipelineError, match=r"processors\[0\]\.sett: unknown processor 'sett', did you mean 'set'"):
        from_dict({"processors": [{"sett": {}}]})


def test_every_field_of_a_mapping_is_found_by_its_path() -> None:
    inner = {"type": "nested", "properties": {"text": {"type": "text"}}}
    body = {"mappings": {"properties": {"a": {"type": "keyword"}, "passages": inner}}}
    assert mappings.fields(body) == {"a": {"type": "keyword"}, "passages": inner, "passages.text": {"type": "text"}}
