"""Text that stands for a missing entry.

Which marks count depends on the column: where numbers are expected, a lone ``.`` can be nothing
else, while in a column of words it may be a word.
"""

from __future__ import annotations

from collections.abc import Sequence

#: What stands for missing among words, in files.
IN_WORDS = frozenset(
    ("", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "<NA>", "#N/A", "#NA",
     "?", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!", "#NAME?", "1.#IND", "-1.#IND", "1.#QNAN",
     "-1.#QNAN")
)  # fmt: skip

#: What stands for missing among numbers.
IN_NUMBERS = IN_WORDS | frozenset(
    (".", "..", "-", "--", "---", "*", "na", "n.a.", "N.A.", "Na", "None", "none", "NONE", "Null",
     "missing", "Missing", "MISSING", "unknown", "Unknown", "UNKNOWN", "#n/a", "NAN", "nd", "ND",
     "n.d.", "–", "—", "not available", "Not available", "Not Available", "not applicable",
     "#NULL!")
)  # fmt: skip


class Marks:
    """The marks of a table: the known ones, or exactly those that are asked for.

    An empty field is missing under every choice.
    """

    def __init__(self, asked: Sequence[object] | None = None, *, words: bool = True) -> None:
        self.asked = None if asked is None else tuple(str(m).strip() for m in asked)
        if self.asked is not None:
            self.in_words = self.in_numbers = frozenset(("", *self.asked))
        else:
            # In a DataFrame, missing entries among words are already marked as missing.
            self.in_words = IN_WORDS if words else frozenset()
            self.in_numbers = IN_NUMBERS
        self.values = tuple(v for v in map(_number, self.asked or ()) if v is not None)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
