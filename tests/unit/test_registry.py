import sys
from pathlib import Path

import pytest

from headpond.errors import UnknownNameError
from headpond.registry import Registry


class Animal:
    pass


@pytest.fixture
def animals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Animal]:
    package = tmp_path / "zoo"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "base.py").write_text("raise RuntimeError('base is no animal')")
    (package / "cat.py").write_text(f"from {__name__} import Animal\nclass Cat(Animal): pass\n")
    (package / "sea__lion_cub.py").write_text(f"from {__name__} import Animal\nclass Cub(Animal): pass\n")
    (package / "dog.py").write_text("raise RuntimeError('imported too early')")
    (package / "two.py").write_text(f"from {__name__} import Animal\nclass A(Animal): pass\nclass B(Animal): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "zoo"]:
        monkeypatch.delitem(sys.modules, name)
    return Registry("animal", "zoo", Animal)


def test_a_file_is_found_by_its_name(animals: Registry[Animal]) -> None:
    assert animals.get("cat").__name__ == "Cat"


def test_names_are_listed_without_importing_anything(animals: Registry[Animal]) -> None:
    assert animals.names() == ["cat", "dog", "sea-lion_cub", "two"]
    assert "dog" in animals
    assert "zoo.dog" not in sys.modules


def test_two_underscores_in_a_files_name_are_a_hyphen(animals: Registry[Animal]) -> None:
    assert animals.get("sea-lion_cub").__name__ == "Cub"
    assert "sea__lion_cub" not in animals


def test_an_unknown_name_is_answered_with_the_nearest(animals: Registry[Animal]) -> None:
    with pytest.raises(UnknownNameError, match="unknown animal 'cats', did you mean 'cat'") as caught:
        animals.get("cats", where="farm.yaml:2")
    assert caught.value.where == "farm.yaml:2"


def test_a_file_must_hold_exactly_one_thing(animals: Registry[Animal]) -> None:
    with pytest.raises(TypeError, match="must define one Animal, it defines 2"):
        animals.get("two")
