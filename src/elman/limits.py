"""State the limit of every kind of input, in one place; `docs/limits.md` is the same table for users.

A file within these limits is read in memory that is proportional to its size. One beyond them is refused at once, by a
line that names the limit. Each limit is far above what honest use needs; none can be changed by an option.
"""

# Tables: CSV, TSV, JSON lines, Parquet.

# Images, NumPy archives.

# Worksheets and students' answers.

# Model files and checkpoints.

# Series in time.

# Options of the command line and of `generate`.
MOST_SAMPLES = 10_000  # texts that are generated side by side, in one batch
