"""The `mistruct` command: a thin face over the public names."""

# Each of these files adds its commands to the program, in the order of its help.
from mistruct.cli import learn as learn, aracne as aracne, why as why, page as page  # isort: skip
from mistruct.cli import measures as measures, features as features  # isort: skip
from mistruct.cli.app import main

__all__ = ["main"]
