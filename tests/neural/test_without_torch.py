"""Without torch everything else works, and what needs it says which line installs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mistruct as ms

ROOT = Path(__file__).resolve().parent.parent.parent

# Comes before what finds packages, and finds that these are not there.
ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "safetensors"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""

MESSAGE = 'mistruct.neural needs torch, which is not installed; pip install "mistruct[neural]"'


def run(script: str, absent: bool = True) -> str:
    done = subprocess.run(
        [sys.executable, "-c", ABSENT * absent + script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def refusal(statement: str) -> str:
    """What a statement says that needs torch."""
    return run(
        "import mistruct as ms\n"
        f"try:\n    {statement}\n"
        "except ms.MistructError as error:\n"
        "    assert isinstance(error, ImportError)\n"
        "    sys.stdout.write(str(error))\n"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "import mistruct.neural.bounds",
        "ms.NeuralEstimator(batch_size=2).evaluate([0, 1] * 9, [0, 1] * 9)",
        "ms.DeepInfoMax().fit([[0.0, 1.0]] * 999)",
        "ms.DeepInfoMax.load('model.safetensors')",
        "ms.ContrastivePredictiveCoding().fit([[0.0] * 99] * 999)",
    ],
)
def test_the_line_that_installs_it_is_said(statement: str) -> None:
    assert refusal(statement) == MESSAGE


def test_nothing_else_needs_it() -> None:
    script = (
        "import mistruct as ms\n"
        "for name in ms.__all__:\n    getattr(ms, name)\n"
        "import mistruct.neural\n"
        "sys.stdout.write(str(ms.mutual_information([0, 0, 1, 1], [0, 0, 1, 1], base=2)))"
    )
    assert run(script) == "1.0"


def test_the_public_names_do_not_import_it() -> None:
    script = (
        "import sys, mistruct as ms\n"
        "for name in ms.__all__:\n    getattr(ms, name)\n"
        "sys.stdout.write(' '.join(sys.modules))"
    )
    assert not {"torch", "safetensors"} & set(run(script, absent=False).split())


def test_the_error_is_one_of_ours() -> None:
    from mistruct.errors import MissingExtraError

    assert issubclass(MissingExtraError, (ms.MistructError, ImportError))
