"""The searches of an `_msearch` pass through side by side and travel together."""

import threading
from typing import Any

import pytest
from elastic_transport import TransportApiResponse
from elasticsearch import BadRequestError, Elasticsearch

import headpond
from headpond.hooked.meeting import Meeting
from tests.hooked.conftest import QUERY, RERANK, RRF, ids


class Counting:
    """A transport that writes down what passes it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.asked: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def perform_request(self, method: str, target: str, **options: Any) -> TransportApiResponse:
        self.asked.append((target, options.get("body")))
        answer: TransportApiResponse = self.inner.perform_request(method, target, **options)
        return answer

    def searches(self) -> list[Any]:
        return [body for target, body in self.asked if "search" in target]


@pytest.fixture
def counting(es: Elasticsearch) -> Counting:
    return Counting(es.transport)


@pytest.fixture
def hooked(counting: Counting) -> Elasticsearch:
    return headpond.hook(Elasticsearch(_transport=counting), RERANK)


def test_searches_travel_in_one_request_in_their_order(hooked: Elasticsearch, counting: Counting) -> None:
    searches = [
        {"index": "docs"}, {"query": QUERY, "size": 1},
        {"index": "docs"}, {"query": QUERY, "from": 1},
        {"index": "docs"}, {"size": 0, "query": QUERY},
    ]  # fmt: skip
    answers = hooked.msearch(searches=searches)["responses"]
    assert [ids(answer) for answer in answers] == [["2"], ["1"], []]
    assert [answer["status"] for answer in answers] == [200, 200, 200]
    (lines,) = counting.searches()
    assert [line.get("size") for line in lines[1::2]] in ([10, 11, 0], [0, 10, 11])


def test_legs_of_all_searches_travel_together_too(es: Elasticsearch, counting: Counting) -> None:
    hooked = headpond.hook(Elasticsearch(_transport=counting), {})
    text = {"text_similarity_reranker": {
        "retriever": {"standard": {"query": QUERY}}, "field": "body", "inference_id": "ranker",
        "inference_text": "water mill", "rank_window_size": 10,
    }}  # fmt: skip
    searches = [{}, {"retriever": text, "size": 2}, {}, {"query": QUERY}, {}, {"retriever": text, "size": 1}]
    answers = hooked.msearch(index="docs", searches=searches)["responses"]
    assert [ids(answer) for answer in answers] == [["2", "1"], ["1", "2"], ["2"]]
    (lines,) = counting.searches()
    assert len(lines) == 6


def test_compound_and_plain_searches_answer_as_alone(hooked: Elasticsearch) -> None:
    bodies: list[dict[str, Any]] = [
        {"retriever": RRF, "size": 10},
        {"query": QUERY},
        {"query": QUERY, "sort": ["_doc"]},
    ]
    lines = [line for body in bodies for line in ({"index": "docs"}, body)]
    together = hooked.msearch(searches=lines)["responses"]
    alone = [hooked.search(index="docs", body=body) for body in bodies]
    assert [ids(answer) for answer in together] == [ids(answer) for answer in alone]


def test_errors_stay_with_their_searches(es: Elasticsearch, hooked: Elasticsearch) -> None:
    searches = [
        {"index": "missing"}, {"query": QUERY},
        {"index": "docs"}, {"query": QUERY},
        {"index": "docs"}, {"query": QUERY, "from": 20_000},
        {"index": "missing"}, {"retriever": RRF, "size": 10},
        {"index": "docs"}, {"query": QUERY, "ext": {"headpond": 1}},
        {"index": "docs"}, {"retriever": {"rrf": {"retriever": []}}},
    ]  # fmt: skip
    answers = hooked.msearch(searches=searches)["responses"]
    assert [answer["status"] for answer in answers] == [404, 200, 400, 404, 400, 400]
    plain = es.msearch(searches=searches[:6])["responses"]
    assert [answers[0], answers[2]] == [plain[0], plain[2]]
    assert ids(answers[1]) == ["2", "1"]


def test_what_no_search_may_do_is_one_error(es: Elasticsearch, hooked: Elasticsearch) -> None:
    errors = []
    for client in (es, hooked):
        with pytest.raises(BadRequestError) as caught:
            client.msearch(searches=[{"indexx": "docs"}, {"query": QUERY}, {"index": "docs"}, {"query": QUERY}])
        errors.append(caught.value.body)
    assert errors[0] == errors[1]


def test_an_msearch_without_anything_to_do_goes_through(hooked: Elasticsearch, counting: Counting) -> None:
    searches = [{"index": "docs"}, {"query": QUERY, "size": 0}]
    hooked.msearch(searches=searches)
    assert counting.searches()[0] is searches


def test_many_searches_are_all_answered(hooked: Elasticsearch, counting: Counting) -> None:
    searches = 300 * [{"index": "docs"}, {"query": QUERY}]
    answers = hooked.msearch(searches=searches)["responses"]
    assert [ids(answer) for answer in answers] == 300 * [["2", "1"]]
    assert not any("degraded" in answer for answer in answers)
    assert len(counting.searches()) == 2


def test_filter_path_and_plain_totals(hooked: Elasticsearch) -> None:
    searches = [{"index": "docs"}, {"query": QUERY}, {"index": "docs"}, {"retriever": RRF, "size": 10}]
    answer = hooked.msearch(
        searches=searches, filter_path="responses.hits.hits._id,responses.hits.total", rest_total_hits_as_int=True
    )
    assert [one["hits"]["total"] for one in answer["responses"]] == [2, 2]
    assert set(answer["responses"][0]["hits"]) == {"hits", "total"}


def test_a_meeting_goes_on_when_members_leave_or_fail() -> None:
    sent: list[int] = []

    def send(pairs: list[Any]) -> list[dict[str, Any]]:
        sent.append(len(pairs))
        if ("bad", 0) in pairs:
            raise KeyError("bad")
        return [{"place": place} for _, place in pairs]

    meeting = Meeting(3, send, at_work=1)
    got: dict[int, Any] = {}

    def member(place: int, rounds: int) -> None:
        meeting.enter()
        try:
            got[place] = [meeting.ask(place, [("good", place)])[0]["place"] for _ in range(rounds)]
            if place == 2:
                meeting.ask(place, [("bad", 0)])
        except KeyError as error:
            got[place] = str(error)
        finally:
            meeting.leave()

    threads = [threading.Thread(target=member, args=(place, place)) for place in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert got == {0: [], 1: [1], 2: "'bad'"}
    assert sent == [2, 1, 1]
