import pytest

from headpond.inference.deadline import Deadline
from headpond.inference.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("1m", 60),
        ("2h", 7200),
        ("1d", 86400),
        ("-1", -1),
        ("0", 0),
        (" 5S ", 5),
        ("7micros", 7e-6),
    ],
)
def test_durations_are_read_in_elasticsearchs_units(text: str, seconds: float) -> None:
    assert parse_duration(text, "timeout") == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("xx", ": unit is missing or unrecognized"),
        ("5", ": unit is missing or unrecognized"),
        ("1M", ": unit is missing or unrecognized"),
        ("1.5s", ": fractional time values are not supported"),
        ("-2s", ": negative durations are not supported"),
        ("fives", ""),
    ],
)
def test_a_wrong_duration_is_refused_in_elasticsearchs_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="failed to parse") as caught:
        parse_duration(text, "timeout")
    assert str(caught.value) == f"failed to parse setting [timeout] with value [{text}] as a time value{why}"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (30, "30s"),
        (0.5, "500ms"),
        (90, "1.5m"),
        (60, "1m"),
        (86400, "1d"),
        (-1, "-1"),
        (0, "0s"),
        (0.0001, "100micros"),
    ],
)
def test_durations_are_shown_in_the_largest_unit(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_a_deadline_of_zero_has_passed_and_one_of_minus_one_never_does() -> None:
    assert Deadline.after(0).passed
    assert not Deadline.after(-1).passed
    assert str(Deadline.after(30)) == "30s"
    assert str(Deadline.never()) == "-1"
