"""What a dry run says: the plan, and how near its estimate is to what the run then needs."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path

import numpy as np
import orjson
import pytest
from elasticsearch import Elasticsearch

from headpond.demo import standard_library
from headpond.errors import InputError
from headpond.models import store
from headpond.models.counting import token_counter
from headpond.pipeline import IngestStoppedError, Pipeline
from headpond.pipeline.budget import BudgetSpentError
from headpond.pipeline.job import JobSettings
from headpond.pipeline.load import from_dict
from headpond.pipeline.pace.settings import Pace
from headpond.pipeline.plan import sampling, survey
from headpond.pipeline.plan.counting import by_letters, counter
from headpond.pipeline.plan.estimate import relative_error
from headpond.pipeline.plan.plan import DIFFERS, EXISTS, MADE
from headpond.pipeline.plan.trial import shortened
from tests.pipeline.conftest import Build
from tests.pipeline.pipelines import QUICK, RECORDS, SETTINGS, fake, standard

MODEL = "all-minilm-l6-v2"
DENSE = [{"inference": {"model_id": "dense", "input_output": {"input_field": "body", "output_field": "dense"}}}]
WORDS = [
    "river",
    "mill",
    "wheel",
    "corn",
    "flour",
    "water",
    "dam",
    "turbine",
    "intake",
    "headpond",
    "spillway",
    "penstock",
]


def generated(number: int, longest: int, seed: int = 1) -> list[dict[str, object]]:
    """Records whose texts get longer towards the end."""
    chance = random.Random(seed)
    return [
        {
            "_id": str(place),
            "body": " ".join(chance.choices(WORDS, k=1 + chance.randrange(2 + longest * place // number)))
            + f" {place}",
        }
        for place in range(number)
    ]


def within(share: float, estimate: float, real: int | None) -> bool:
    assert real
    return abs(estimate - real) <= share * real


def test_a_plan_writes_nothing_and_asks_no_endpoint(es: Elasticsearch, build: Build, tmp_path: Path) -> None:
    plan = build().plan(RECORDS)
    assert [(one.inference_id, one.state) for one in plan.endpoints] == [
        ("dense", MADE), ("sparse", MADE), ("order", MADE),
    ]  # fmt: skip
    assert plan.fit is not None
    assert (plan.fit.exists, plan.fit.added) == (False, ["dense", "sparse"])
    assert plan.records == 3
    assert [one["inference_id"] for one in es.inference.get()["endpoints"] if one["service"] == "fake"] == []
    assert list(es.indices.get(index="*", expand_wildcards="all")) == []
    assert list(tmp_path.rglob("*.sqlite")) == []


def test_a_plan_of_what_is_there_says_so(build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    plan = build().plan([*RECORDS, {"_id": "new", "body": "five words that are new"}])
    assert {one.state for one in plan.endpoints} == {EXISTS}
    assert plan.fit is not None
    assert (plan.fit.exists, plan.fit.added, plan.problems) == (True, [], [])
    assert (plan.unchanged, plan.estimates["dense"].texts, plan.estimates["dense"].tokens) == (3, 1, 5)
    assert orjson.loads(orjson.dumps(plan.to_json())) == plan.to_json()


def test_what_is_in_the_cache_costs_nothing_in_another_index(build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    plan = build().plan(RECORDS, index="others")
    assert (plan.estimates["dense"].texts, plan.estimates["dense"].again) == (0, 3)
    assert plan.total["requests"] == 0


def test_what_does_not_fit_is_a_problem(es: Elasticsearch, build: Build) -> None:
    build().ingest(RECORDS, settings=SETTINGS)
    other = {**standard()["endpoints"], "dense": fake("text_embedding", dimensions=8)}
    plan = build(endpoints=other).plan(RECORDS)
    assert plan.endpoints[0].state == DIFFERS
    assert "dimensions is 16 there and 8 in the file" in plan.problems[0]
    es.indices.create(index="texts", mappings={"properties": {"dense": {"type": "text"}}})
    assert any("[dense] is of type text" in problem for problem in build().plan(RECORDS, index="texts").problems)
    unknown = [{"inference": {"model_id": "nobody", "input_output": {"input_field": "body", "output_field": "v"}}}]
    assert "neither there nor declared" in build(processors=unknown, search=None).plan(RECORDS).problems[0]


def test_records_that_will_fail_are_counted_with_the_reason(build: Build) -> None:
    plan = build().plan([*RECORDS, {"_id": "empty"}, {"_id": "", "body": "x"}])
    assert sorted(plan.failures.values()) == [1, 1]
    assert any("field [body]" in reason for reason in plan.failures)


def test_the_same_text_is_estimated_once(build: Build) -> None:
    plan = build(processors=DENSE).plan([{"body": "three same words", "n": n} for n in range(100)])
    assert (plan.estimates["dense"].tokens, plan.estimates["dense"].again) == (3, 99)


def test_costs_and_times_come_from_prices_and_rate_limits(build: Build) -> None:
    pipeline = build(processors=DENSE, prices={"dense": {"per_million_tokens": 1000, "per_thousand_requests": 500}})
    settings = JobSettings(pace=Pace(requests_per_minute=60, inputs=10, retry=QUICK))
    one = pipeline.plan(generated(100, 20), settings=settings).estimates["dense"]
    assert one.requests == 10
    assert one.seconds == pytest.approx(10)
    assert one.cost == pytest.approx(one.tokens / 1000 + 5)


def test_a_sample_measures_time(build: Build) -> None:
    one = build(processors=DENSE).plan(generated(200, 20), sample=20).estimates["dense"]
    assert one.seconds is not None
    assert one.seconds > 0
    assert one.how == "the endpoint's own count of the sample"


def test_an_earlier_run_that_ended_early_is_found(build: Build, tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in generated(300, 10)))
    settings = JobSettings(pace=SETTINGS.pace, retry=QUICK, window=50, workers=1, max_tokens=500)
    with pytest.raises(IngestStoppedError, match="limit of 500 tokens"):
        build(processors=DENSE).ingest(str(file), settings=settings)
    plan = build(processors=DENSE).plan(str(file))
    assert plan.resume is not None
    assert plan.resume.state == "stopped"
    assert plan.resume.settled.records > 0


# -- F11: tokens within 5 % on three corpora


def test_tokens_of_generated_records_that_are_counted(build: Build) -> None:
    records = generated(1500, 80)
    plan = build(processors=DENSE).plan(records)
    report = build(processors=DENSE).ingest(records, settings=SETTINGS)
    assert within(0.001, plan.total["tokens"], report.inference.tokens)


def test_tokens_of_a_large_file_from_places_spread_over_it(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "large.jsonl"
    file.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in generated(6000, 60)))
    monkeypatch.setattr(sampling, "LOOK_BYTES", 100_000)
    monkeypatch.setattr(sampling, "SPREAD_BYTES", 250_000)
    plan = build(processors=DENSE).plan(str(file))
    assert plan.sources[0].how.endswith("records at 25 places")
    assert plan.sources[0].seen < 2000
    assert plan.records == pytest.approx(6000, rel=0.05)
    one = plan.estimates["dense"]
    report = build(processors=DENSE).ingest(str(file), settings=SETTINGS)
    assert within(0.05, one.tokens, report.inference.tokens)
    assert one.uncertainty is not None
    assert within(max(one.uncertainty, 0.01), one.tokens, report.inference.tokens)


@pytest.mark.models
def test_tokens_of_the_standard_library_by_the_models_own_tokenizer(
    es: Elasticsearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEADPOND_HOME")
    if not store.present(MODEL):
        pytest.skip(f"the model {MODEL} is not here: headpond models pull {MODEL}")
    endpoint = {"task_type": "text_embedding", "service": "elasticsearch",
                "service_settings": {"model_id": MODEL, "num_allocations": 1, "num_threads": 1}}  # fmt: skip
    spec = from_dict({"endpoints": {"dense": endpoint}, "processors": DENSE}, name="library")
    records = list(islice(standard_library.records(), 0, 6000, 40))
    monkeypatch.setattr(survey, "KEPT", 60)
    plan = Pipeline(spec, es, tokenizers=token_counter).plan(records, settings=JobSettings(use_cache=False))
    assert plan.estimates["dense"].how == "the model's tokenizer"
    monkeypatch.setattr(survey, "KEPT", 5000)
    counted = Pipeline(spec, es, tokenizers=token_counter).plan(records, settings=JobSettings(use_cache=False))
    report = Pipeline(spec, es).ingest(records, settings=JobSettings(use_cache=False))
    assert report.inference.tokens is not None
    assert within(0.01, counted.total["tokens"], report.inference.tokens)
    sure = plan.estimates["dense"].uncertainty
    assert sure is not None
    assert within(2 * sure, plan.total["tokens"], report.inference.tokens)


# -- the parts


def test_only_the_beginning_of_an_endless_source_is_looked_at(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "LOOK", 50)
    plan = build(processors=DENSE).plan({"body": f"text {n}"} for n in range(10_000))
    assert (plan.sources[0].seen, plan.sources[0].records, plan.records) == (50, None, None)
    assert plan.estimates["dense"].uncertainty is None


def test_letters_stand_for_tokens_where_there_is_no_tokenizer() -> None:
    english = "The water of the river turns the wheel of the mill, and the wheel grinds the corn. " * 10
    # 20 tokens a sentence in the vocabularies cl100k and o200k.
    assert 150 < by_letters(english) < 250
    assert by_letters("水は川を流れる" * 10) > 60
    made = counter({"service": "openai"}, None)
    assert (made.count(["", "word"]), made.uncertainty) == ([1, 1], 0.2)


def test_the_error_of_a_ratio_is_none_where_all_are_alike_and_large_where_they_are_not() -> None:
    assert relative_error([4] * 100, [16] * 100) == 0
    assert relative_error([1, 100] * 2, [16] * 4) > 0.3
    assert relative_error([5], [5]) == 1.0


def test_vectors_are_shown_short() -> None:
    assert shortened(np.arange(384, dtype=np.float32)) == "[0.0, 1.0, 2.0, 3.0, … 384 numbers]"
    shown = shortened({"sparse": {f"t{n}": float(n) for n in range(30)}, "body": "a" * 500, "n": [1, 2]})
    assert shown["sparse"] == "{t29: 29, t28: 28, t27: 27, t26: 26, … 30 tokens}"
    assert shown["body"].endswith("… (500 letters)")
    assert shown["n"] == [1, 2]


def test_a_trial_shows_documents_and_stages_and_leaves_the_index_alone(es: Elasticsearch, build: Build) -> None:
    processors = [{"set": {"field": "new", "value": 1}}, *standard()["processors"], {"remove": {"field": "title"}}]
    prices = {"dense": {"per_million_tokens": 100}}
    trial = build(processors=processors, prices=prices).sample([*RECORDS, {"title": "no body"}], number=4)
    assert [document["_id"] for document in trial.documents[:3]] == ["mill", "dam", "cat"]
    shown = trial.documents[0]["document"]
    assert shown["new"] == 1
    assert shown["dense"].endswith("… 16 numbers]")
    assert "title" not in shown
    assert "field [body]" in trial.documents[3]["failed"]
    made = [(run.stage.kind, run.records, run.texts, run.failed) for run in trial.stages]
    assert made == [("set", 4, 0, 0), ("inference", 4, 3, 1), ("inference", 3, 3, 0), ("remove", 3, 0, 0)]
    assert trial.stages[0].added == {"new": 4}
    assert trial.stages[3].removed == {"title": 3}
    assert trial.stages[1].cost == pytest.approx(trial.stages[1].tokens * 1e-4)
    assert not es.indices.exists(index="things")
    assert orjson.loads(orjson.dumps(trial.to_json())) == trial.to_json()


def test_the_run_does_not_pay_again_for_the_sample(build: Build) -> None:
    build().sample(RECORDS, number=3)
    assert build().ingest(RECORDS, settings=SETTINGS).inference.requests == 0


def test_a_trial_keeps_the_limits(build: Build) -> None:
    with pytest.raises(BudgetSpentError, match="limit of 3 tokens"):
        build().sample(RECORDS, number=3, settings=JobSettings(max_tokens=3))
    with pytest.raises(InputError, match="no such file"):
        build().sample("nowhere.jsonl", number=3)
