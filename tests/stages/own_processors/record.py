"""Asks Elasticsearch's own processors, and keeps what they answer: `python -m tests.stages.own_processors.record`.

They are those of 7.10.2, the last version under the Apache License, taken from Maven Central and run without a node.
Needs a JDK (21 or later, for its way to print numbers) and Maven.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.stages.own_processors.questions import questions

HERE = Path(__file__).parent
ANSWERS = HERE / "answers.jsonl"
METADATA = {"_index": "_index", "_type": "_doc", "_id": "_id", "_version": -3}
"""What documents have whose metadata no processor changed."""


def main() -> int:
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        print("a JDK and Maven are needed")
        return 1
    with TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "config").mkdir()
        copy = [
            "mvn",
            "-q",
            "-B",
            "-f",
            str(HERE / "pom.xml"),
            "dependency:copy-dependencies",
            f"-DoutputDirectory={home}/lib",
        ]
        subprocess.run(copy, check=True)
        subprocess.run(
            ["javac", "-nowarn", "-cp", f"{home}/lib/*", "-d", str(home), str(HERE / "Answers.java")], check=True
        )
        asked = "".join(json.dumps({"pipeline": pipeline, "docs": docs}) + "\n" for pipeline, docs in questions())
        command = ["java", "-cp", f"{home}:{home}/lib/*", "Answers", str(home)]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    pairs = zip(questions(), done.stdout.splitlines(), strict=True)
    lines = [json.dumps(shortened(json.loads(line), docs), ensure_ascii=False) for (_, docs), line in pairs]
    ANSWERS.write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} pipelines answered")
    return 0


def shortened(answer: Any, docs: list[dict[str, Any]]) -> Any:
    """The answers of one pipeline: for each document what came of it, `[type, reason]` of an error, `=` for nothing."""
    if "error" in answer:
        return [answer["error"]["type"], answer["error"]["reason"]]
    return {"docs": [_one(found, doc) for found, doc in zip(answer["docs"], docs, strict=True)]}


def _one(found: Any, given: dict[str, Any]) -> Any:
    if "error" in found:
        return [found["error"]["type"], found["error"]["reason"]]
    made = {key: value for key, value in found["doc"].items() if METADATA.get(key) != value}
    same = json.dumps(made, sort_keys=True) == json.dumps(given, sort_keys=True)
    return "=" if same else made


if __name__ == "__main__":
    sys.exit(main())
