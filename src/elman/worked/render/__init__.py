"""One trace in many forms: same ids, same numbers. Each module has one function, `render(trace, options)`."""
