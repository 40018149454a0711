"""The one door for every table."""

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.data.discretize import discretize
from mistruct.data.notes import Note
from mistruct.data.readers import read_table

__all__ = ["Dataset", "Note", "as_dataset", "discretize", "read_table"]
