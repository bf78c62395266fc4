"""The base of every estimator: options, a run and its files, reports, examples of varying length."""
