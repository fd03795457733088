"""Tables of delimited text: encoding, delimiter, header, and numbers as people write them. Needs NumPy only.

`gruvy.data.read_table` reads every kind of table into pandas, delimited text by what is here.
"""

from gruvy.tables.columns import Roles
from gruvy.tables.reading import read_text_table

__all__ = ["Roles", "read_text_table"]
