"""Decide what a reader sees of a calculation: sections, names in four notations, formulas and rounded numbers."""
