"""torch, or one line that says how to get it.

The modules of this package that compute with tensors take torch from here, and are themselves
imported only inside the functions that need them. So everything else works without torch, and
what does not says which line installs it.
"""

from __future__ import annotations

from mistruct.errors import MissingExtraError

try:
    import torch as torch
except ImportError as error:
    raise MissingExtraError(
        f"mistruct.neural needs {error.name}, which is not installed; "
        'pip install "mistruct[neural]"'
    ) from None
