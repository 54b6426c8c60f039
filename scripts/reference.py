"""Writes docs/reference.md from the code: verbs, processors, services and their tests, models, pipelines, routes.

`python scripts/reference.py` writes the page, `--check` says whether it is up to date.
"""

from __future__ import annotations

import inspect
import sys
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from headpond.cli import app
from headpond.models import catalog
from headpond.node import router
from headpond.pipeline import spec
from headpond.pipeline.doctor.causes import CAUSES
from headpond.pipeline.load import load
from headpond.registry import Registry
from headpond.services._known import ELASTICSEARCH_SERVICES
from headpond.services.base import Service
from headpond.stages.ingest import PROCESSORS
from headpond.stages.ingest.base import ProcessorSpec
from headpond.stages.request import REQUEST_PROCESSORS
from headpond.stages.request.base import RequestProcessorSpec
from headpond.stages.response import RESPONSE_PROCESSORS
from headpond.stages.response.base import ResponseProcessorSpec

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.services.case import all_cases  # noqa: E402  (tests are no package of their own)

PAGE = ROOT / "docs" / "reference.md"
SERVICES: Registry[Service] = Registry("service", "headpond.services", Service)  # type: ignore[type-abstract]
STAGES: tuple[tuple[str, Registry[Any], type[BaseModel]], ...] = (
    ("Processors", PROCESSORS, ProcessorSpec),
    ("Request processors", REQUEST_PROCESSORS, RequestProcessorSpec),
    ("Response processors", RESPONSE_PROCESSORS, ResponseProcessorSpec),
)
HEAD = """# Reference

Written from the code by `make docs`; a test fails when it is out of date.
"""


def page() -> str:
    sections = (
        verbs(),
        causes(),
        pipeline_file(),
        stages(),
        support(),
        services(),
        models(),
        pipelines(),
        routes(),
    )
    return HEAD + "".join("\n" + "\n".join(section) + "\n" for section in sections)


def verbs() -> Iterator[str]:
    yield "## Commands\n"
    for name in app.verbs():
        yield f"### headpond {name}\n"
        yield f"```text\n{_help(name)}\n```\n"
    yield "Exit codes: " + inspect.getdoc(app).split("Exit codes: ")[1].replace("\n", " ")  # type: ignore[union-attr]


def _help(verb: str) -> str:
    parser = _parsers(app.build_parser(verb))[verb]
    return "\n\n".join(one.format_help().strip() for one in (parser, *_parsers(parser).values()))


def _parsers(parser: ArgumentParser) -> Mapping[str, ArgumentParser]:
    """Those of its verbs or actions; none where it has none."""
    actions = [action.choices for action in parser._actions if isinstance(action, _SubParsersAction)]
    return actions[0] if actions else {}


def causes() -> Iterator[str]:
    yield "## What headpond doctor tells apart\n"
    yield "| cause | what to do; `ID` is the endpoint |"
    yield "| --- | --- |"
    for cause in CAUSES:
        yield f"| {cause.name} | {_cell(cause.next.format(id='ID'))} |"


def pipeline_file() -> Iterator[str]:
    yield "## The pipeline file\n"
    sections = (spec.EndpointBody, spec.IndexSection, spec.CacheSection, spec.Case, spec.Expectation)
    for model in (spec.PipelineFile, *sections):
        yield f"**{model.__doc__}**\n"
        yield from _options(model)
        yield ""


def stages() -> Iterator[str]:
    for title, registry, shared in STAGES:
        yield f"## {title}\n"
        kinds = {name: registry.get(name) for name in registry.names()}
        yield "Every one has\n"
        yield from _options(shared)
        yield ""
        for name, kind in kinds.items():
            yield f"### {name}\n"
            yield _prose(inspect.getdoc(sys.modules[kind.__module__])) + "\n"
            yield from _options(kind.Spec, without=set(shared.model_fields))
            yield ""


def _options(model: type[BaseModel], without: Iterable[str] = ()) -> Iterator[str]:
    yield "| key | default | meaning |"
    yield "| --- | --- | --- |"
    for name, field in model.model_fields.items():
        if name not in set(without):
            yield f"| `{field.alias or name}` | {_default(field)} | {_cell(field.description or '')} |"


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.default_factory() if field.default_factory is not None else field.default
    return "" if value is PydanticUndefined or value in (None, [], {}, "") else f"`{_cell(str(_plain(value)))}`"


def _plain(value: Any) -> Any:
    return value.model_dump(exclude_defaults=True) if isinstance(value, BaseModel) else value


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _prose(text: str | None) -> str:
    return (text or "").strip()


def support() -> Iterator[str]:
    yield "## Support of services\n"
    yield "What services do here and in Elasticsearch 9.5. What is tested against a stand-in server goes through the"
    yield "matrix of faults too: refused keys, servers that break, hang or talk nonsense. 501 is the answer to"
    yield "what Elasticsearch can and headpond cannot.\n"
    yield "| service | task type | works | streamed | extra | how tested |"
    yield "| --- | --- | --- | --- | --- | --- |"
    kinds = {name: SERVICES.get(name) for name in SERVICES.names()}
    for name in sorted({*kinds, *ELASTICSEARCH_SERVICES}):
        kind = kinds.get(name)
        here = [str(task) for task in kind.task_types] if kind else []
        for task in dict.fromkeys([*here, *ELASTICSEARCH_SERVICES.get(name, ())]):
            if kind is None or task not in here:
                yield f"| `{name}` | {task} | 501 | | | |"
            else:
                extra = f"`{kind.extra}`" if kind.extra else ""
                yield f"| `{name}` | {task} | yes | {_streamed(kind, task)} | {extra} | {_tested(kind, task)} |"


def _streamed(kind: type[Service], task: str) -> str:
    if task not in ("completion", "chat_completion"):
        return ""
    own = kind.stream is not Service.stream if task == "completion" else kind.chat is not Service.chat
    return "yes" if own else "no"


def _tested(kind: type[Service], task: str) -> str:
    ways = [case for case in all_cases() if (case.service, case.task_type) == (kind.name, task)]
    if ways:
        return ", ".join(dict.fromkeys(["stand-in server", *(check for case in ways for check in case.checked)]))
    return "real models" if kind.extra == "local" else "answers by itself"


def services() -> Iterator[str]:
    yield "## Services\n"
    for name in SERVICES.names():
        service = SERVICES.get(name)
        yield f"### {name}\n"
        yield f"Task types: {', '.join(f'`{task}`' for task in service.task_types)}.\n"
        yield _prose(inspect.getdoc(service)) + "\n"


def models() -> Iterator[str]:
    yield "## Local models\n"
    yield "| name | task | dims | MB | licence | from |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for card in catalog.cards().values():
        kinds = ", ".join(dict.fromkeys(source.kind for source in card.sources))
        size = f"{card.size / 1e6:.0f}"
        yield f"| `{card.name}` | {card.task} | {card.dims or ''} | {size} | {card.licence} | {kinds} |"


def pipelines() -> Iterator[str]:
    yield "## Pipelines that come with headpond\n"
    yield "| name | what it does |"
    yield "| --- | --- |"
    for file in sorted((PAGE.parents[1] / "pipelines").glob("*.yaml")):
        yield f"| [`{file.stem}`](../pipelines/{file.name}) | {_cell(load(file).description)} |"


def routes() -> Iterator[str]:
    yield "## What the pond answers\n"
    yield "Other paths are a 400, as there; what Elasticsearch has and the pond lacks is a 501 that names it.\n"
    yield "| route | operation |"
    yield "| --- | --- |"
    router.Router()
    found: dict[str, set[str]] = {}
    for method, path, operation in router._ROUTES:
        namespace = operation.handler.__module__.rpartition(".")[2]
        if namespace != "missing":
            found.setdefault(f"`{namespace}.{operation.handler.__name__}`", set()).add(f"`{method} {path}`")
    for name in sorted(found):
        yield f"| {'<br>'.join(sorted(found[name]))} | {name} |"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == page() else "docs/reference.md is out of date: run `make docs`")
    PAGE.write_text(page())
    print(f"wrote {PAGE.name}")
