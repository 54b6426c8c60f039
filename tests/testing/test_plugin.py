from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch


@pytest.mark.parametrize("run", [1, 2])
def test_each_test_gets_a_node_of_its_own(pond: Elasticsearch, run: int):
    assert not pond.indices.exists(index="mine")
    pond.index(index="mine", id="1", document={"run": run}, refresh=True)
    assert pond.count(index="mine")["count"] == 1
