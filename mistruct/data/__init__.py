"""The one door for every table."""

from mistruct.data.dataset import Dataset, as_dataset
from mistruct.data.discretize import discretize
from mistruct.data.readers import read_table

__all__ = ["Dataset", "as_dataset", "discretize", "read_table"]
