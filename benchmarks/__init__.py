"""What is fast, measured against what.

`make bench` runs every module of this package that has a function `main`, without parameters,
which prints its figures; `make bench ARGS="startup wire"` runs the named ones. The first line of
a module's docstring is its heading.

Machines differ and are shared, so each benchmark takes what it compares in turns, A B A B, and
states ratios of medians. None of them fails for being slow.
"""
