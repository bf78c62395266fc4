"""Mark a student's sheet: each number right, rounding, carried forward, a known mistake by name, or wrong.

    marked = elman.check("not-very-good", {"dh.2": [-0.0971, -0.1835]})   # or a CSV or YAML file
    marked.passed, marked.headline                                         # False, the first wrong value's verdict
    for verdict in marked: print(verdict.id, verdict.kind, verdict.note)

From the bottom: `digits` (how exactly a number is typed, and has to be), `answers` (reading them), `slips` (how a rule
is replaced), `rules`, `networks` and `catalogue` (the known mistakes), `reading` (the sheet worked from the student's
own numbers), `search` (which mistakes explain them), `verdicts`, `report` (how it is printed); `teaching` uses the same
catalogue the other way round.
"""
