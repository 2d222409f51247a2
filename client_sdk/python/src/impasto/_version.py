"""The package's version, which is also the program's."""

__version__ = "0.1.0"
