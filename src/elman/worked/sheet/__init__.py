"""Read worksheets and check them: files, fields, framework layouts, examples, and the `Problem` they give."""
