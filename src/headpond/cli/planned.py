"""How a plan of a run and a trial of a few records look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from headpond.cli import show
from headpond.cli.amounts import counted, duration, money

if TYPE_CHECKING:
    from headpond.pipeline.plan.plan import Plan
    from headpond.pipeline.plan.sampling import Look
    from headpond.pipeline.plan.trial import StageRun, Trial


def show_plan(plan: Plan) -> None:
    """Prints what a run would do."""
    print(f"pipeline {plan.pipeline} on Elasticsearch {plan.version}; nothing was written\n")
    if plan.endpoints:
        rows = [(one.inference_id, one.task_type, one.service, one.state) for one in plan.endpoints]
        show.table(("endpoint", "task", "service", "state"), rows)
        print()
    print(f"index {plan.index}: {_index(plan)}\n")
    if plan.stages:
        show.table(("stage", "does", "if"), [(one.kind, one.does, one.condition or "") for one in plan.stages])
        print()
    if plan.sources:
        show.table(("source", "records", "looked at"), [(one.source, _records(one), _how(one)) for one in plan.sources])
        print()
    facts = list(_facts(plan))
    if facts:
        print("\n".join(facts), end="\n\n")
    if plan.estimates:
        _estimates(plan)
    for problem in plan.problems:
        print(f"\nproblem: {problem}")


def _index(plan: Plan) -> str:
    if plan.fit is None:
        return "does not fit, see below" if plan.problems else "not looked at"
    fields = ", ".join(plan.fit.added)
    if not plan.fit.exists:
        return f"will be made, with the fields {fields}" if fields else "will be made"
    said = f"exists, these fields will be added: {fields}" if fields else "exists and fits"
    return "; ".join((said, *plan.fit.parameters))


def _records(source: Look) -> str:
    if source.records is None:
        return "unknown"
    return f"{source.records:,.0f}" if source.counted else f"about {source.records:,.0f}"


def _how(source: Look) -> str:
    return f"{source.how}, {source.bad:,} cannot be read" if source.bad else source.how


def _facts(plan: Plan) -> Iterator[str]:
    if plan.resume is not None:
        place = plan.resume.settled.place
        at = f", behind line {place.line:,} of source {place.source + 1}" if place is not None else ""
        yield (
            f"resume: an earlier run ({plan.resume.state}, {plan.resume.updated}) settled "
            f"{plan.resume.settled.records:,} records; this one goes on there{at}"
        )
    seen = sum(source.seen for source in plan.sources)
    if plan.unchanged:
        yield f"unchanged: {plan.unchanged:,} of the {seen:,} records looked at cost nothing"
    if plan.dropped:
        yield f"dropped: {plan.dropped:,} of the {seen:,} records looked at are left out by a processor"
    for reason, number in plan.failures.items():
        yield f"would fail: {number:,} of the {seen:,} records looked at: {reason}"


def _estimates(plan: Plan) -> None:
    rows = []
    for one in plan.estimates.values():
        sure = "at least the beginning's share" if one.uncertainty is None else f"± {one.uncertainty:.0%}"
        rows.append(
            (
                one.inference_id,
                f"{one.texts:,.0f}",
                f"{one.again:,.0f}",
                f"{one.tokens:,.0f} {sure}",
                f"{one.requests:,}",
                "unknown" if one.seconds is None else duration(one.seconds),
                "no price" if one.cost is None else money(one.cost, plan.currency),
                one.how,
            )
        )
    show.table(("inference", "texts", "again", "tokens", "requests", "time", "cost", "tokens by"), rows)
    every = plan.total
    sure = "" if every["uncertainty"] is None else f" ± {every['uncertainty']:.0%}"
    cost = "" if every["cost"] is None else f", {money(every['cost'], plan.currency)}"
    print(f"\nin all about {counted(every['tokens'], 'token')}{sure} in {counted(every['requests'], 'request')}{cost}")
    if every["uncertainty"] is None:
        print("only the beginning of a source could be looked at: the rest is taken to be like it")
    if every["seconds"] is None and every["requests"]:
        print(
            "the time is unknown: no rate limit is set; --sample N with --dry-run measures calls for N records "
            "that are not in the cache"
        )


def show_trial(trial: Trial) -> None:
    """Prints a few documents as they would be indexed, and what each stage did to them."""
    for document in trial.documents:
        print(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())
    print()
    show.table(("stage", "records", "did", "texts", "cached", "tokens", "cost", "time"), list(_stages(trial)))
    total = sum(one.tokens for one in trial.spent.values())
    requests = sum(one.requests for one in trial.spent.values())
    cost = "" if trial.cost is None else f", {money(trial.cost, trial.currency)}"
    number = len(trial.documents)
    done = ", ".join((counted(number, "record"), counted(requests, "request"), counted(total, "token")))
    print(f"\n{done}{cost}; nothing was written to the index")


def _stages(trial: Trial) -> Iterator[tuple[str, ...]]:
    for run in trial.stages:
        cost = "" if run.cost is None or not run.texts else money(run.cost, trial.currency)
        yield (
            run.stage.kind,
            str(run.records),
            _did(run) or "nothing",
            str(run.texts or ""),
            str(run.cached or ""),
            str(run.tokens or ""),
            cost,
            duration(run.seconds),
        )


def _did(run: StageRun) -> str:
    names: list[tuple[str, dict[str, Any]]] = [("+", run.added), ("-", run.removed), ("~", run.changed)]
    parts = [f"{sign}{name}" for sign, fields in names for name in fields]
    parts += [f"{run.failed} failed"] if run.failed else []
    parts += [f"{run.dropped} dropped"] if run.dropped else []
    return " ".join(parts)
