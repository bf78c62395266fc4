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

IMAGE_FILE_BYTES = 2**28  # of one image file
IMAGE_PIXELS = 2**24  # of one image: 4096 x 4096
IMAGES_BYTES = 2**31  # of all images of a table together, as numbers
ARCHIVE_BYTES = 2**32  # of one array of a .npz file, unpacked
ARCHIVE_FREE_BYTES = 2**26  # unpacked bytes up to which a .npz file may be compressed as well as it likes
ARCHIVE_RATIO = 250  # unpacked bytes for each byte of the file, beyond that
ARRAY_HEADER_BYTES = 10_000  # of the description of one array; NumPy's own limit

# Worksheets and students' answers.
SHEET_BYTES = 1_000_000  # of a worksheet or of a file of answers
SHEET_DEPTH = 20  # lists and mappings inside each other, in YAML and JSON
SHEET_NODES = 150_000  # numbers, words, lists and mappings, what an alias stands for counted each time
NAME_CHARACTERS = 60  # of a word, the name of a parameter or of a state
TITLE_CHARACTERS = 300
NOTE_CHARACTERS = 20_000  # also of a text that is split into words
NUMBER_CHARACTERS = 60  # of a number in an answer
ID_CHARACTERS = 120  # of the id of an answer
SHEET_NUMBERS = 2_000_000  # in a whole calculation, the shares of all steps included
SHOWN_NUMBERS = 50_000  # in one rendering
SEARCH_SECONDS = 60.0  # for the search for known mistakes, unless told otherwise

# Model files and checkpoints.

MODEL_HEADER_BYTES = 100_000_000  # of the header, which holds all but the tensors; the limit of the safetensors format
MODEL_NESTING = 32  # lists and objects within each other
COUNT = 2**53  # of any whole number in a header
PARAMETERS = 2_000_000_000  # of a network: 8 GB

# Series in time.
STEPS_PER_STAMP = (
    100  # steps of a series' grid for each of its stamps, on average: a stamp far from the others has more
)
LONGEST_GAP = 10  # between two stamps of a series, in steps, as a multiple of all its other steps together
LARGEST_STAMP = 2**61  # of whole-number stamps, either sign: differences and forecasts stay within 64 bits
LARGEST_CHANGE = 1e30  # of a value, in sizes of the training part's own changes: float32 holds it

# Streams.
STREAM_ROWS = 1_000_000  # of one stream: sequences side by side

# Options of the command line and of `generate`.
MOST_SAMPLES = 10_000  # texts that are generated side by side, in one batch
