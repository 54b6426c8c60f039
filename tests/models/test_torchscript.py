"""TorchScript archives are looked through before torch sees them; what is left runs where torch is installed."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

from headpond.errors import MissingExtraError, ModelError
from headpond.models.torchscript import TorchScript, look_through
from tests.node.trained import needs_torch

MODULE = """\
class Model(Module):
  __parameters__ = []
  def forward(self: __torch__.Model, ids: Tensor, mask: Tensor) -> Tensor:
    return torch.to(ids, 6)
"""


def archive(path: Path, code: str = MODULE, *, twice: bool = False, padding: int = 0) -> Path:
    """An archive laid out as torch writes it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("m/data.pkl", b"")
        file.writestr("m/code/__torch__.py", code)
        if twice:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                file.writestr("m/code/__torch__.py", MODULE)
        file.writestr("m/constants/0", b"\x00" * padding)
    return path


def test_an_archive_that_only_computes_passes(tmp_path: Path) -> None:
    look_through(archive(tmp_path / "m.pt"))  # raises where it finds more


@pytest.mark.parametrize(
    "line",
    [
        'torch.save(ids, "/tmp/x")',
        'x = torch.from_file("/etc/passwd", False, 10)',
        'x = ops.aten.from_file("/etc/passwd", False, 10)',
        'torch . save\t(ids, "/tmp/x")',
    ],
)
def test_code_that_reads_or_writes_files_is_refused(tmp_path: Path, line: str) -> None:
    code = MODULE.replace("    return", f"    {line}\n    return")
    with pytest.raises(ModelError, match=r"uses '(save|from_file)', which reads or writes files: refused"):
        look_through(archive(tmp_path / "m.pt", code))


def test_an_archive_with_two_files_of_one_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds a file twice"):
        look_through(archive(tmp_path / "m.pt", twice=True))


def test_an_archive_that_unpacks_to_much_more_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unpacks to much more than its size"):
        look_through(archive(tmp_path / "m.pt", padding=80 * 1024 * 1024))


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"ptmf" + b"\x00" * 100, b"PK\x03\x04 and no more"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.pt").write_bytes(content)
    with pytest.raises(ModelError, match="the definition is no TorchScript archive"):
        look_through(tmp_path / "m.pt")


def test_another_format_behind_an_archives_end_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.pt")
    path.write_bytes(b"ptmf" + b"\x00" * 60 + path.read_bytes())
    with pytest.raises(ModelError, match="the definition is no TorchScript archive"):
        look_through(path)


def test_without_torch_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError) as caught:
        TorchScript(archive(tmp_path / "m.pt"))
    assert caught.value.hint == "pip install 'headpond[torch]'"


def scripted(folder: Path, body: str) -> Path:
    """A module whose `forward` is this code, as torch scripts and saves it."""
    import importlib.util

    import torch

    source = folder / "module.py"
    source.write_text(f"import torch\nclass M(torch.nn.Module):\n    def forward(self, ids, mask):\n        {body}\n")
    spec = importlib.util.spec_from_file_location("module", source)
    assert spec is not None
    module: Any = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls its own format deprecated
        torch.jit.save(torch.jit.script(module.M()), str(folder / "m.pt"))
    return folder / "m.pt"


@pytest.mark.torch
def test_a_model_gets_as_many_inputs_as_it_takes(tmp_path: Path) -> None:
    needs_torch()
    model = TorchScript(scripted(tmp_path, "return (ids * 2 + mask).float()"))
    assert model.run([1, 2, 3], [0, 0, 0]).tolist() == [3, 5, 7]


@pytest.mark.torch
def test_a_real_model_that_writes_a_file_is_refused_and_writes_none(tmp_path: Path) -> None:
    needs_torch()
    path = scripted(tmp_path, f"torch.save(ids, {str(tmp_path / 'written')!r}); return ids.float()")
    with pytest.raises(ModelError, match="uses 'save'"):
        TorchScript(path)
    assert not (tmp_path / "written").exists()


@pytest.mark.torch
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return ids[0, 0]", "not a tensor with an axis for texts"),
        ("return torch.ones(2, 3)[ids[0, 0] + 5]", r"Error in inference process: \[.*out of (range|bounds)"),
    ],
)
def test_a_model_that_fails_says_how(tmp_path: Path, body: str, problem: str) -> None:
    needs_torch()
    with pytest.raises(ModelError, match=problem):
        TorchScript(scripted(tmp_path, body)).run([1], [0])
