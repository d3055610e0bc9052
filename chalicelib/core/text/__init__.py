"""Pure text: lengths, splitting, links and mentions, cleaning, personal data. Standard library and `regex`, no I/O.

Import the module you need; this package imports nothing, so that a function pays only for what it uses.
"""
