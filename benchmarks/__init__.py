"""What is fast, measured against what.

A benchmark is a module with a function `main`, which takes no arguments and prints figures.
`make bench` runs all benchmarks, and `make bench ARGS="startup wire"` the named ones. The first
line of a module's docstring is the heading of its figures.

Machines differ and are shared. So each benchmark measures what it compares in turns, A B A B, and
prints ratios of medians. A slow machine makes no benchmark fail.
"""
