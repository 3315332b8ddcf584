"""The parts of a confound report, one module each: what it holds, complete in itself, and how it is computed."""
