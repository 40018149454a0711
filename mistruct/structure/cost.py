"""What a fit takes, said before it begins: time, memory, disk, and what is sent to other processes.

Nothing is timed: constants of estimators, tests and scores say what one quantity takes, and the
table says how many there will be, so that the same table has the same cost on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mistruct.data.dataset import Dataset
from mistruct.errors import Either, Setting, Words
from mistruct.memory import memory_limit

#: Memory of Python with the libraries and compiled kernels of a fit, as measured.
LIBRARIES = 330_000_000

_KILO, _MEGA, _GIGA = 1e3, 1e6, 1e9


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Expected cost of a fit.

    Attributes
    ----------
    seconds : float
        On one core of a common machine; NaN where something in it does not know.
    n_bytes : int
        Memory at the worst moment, of the whole process: the table, what is made of it, and the
        libraries.
    n_bytes_on_disk : int
        What a checkpoint takes on disk, at least.
    n_bytes_sent : int
        What the executor sends to its workers, all together; 0 without one.
    advice : tuple
        What would make the memory suffice; empty where it does.
    """

    seconds: float
    n_bytes: int
    n_bytes_on_disk: int = 0
    n_bytes_sent: int = 0
    advice: Words = ()

    @property
    def fits(self) -> bool:
        """Whether there is so much memory, where the system tells."""
        limit = memory_limit()
        return limit is None or self.n_bytes <= limit

    def advised(self, *, packs: bool) -> Cost:
        """Copy with advice if memory does not suffice; `packs` says that packing would help."""
        if self.fits:
            return self
        pack = Either("pack it with mistruct.pack_table, or ", "pack it with mistruct pack, or ")
        advice: Words = ("leave out columns by ", Setting("drop"), ", or take fewer rows")
        return replace(self, advice=((pack, *advice) if packs else advice))


def bytes_held(data: Dataset) -> int:
    """Bytes of the entries of a table that are in memory, not mapped from disk."""
    return 0 if data.on_disk is not None else int(data.values.nbytes + data.codes.nbytes)


def size_in_words(n_bytes: float) -> str:
    """A number of bytes in a suitable unit.

    Examples
    --------
    >>> from mistruct.structure.cost import size_in_words
    >>> size_in_words(1_234_000), size_in_words(12_300_000_000)
    ('1 MB', '12.3 GB')
    """
    if n_bytes < _MEGA:
        return f"{max(1, round(n_bytes / _KILO))} kB"
    if n_bytes < _GIGA:
        return f"{round(n_bytes / _MEGA)} MB"
    return f"{n_bytes / _GIGA:.1f} GB"
