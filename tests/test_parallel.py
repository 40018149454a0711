"""The order of results, what happens to errors, the environment variable, and silence."""

from __future__ import annotations

import os
import threading
import time

import pytest

from mistruct.errors import ParameterError
from mistruct.parallel import THREADS_VARIABLE, n_threads, run_blocks, run_in_turn


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
    assert threading.get_ident() in idents  # the one that asks is one of them


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


def test_the_first_error_in_the_order_of_the_blocks_comes_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "3")

    def work(block: int) -> int:
        if block == 0:
            time.sleep(0.02)  # the others are over when it fails
        raise ValueError(f"block {block}")

    with pytest.raises(ValueError, match="block 0"):
        list(run_blocks(work, range(6), description="failing"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a fork of POSIX")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS_VARIABLE, "2")
    together = threading.Barrier(2, timeout=20)

    def work(block: int) -> int:
        together.wait()  # passes only if two run at once
        return block

    assert list(run_blocks(work, range(2), description="parent")) == [0, 1]
    child = os.fork()
    if child == 0:
        works = list(run_blocks(work, range(2), description="child")) == [0, 1]
        os._exit(0 if works else 1)
    assert os.waitpid(child, 0)[1] == 0


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


def test_in_turn_means_one_at_a_time_and_when_it_is_asked_for() -> None:
    started = []

    def work(block: int) -> int:
        started.append(block)
        return sum(run_blocks(lambda k: k * block, range(4), description="inside"))

    running = run_in_turn(work, range(5), description="turns")
    assert started == []
    for block, result in enumerate(running):
        assert result == 6 * block
        assert started == list(range(block + 1))


def test_an_error_in_a_turn_comes_out() -> None:
    def work(block: int) -> int:
        if block == 2:
            raise ValueError("block 2")
        return block

    got = []
    with pytest.raises(ValueError, match="block 2"):
        for result in run_in_turn(work, range(5), description="failing"):
            got.append(result)
    assert got == [0, 1]


def test_bars_inside_a_turn_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []

    class Bar:
        disable = True

        def __init__(self, *, desc: str, total: int, **_: object) -> None:
            shown.append((desc, total))

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None: ...

        def update(self) -> None: ...

    monkeypatch.setattr("tqdm.tqdm", Bar)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def work(block: int) -> int:
        if block == 1:
            raise ValueError("block 1")
        return sum(run_blocks(abs, range(3), description="inside"))

    with pytest.raises(ValueError, match="block 1"):
        list(run_in_turn(work, range(2), description="outside"))
    list(run_blocks(abs, range(3), description="alone"))
    assert shown == [("outside", 2), ("alone", 3)]


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
