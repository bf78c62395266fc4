"""Render a calculation in one format per module, by `render(trace, options)`; ids and numbers are the same in all."""
