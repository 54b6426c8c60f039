"""Index records that a program makes, then ask for them; the second run finds everything unchanged."""

from collections.abc import Iterator

import headpond


def records() -> Iterator[dict[str, str]]:
    """Anything that yields dicts is a source; `title` and `body` are what the quickstart pipeline searches."""
    rows = [
        ("p1", "Kettle", "Boils a litre of water in three minutes and switches itself off."),
        ("p2", "Teapot", "Holds six cups and keeps them warm."),
        ("p3", "Bicycle pump", "Fills a tyre by hand, with a gauge for the pressure."),
    ]
    for key, name, text in rows:
        yield {"_id": key, "title": name, "body": text, "kind": "product"}


with headpond.connect("memory") as es:
    pipeline = headpond.load("quickstart", client=es)
    first = pipeline.ingest(records(), index="products")
    again = pipeline.ingest(records(), index="products")
    assert (first.indexed, again.unchanged, again.inference.requests) == (3, 3, 0)

    answer = pipeline.search(
        "something to put air into my wheel", index="products", filter={"term": {"kind.keyword": "product"}}
    )
    best = answer["hits"]["hits"][0]
    print(best["_source"]["title"], best["_headpond"]["passage"]["text"])
    assert best["_id"] == "p3"
