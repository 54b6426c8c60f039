"""The examples of Elasticsearch's documentation, from `documented/*.yaml`.

Each file names its page. A case has a pipeline, documents, and for each document what the page shows or says:
`source` (and `metadata`, where it changes), `error` (and its `type`, where it is no `illegal_argument_exception` or
`parse_exception`), or `dropped`. `vectors` are fields that hold embeddings, which differ from model to model.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "documented"


@dataclass(frozen=True)
class Documented:
    """One example."""

    page: str
    name: str
    pipeline: dict[str, Any]
    docs: list[dict[str, Any]]
    gives: list[Any]
    pipelines: dict[str, Any]
    endpoint: str | None


def cases() -> list[Documented]:
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        for case in content["cases"]:
            assert len(case["docs"]) == len(case["gives"]), (path, case["name"])
            found.append(
                Documented(
                    content["page"],
                    f"{path.stem}: {case['name']}",
                    case["pipeline"],
                    case["docs"],
                    case["gives"],
                    case.get("pipelines", {}),
                    case.get("endpoint"),
                )
            )
    return found


def check(case: Documented, place: int, shown: Any) -> None:
    """Compares what came of one document, in the shape of `_simulate`, with what the page says."""
    wanted = case.gives[place]
    where = f"{case.page}\n{case.name}, document {place}"
    if wanted == "dropped":
        assert shown is None, where
        return
    assert shown is not None, where
    if "error" in wanted:
        assert "error" in shown, f"{where}\n{shown}"
        assert shown["error"]["reason"] == wanted["error"], where
        if "type" in wanted:
            assert shown["error"]["type"] == wanted["type"], where
        return
    assert "doc" in shown, f"{where}\n{shown}"
    source = dict(shown["doc"]["_source"])
    for field in wanted.get("vectors", ()):
        assert len(source.pop(field)) > 1, where
    assert source == wanted["source"], where
    for key, value in wanted.get("metadata", {}).items():
        assert shown["doc"][key] == value, where
