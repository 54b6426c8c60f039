"""Examines an endpoint: is it there, does it answer, and does what it answers fit?"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elastic_transport import TransportError
from elasticsearch import ApiError, Elasticsearch

from headpond.errors import HeadpondError, nearest
from headpond.pipeline import endpoints
from headpond.pipeline.completion import StreamError, complete, patience
from headpond.pipeline.doctor.causes import explain, explain_target
from headpond.pipeline.doctor.fields import compare
from headpond.pipeline.doctor.finding import Diagnosis, Finding
from headpond.pipeline.endpoints import TargetEndpoint

QUESTION = "what drives a mill"
GOOD, BAD = "water drives a mill", "a cat sleeps on the sofa"


def examine(
    client: Elasticsearch,
    inference_id: str,
    *,
    index: str | None = None,
    field: str | None = None,
    timeout: str = "30s",
) -> Diagnosis:
    """Asks an endpoint a small thing and says what is wrong.

    Args:
        client: of any target.
        inference_id: the endpoint.
        index: an index its embeddings are to fit.
        field: the field of the index; None for any that it has.
        timeout: of the question, in Elasticsearch's units.

    Raises:
        InputError: the timeout is no time.
    """
    patience(timeout)
    found = Diagnosis(inference_id)
    try:
        endpoint = endpoints.get(client, inference_id)
    except HeadpondError as error:
        refusal = error.__context__
        if isinstance(refusal, ApiError) and refusal.meta.status in (401, 403):
            found.findings.append(explain(refusal, inference_id))
        else:
            found.findings.append(explain_target(error))
        return found
    if endpoint is None:
        found.findings.append(_missing(client, inference_id))
        return found
    found.findings.append(Finding("endpoint", True, _described(endpoint)))
    found.findings += _asked(client, endpoint, timeout)
    if index is not None and found.ok:
        found.findings.append(compare(client, endpoint, index, field))
    return found


def _missing(client: Elasticsearch, inference_id: str) -> Finding:
    known = sorted(shown["inference_id"] for shown in client.inference.get()["endpoints"])
    near = nearest(inference_id, known)
    meant = f", did you mean [{near}]?" if near else ""
    listed = f"there are: {', '.join(known)}"
    make = f"make it: headpond endpoints put {inference_id} --file FILE; {listed}"
    return Finding("endpoint", False, f"the target has no endpoint [{inference_id}]{meant}", "no such endpoint", make)


def _described(endpoint: TargetEndpoint) -> str:
    settings = endpoint.shown.get("service_settings") or {}
    model = settings.get("model_id") or settings.get("model") or settings.get("deployment_id")
    parts = [endpoint.task_type, f"service {endpoint.shown.get('service')}"]
    parts += [f"model {model}"] if model else []
    parts += [f"{endpoint.dimensions} dimensions"] if endpoint.dimensions else []
    return ", ".join(parts)


def _asked(client: Elasticsearch, endpoint: TargetEndpoint, timeout: str) -> list[Finding]:
    started = time.monotonic()
    try:
        answer = _ASK[endpoint.task_type](client, endpoint.inference_id, timeout)
    except (ApiError, TransportError, StreamError) as error:
        return [explain(error, endpoint.inference_id)]
    milliseconds = round((time.monotonic() - started) * 1000)
    what, problem = _CHECK[endpoint.task_type](answer)
    if problem is not None:
        return [
            Finding("answer", False, problem, "odd answer", "ask again; if it stays, another model may be behind it")
        ]
    findings = [Finding("answer", True, f"{what}, after {milliseconds} ms")]
    if endpoint.task_type == "text_embedding":
        findings.append(_dimensions(endpoint, _vector_length(answer)))
    return findings


def _dimensions(endpoint: TargetEndpoint, got: int) -> Finding:
    if endpoint.dimensions in (None, got):
        return Finding("dimensions", True, f"its vectors have {got} dimensions")
    return Finding(
        "dimensions",
        False,
        f"its vectors have {got} dimensions, its settings say {endpoint.dimensions}",
        "wrong dimensions",
        "another model answers than before: what is to be searched with it needs a new endpoint and a new index",
    )


def _embedding(client: Elasticsearch, inference_id: str, timeout: str) -> Any:
    return _patient(client, timeout).inference.inference(inference_id=inference_id, input=[GOOD], timeout=timeout).body


def _ranking(client: Elasticsearch, inference_id: str, timeout: str) -> Any:
    patient = _patient(client, timeout)
    return patient.inference.rerank(inference_id=inference_id, input=[BAD, GOOD], query=QUESTION, timeout=timeout).body


def _completion(client: Elasticsearch, inference_id: str, timeout: str) -> Any:
    body = _patient(client, timeout).inference.completion(inference_id=inference_id, input=QUESTION, timeout=timeout)
    return body.body["completion"][0]["result"]


def _chat(client: Elasticsearch, inference_id: str, timeout: str) -> Any:
    return complete(client, inference_id, "chat_completion", QUESTION, lambda words: None, timeout=timeout)


def _patient(client: Elasticsearch, timeout: str) -> Elasticsearch:
    return client.options(request_timeout=patience(timeout), max_retries=0)


_ASK: Mapping[str, Callable[[Elasticsearch, str, str], Any]] = {
    "text_embedding": _embedding,
    "sparse_embedding": _embedding,
    "rerank": _ranking,
    "completion": _completion,
    "chat_completion": _chat,
}


def _vector(answer: Any) -> Sequence[float]:
    (rows,) = answer.values()
    vector: Sequence[float] = rows[0]["embedding"]
    return vector


def _vector_length(answer: Any) -> int:
    """Dimensions; a byte of a vector of bits packs eight."""
    return len(_vector(answer)) * (8 if "text_embedding_bits" in answer else 1)


def _check_dense(answer: Any) -> tuple[str, str | None]:
    vector = _vector(answer)
    return "it answers with a vector", None if any(vector) else "its vector is all zeros, which no field can compare"


def _check_sparse(answer: Any) -> tuple[str, str | None]:
    count = len(_vector(answer))
    return f"it answers with {count} weighted tokens", None if count else "its sparse vector holds no token"


def _check_ranking(answer: Any) -> tuple[str, str | None]:
    ranked = answer["rerank"]
    scores = ", ".join(f"{float(item['relevance_score']):.3f}" for item in ranked)
    best = [BAD, GOOD][int(ranked[0]["index"])] if ranked else None
    return f"it ranks (scores {scores}), best is {best!r}", None if ranked else "its ranking is empty"


def _check_text(answer: Any) -> tuple[str, str | None]:
    return f"it answers with {len(answer)} characters", None if answer.strip() else "its answer is empty"


_CHECK: Mapping[str, Callable[[Any], tuple[str, str | None]]] = {
    "text_embedding": _check_dense,
    "sparse_embedding": _check_sparse,
    "rerank": _check_ranking,
    "completion": _check_text,
    "chat_completion": _check_text,
}
