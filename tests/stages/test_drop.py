from tests.stages.chains import run


def test_a_record_that_meets_the_condition_is_dropped() -> None:
    records = run([{"drop": {"if": "ctx.draft == true"}}], {"draft": True}, {"draft": False}, {})
    assert [record.dropped for record in records] == [True, False, False]


def test_later_processors_do_not_see_a_dropped_record() -> None:
    (record,) = run([{"drop": {}}, {"set": {"field": "a", "value": 1}}], {})
    assert record.document == {}
    assert record.failure is None
