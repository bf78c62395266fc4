"""Render a calculation, one format per module, by `render(calculation, options)`; ids and numbers are the same."""
