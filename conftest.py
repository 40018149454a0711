"""What pytest leaves out: modules whose extra is not installed, as it reads docstrings."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["mistruct/neural/*.py"]
