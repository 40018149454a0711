"""The one door for every table."""

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.data.discretize import discretize
from mistruct.data.notes import Note
from mistruct.data.packed.pack_table import pack_table
from mistruct.data.readers import read_table

__all__ = ["Dataset", "Note", "as_dataset", "discretize", "pack_table", "read_table"]
