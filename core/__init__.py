"""The vocabulary every other package speaks: records, metrics, diversity, seeds, log schema, errors.

Pure: numpy and the standard library only, no I/O.
"""
