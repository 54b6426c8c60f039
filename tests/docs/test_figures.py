"""Figures in the README and the docs are those of `benchmarks/results`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

ROOT = Path(__file__).parents[2]


def result(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_bytes())
    return found


def rows(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = result(name)["rows"]
    return found


def listed(values: Iterable[float]) -> str:
    return " / ".join(f"{value:.3f}" for value in values)


def embedding() -> str:
    fast, _, fastembed = rows("embed_local")[:3]
    ratios = result("embed_local")["ratios"]
    one, other = ratios["int8 / fastembed"], ratios["int8 / sentence-transformers"]
    return (
        f"{fast['mixed/s']:.0f} texts/s, {fast['peak MB']:.0f} MB | {one['mixed']:.1f} x fastembed "
        f"({fastembed['peak MB'] / 1e3:.1f} GB), {other['mixed']:.1f} x sentence-transformers; "
        f"short texts alone {one['short']:.1f} x and {other['short']:.1f} x"
    )


def embedding_exactly() -> str:
    exact, ratios = rows("embed_local")[1], result("embed_local")["ratios"]
    one, other = ratios["fp32 / fastembed"]["mixed"], ratios["fp32 / sentence-transformers"]["mixed"]
    return (
        f"{exact['mixed/s']:.0f} texts/s, {exact['peak MB']:.0f} MB | {one:.1f} x fastembed, "
        f"{other:.1f} x sentence-transformers"
    )


def quality() -> str:
    ours = [row for row in rows("quality") if row["variant"] == "fused and reranked"]
    legs = [row for row in rows("quality") if row["verdict"] == "the best leg"]
    assert [row["collection"] for row in ours] == [row["collection"] for row in legs] == ["cranfield", "cacm"]
    gains = [f"+{row['over the best leg']:.3f} [{row['from']:.3f}, {row['to']:.3f}]" for row in ours]
    return (
        f"{listed(row['nDCG@10'] for row in ours)} | its best single leg "
        f"{listed(row['nDCG@10'] for row in legs)}; the difference is {' / '.join(gains)}"
    )


def inference_call() -> str:
    found = result("inference_http")
    return (
        f"{found['added_p50_ms']:.1f} ms (p50) | 64 callers at once: "
        f"{found['share_of_provider_alone']:.2f} x the provider without a pond"
    )


def hook() -> str:
    inside, served = rows("hook")[0], rows("hook")[3]
    own = max(row["added p50"] - row["of which the rerank's own p50"] for row in rows("hook")[:3])
    assert own < 0.2
    return (
        f"{inside['added p50']:.1f} ms (p50), under 0.2 ms of it the hook's own | "
        f"through `serve --hook`: {served['added p50']:.1f} ms"
    )


def fusion() -> str:
    p50 = {row["what"]: row["p50 ms"] for row in rows("fusion")}
    return (
        f"{p50['headpond rrf']:.1f} ms | ranx: {p50['ranx rrf']:.0f} ms; "
        f"ids and scores alone, in a dict: {p50['plain dict rrf']:.1f} ms"
    )


def bulk() -> str:
    found = result("ingest_bulk")
    return f"{found['rows'][0]['documents/s']:,.0f}/s | {found['times_parallel_bulk']:.2f} x `helpers.parallel_bulk`"


def remote() -> str:
    found = result("ingest_remote")
    return f"{min(found['headpond_seconds']):.1f} s | {found['times_langchain']:.1f} x langchain-elasticsearch"


def allowance() -> str:
    shares = [row["share of ideal"] for row in rows("ingest_remote")]
    assert {row["429 %"] for row in rows("ingest_remote")} == {0.0}
    return f"{100 * min(shares):.0f} to {100 * max(shares):.0f} % | no 429, with 1, 4 and 16 processes"


def million() -> str:
    row = rows("ingest_million")[0]
    assert (row["indexed"], row["dead_lettered"]) == (999_000, 1_000)
    return f"{row['client CPU s']:.0f} s CPU of the client, {row['peak MB']:.0f} MB | all counts agree"


def lexical() -> str:
    row = rows("lexical_engine")[1]
    return f"{row['pond: whole search, ms']:.1f} ms | tantivy: {row['tantivy: all matches, ms']:.0f} ms for the set of"


def demo() -> str:
    first, second = rows("demo")[:2]
    documents = result("demo")["index_documents"]
    return (
        f"the demo, first run ({documents:,} documents, dense and sparse) / second run | "
        f"{first['measured']:.0f} s / {second['measured']:.0f} s"
    )


def demo_search() -> str:
    new, known = rows("demo")[2:]
    return f"question asked before / new | {known['measured']:.0f} ms / {new['measured']:.0f} ms (p50)"


IN_README = [
    embedding, embedding_exactly, quality, inference_call, hook, fusion, bulk, remote, allowance, million, lexical,
    demo, demo_search,
]  # fmt: skip


@pytest.mark.parametrize("figure", IN_README, ids=lambda figure: figure.__name__)
def test_a_figure_of_the_readme_is_the_measured_one(figure: Callable[[], str]) -> None:
    assert figure() in (ROOT / "README.md").read_text()


def test_the_table_of_inference_calls_is_the_measured_one() -> None:
    page = (ROOT / "docs" / "inference.md").read_text()
    for row in rows("inference_http"):
        times = [f"{row['one caller, p50 ms']:.2f} ms", f"{row['its CPU, ms a call']:.2f} ms"]
        many = [f"{row['64 callers, calls/s']:.0f} calls/s", f"{row['their CPU, ms a call']:.2f} ms"]
        assert f"| {' | '.join(times + many)} |" in page
    found = result("inference_http")
    assert f"The pond adds {found['added_p50_ms']:.2f} ms to one call" in page
    assert f"gives {found['share_of_ideal']:.2f} of the ideal 1280 calls/s" in page
