"""Settings for all tests, and running the command."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from mistruct.cli import main
from tests.cli_helpers import Run

# A machine under load must not fail a test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `--long` run what takes minutes, and `--tables` a part of the hostile tables."""
    parser.addoption("--long", action="store_true", help="also run what takes minutes")
    parser.addoption("--tables", help="hostile tables to run, such as 300:600", metavar="A:B")


def pytest_configure(config: pytest.Config) -> None:
    """Drop compiled kernels that are older than a source.

    numba compiles a kernel again when its own file has changed, but not when a kernel that it
    calls, in another file, has.
    """
    if hasattr(config, "workerinput"):  # of pytest-xdist, which starts when this has been done
        return
    kernels = Path(__file__).resolve().parent.parent / "mistruct" / "kernels"
    compiled = [*kernels.rglob("*.nbi"), *kernels.rglob("*.nbc")]
    newest = max(source.stat().st_mtime for source in kernels.rglob("*.py"))
    if any(file.stat().st_mtime < newest for file in compiled):
        for file in compiled:
            file.unlink(missing_ok=True)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command; its exit code and what it says."""
    # A machine under load says no more than others.
    monkeypatch.setattr("mistruct.cli.terminal._INTERVAL", 3600.0)

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(a) for a in arguments])
        captured = capsys.readouterr()
        assert end.value.code is None or isinstance(end.value.code, int)
        return end.value.code or 0, captured.out, captured.err

    return call


@pytest.fixture
def refused(run: Run) -> Callable[..., str]:
    """Run the command, expect it to refuse, and return the message."""

    def call(*arguments: object) -> str:
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert err.startswith("mistruct: error: ") and err.endswith("\n") and err.count("\n") == 1
        return err.removeprefix("mistruct: error: ").rstrip()

    return call
