"""Every job of Elman, with default options, on data that it was not built with, compared with simple tools."""
