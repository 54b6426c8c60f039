"""Answers of a real Elasticsearch, kept in files beside the tests that ask for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headpond.testing.compare import SCORE_REL, Json, differences
from headpond.testing.scrub import Scrubber

WIDTH = 120


class Recordings:
    """The file of recorded answers of one test module: `{elasticsearch, date, answers: {test: {name: answer}}}`.

    Args:
        path: the JSON file; it need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        self.version: str | None = kept.get("elasticsearch")
        self.answers: dict[str, dict[str, Json]] = kept.get("answers", {})

    def save(self, version: str) -> None:
        """Writes the file, sorted, so that a change of one answer is a change of its lines only."""
        body = {
            "elasticsearch": version,
            "date": datetime.now(UTC).date().isoformat(),
            "answers": {test: self.answers[test] for test in sorted(self.answers)},
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(_lay_out(body) + "\n")


class Recorded:
    """Compares the answers of one test with the recorded ones, or records them.

    Args:
        recordings: the module's file.
        test: name of the test with its parameters.
        record: keep the answers instead of comparing them.
    """

    def __init__(self, recordings: Recordings, test: str, *, record: bool) -> None:
        self._recordings = recordings
        self._test = test
        self._record = record
        self._scrubber = Scrubber()
        if record:
            recordings.answers[test] = {}

    def __call__(self, name: str, answer: Any, *, score_rel: float = SCORE_REL) -> None:
        """Checks `answer` against the one recorded as `name`.

        Args:
            name: the answer's name, unique in its test.
            answer: a client's response object or plain JSON values.
            score_rel: relative tolerance of scores.

        Raises:
            AssertionError: the answers differ (every place is listed), or nothing was recorded.
        """
        got = self._scrubber.scrub(json.loads(json.dumps(getattr(answer, "body", answer))))
        kept = self._recordings.answers.get(self._test, {})
        if self._record:
            if name in kept:
                raise AssertionError(f"{self._test} records {name!r} twice")
            kept[name] = got
            return
        if name not in kept:
            raise AssertionError(f"no answer {name!r} of {self._test} in {self._recordings.path}: record it")
        found = differences(got, kept[name], score_rel=score_rel)
        if found:
            listed = "\n  ".join(found)
            raise AssertionError(f"{name!r} is not what Elasticsearch {self._recordings.version} answered:\n  {listed}")


def _lay_out(value: Json, indent: str = "") -> str:
    """JSON in which whatever fits on a line stays on it."""
    short = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(short) <= WIDTH or not isinstance(value, dict | list) or not value:
        return short
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key, ensure_ascii=False)}: {_lay_out(one, deeper)}" for key, one in value.items()]
        opening, closing = "{}"
    else:
        parts = [_lay_out(one, deeper) for one in value]
        opening, closing = "[]"
    return opening + "\n" + ",\n".join(deeper + part for part in parts) + "\n" + indent + closing
