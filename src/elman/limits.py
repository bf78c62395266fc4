"""State the limit of every kind of input, in one place; `docs/limits.md` is the same table for users.

A file within these limits is read in memory that is proportional to its size. One beyond them is refused at once, by a
line that names the limit. Each limit is far above what honest use needs; none can be changed by an option.
"""

# Tables: CSV, TSV, JSON lines, Parquet; files with one token a line; word vectors.
LONGEST_LINE = 2**24  # characters of a line, and of a cell in quotation marks that spans lines
MOST_COLUMNS = 100_000
MOST_CELLS = 100_000_000  # of a table that is read whole, as training and evaluation do
LARGEST_NUMBER = 3.4028234663852886e38  # the largest that float32 holds
MOST_CLASSES = 10_000  # different labels or tags
LONGEST_LABEL = 1_000  # characters

# Images, NumPy archives.

# Worksheets and students' answers.

# Model files and checkpoints.

# Series in time.
