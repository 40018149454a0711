"""The order of results, what happens to errors, the environment variable, and silence."""

from __future__ import annotations

import os
import threading
import time

import pytest

from mistruct.errors import ParameterError
from mistruct.parallel import THREADS_VARIABLE, n_threads, run_blocks


@pytest.mark.parametrize("n", ["1", "2", "5"])
@pytest.mark.parametrize("n_blocks", [0, 1, 3, 40])
def test_results_come_in_the_order_of_the_blocks(
    n: str, n_blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, n)

    def work(block: int) -> int:
        time.sleep(0.004 if block % 3 == 0 else 0)  # later blocks finish first
        return block * block

    blocks = range(n_blocks)
    assert list(run_blocks(work, blocks, description="squares")) == [b * b for b in blocks]


def test_as_many_threads_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "3")
    together = threading.Barrier(3, timeout=20)

    def work(block: int) -> int:
        together.wait()  # passes only if three run at once
        return threading.get_ident()

    idents = list(run_blocks(work, range(6), description="threads"))
    assert len(set(idents)) <= 3
    assert threading.get_ident() not in idents


@pytest.mark.parametrize("error", [ValueError("block 3"), KeyboardInterrupt()])
def test_an_error_comes_out_and_stops_the_rest(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "1")
    started = []

    def work(block: int) -> int:
        started.append(block)
        if block == 3:
            raise error
        return block

    got = []
    with pytest.raises(type(error)):
        for result in run_blocks(work, range(500), description="failing"):
            got.append(result)
    assert got == [0, 1, 2]
    assert len(started) < 20


def test_leaving_early_stops_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "2")
    started = []

    def work(block: int) -> int:
        started.append(block)
        return block

    running = run_blocks(work, range(500), description="left")
    assert next(running) == 0
    running.close()  # type: ignore[attr-defined]
    assert len(started) < 20


def test_few_blocks_wait_for_the_consumer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "2")
    started = []

    def work(block: int) -> int:
        started.append(block)
        return block

    for taken, _ in enumerate(run_blocks(work, range(300), description="slow consumer"), start=1):
        assert len(started) <= taken + 4


@pytest.mark.parametrize("value", ["0", "-1", "two", "", "1.5", "²"])
def test_a_wrong_number_of_threads_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, value)
    message = rf"^MISTRUCT_NUM_THREADS must be a whole number of at least 1, got {value!r}$"
    with pytest.raises(ParameterError, match=message):
        n_threads()
    with pytest.raises(ParameterError, match=message):
        list(run_blocks(str, [1], description="never"))


def test_all_available_cores_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(THREADS_VARIABLE, raising=False)
    assert 1 <= n_threads() <= (os.cpu_count() or 1)
    monkeypatch.setenv(THREADS_VARIABLE, "64")
    assert n_threads() == 64


def test_nothing_is_printed_where_there_is_no_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistruct.parallel._PROGRESS_DELAY", 0.0)
    list(run_blocks(lambda _: time.sleep(0.02), range(10), description="silent"))
    assert capfd.readouterr() == ("", "")
