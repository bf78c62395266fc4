"""Share the base of every estimator: options, runs and their files, reports, examples that differ in length."""
