"""Searches for good options of a model: trials shared by any number of processes and machines, on Optuna's studies.

A study is a file, Optuna's journal: every process that works on it appends what it does and reads what others did.
"""
