"""Kernels: arrays in, a frozen dataclass out. No files, no figures, no globals."""
