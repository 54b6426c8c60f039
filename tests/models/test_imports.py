from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headpond.errors import MissingExtraError
from headpond.models import DenseModel, store
from headpond.models.adding import add
from tests.models.tiny import write_model

HEAVY = ("onnx", "onnxruntime", "tokenizers", "safetensors", "huggingface_hub", "filelock")


def test_importing_the_package_imports_nothing_of_the_extra() -> None:
    code = (
        "import sys; from headpond.models import DenseModel, SparseModel, LateInteraction, pull;"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_listing_models_needs_nothing_of_the_extra(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in HEAVY:
        monkeypatch.setitem(sys.modules, name, None)
    assert store.listing()


def test_a_missing_package_is_named_with_the_line_that_installs_it(
    tiny: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_model(tmp_path / "other", seed=1)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match="needs the package 'onnxruntime'") as caught:
        add("other", tmp_path / "other")
    assert caught.value.hint == "pip install 'headpond[local]'"
    assert not store.present("other")


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import headpond.models

    with pytest.raises(AttributeError, match="no attribute 'DenseModle'"):
        _ = headpond.models.DenseModle
    assert headpond.models.DenseModel is DenseModel
