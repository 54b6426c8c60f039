"""What a pond keeps is its owner's alone."""

import os
import stat
from pathlib import Path

from headpond.node import Node


def test_the_folder_of_a_pond_is_its_owners(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        Node(tmp_path / "a" / "pond").close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a" / "pond").stat().st_mode) == 0o700
