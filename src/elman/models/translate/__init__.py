"""Read one sequence and write another: `Translator`."""
