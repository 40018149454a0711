"""The `mistruct` command: a thin face over the public names."""

# Each of these files adds its commands to the program, in the order of its help.
from mistruct.cli import learn_command as learn_command  # isort: skip
from mistruct.cli import aracne_command as aracne_command  # isort: skip
from mistruct.cli import diff_command as diff_command  # isort: skip
from mistruct.cli import why_command as why_command  # isort: skip
from mistruct.cli import page as page  # isort: skip
from mistruct.cli import column_commands as column_commands  # isort: skip
from mistruct.cli import feature_commands as feature_commands  # isort: skip
from mistruct.cli.app import main

__all__ = ["main"]
