from __future__ import annotations

from headpond.pipeline.pace.window_size import WindowSize


def test_the_first_windows_are_enough_for_two_requests() -> None:
    assert WindowSize(512, 96).now == 192
    assert WindowSize(512, 1).now == 16
    assert WindowSize(512, 2048).now == 512
    assert WindowSize(5, 96).now == 5


def test_without_inference_windows_are_as_large_as_they_may_be() -> None:
    size = WindowSize(512, None)
    assert size.now == 512
    size.took(60, 512)
    assert size.now == 512


def test_quick_windows_grow_to_the_limit() -> None:
    size = WindowSize(100, 8)
    for records, then in ((16, 32), (32, 64), (64, 100), (100, 100)):
        size.took(0.1, records)
        assert size.now == then


def test_of_several_windows_of_one_size_only_the_first_lets_it_grow() -> None:
    size = WindowSize(512, 8)
    for _ in range(8):
        size.took(0.1, 16)
    assert size.now == 32


def test_slow_windows_halve_it_once_and_never_below_the_first() -> None:
    size = WindowSize(512, 8)
    for records in (16, 32, 64):
        size.took(0.1, records)
    for _ in range(8):
        size.took(5.0, 128)
    assert size.now == 64
    for _ in range(8):
        size.took(5.0, 20)
    assert size.now == 16


def test_in_between_nothing_changes() -> None:
    size = WindowSize(512, 8)
    size.took(2.0, 16)
    assert size.now == 16
