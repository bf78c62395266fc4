"""State the limit of every kind of input, in one place; `docs/limits.md` is the same table for users.

A file within these limits is read in memory that is proportional to its size. One beyond them is refused at once, by a
line that names the limit. Each limit is far above what honest use needs; none can be changed by an option.
"""

# Tables: CSV, TSV, JSON lines, Parquet.

# Images, NumPy archives.

IMAGE_FILE_BYTES = 2**28  # of one image file
IMAGE_PIXELS = 2**24  # of one image: 4096 x 4096
IMAGES_BYTES = 2**31  # of all images of a table together, as numbers
ARCHIVE_BYTES = 2**32  # of one array of a .npz file, unpacked
ARCHIVE_FREE_BYTES = 2**26  # unpacked bytes up to which a .npz file may be compressed as well as it likes
ARCHIVE_RATIO = 250  # unpacked bytes for each byte of the file, beyond that
ARRAY_HEADER_BYTES = 10_000  # of the description of one array; NumPy's own limit

# Worksheets and students' answers.

# Model files and checkpoints.

MODEL_HEADER_BYTES = 100_000_000  # of the header, which holds all but the tensors; the limit of the safetensors format
MODEL_NESTING = 32  # lists and objects within each other
COUNT = 2**53  # of any whole number in a header
PARAMETERS = 2_000_000_000  # of a network: 8 GB

# Series in time.
