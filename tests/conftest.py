"""Settings for all tests."""

from pathlib import Path

from hypothesis import settings

# A machine under load must not fail a test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_configure() -> None:
    """Drop compiled kernels that are older than a source.

    numba compiles a kernel again when its own file has changed, but not when a kernel that it
    calls, in another file, has.
    """
    kernels = Path(__file__).resolve().parent.parent / "mistruct" / "kernels"
    compiled = [*kernels.glob("__pycache__/*.nbi"), *kernels.glob("__pycache__/*.nbc")]
    newest = max(source.stat().st_mtime for source in kernels.glob("*.py"))
    if any(file.stat().st_mtime < newest for file in compiled):
        for file in compiled:
            file.unlink(missing_ok=True)
