"""JUnit XML, which CI systems show: a test case for each metric, failed where the build is to fail.

Source of the format: the XSD of Jenkins' xunit plugin (junit-10.xsd): `testsuites` > `testsuite` > `testcase` >
`failure`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from headpond.errors import InputError
from headpond.evaluation.evaluation import Evaluation

# Characters that XML 1.0 cannot hold.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(
    found: Evaluation, path: str | Path, gate: Sequence[str] = (), limits: Mapping[str, float] | None = None
) -> None:
    """Writes the verdicts.

    Args:
        found: what was evaluated.
        path: where to.
        gate: the metrics that decide; the first one when empty.
        limits: what metrics must reach.

    Raises:
        InputError: the file cannot be written.
    """
    suite = Xml.Element("testsuite", name=_clean(f"headpond evaluate {found.run.name}"))
    deciding = {found.metrics[0].name} if not gate else {found.difference(name).metric for name in gate}
    for metric, value in zip(found.metrics, found.values, strict=True):
        told = f"{metric.name} {value.mean:.4f}, 95 % interval {value.low:.4f} to {value.high:.4f}"
        case = _case(suite, found, metric.name)
        if found.differences:
            one = found.difference(metric.name)
            told += (
                f"; {one.interval.mean:+.4f} ({one.interval.low:+.4f} to {one.interval.high:+.4f}) against "
                f"{found.against.name if found.against else ''}: {one.verdict}"
            )
            lost = found.losses([metric.name]) if metric.name in deciding else []
            if lost:
                _fail(case, lost[0], _worst(found, metric.name))
        Xml.SubElement(case, "system-out").text = _clean(told)
    for name, limit in (limits or {}).items():
        case = _case(suite, found, f"{name} >= {limit:g}")
        for line in found.below({name: limit}):
            _fail(case, line, "")
    failures = len(suite.findall("./testcase/failure"))
    times = sum(found.run.seconds.values())
    counts = {
        "tests": str(len(suite)),
        "failures": str(failures),
        "errors": "0",
        "skipped": "0",
        "time": f"{times:.3f}",
    }
    suite.attrib |= counts
    root = Xml.Element("testsuites")
    root.append(suite)
    Xml.indent(root)
    try:
        Xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise InputError(f"the JUnit file cannot be written: {error.strerror}", where=str(path)) from None


def _case(suite: Xml.Element, found: Evaluation, name: str) -> Xml.Element:
    return Xml.SubElement(
        suite, "testcase", classname=_clean(f"headpond.{found.run.name}"), name=_clean(name), time="0"
    )


def _fail(case: Xml.Element, message: str, text: str) -> None:
    Xml.SubElement(case, "failure", message=_clean(message), type="loss").text = _clean(text)


def _worst(found: Evaluation, metric: str) -> str:
    """The queries that lost most."""
    lost = [change for change in found.changes(metric) if change.difference < 0][:10]
    return "\n".join(f"{one.query}: {one.old:.4f} -> {one.new:.4f} {one.text}" for one in lost)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
