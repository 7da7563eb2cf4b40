"""Runs all benchmarks, or the named ones."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import benchmarks


def run(names: list[str]) -> None:
    """Run the benchmarks with these names, or all if there are no names."""
    modules = [module.name for module in iter_modules(benchmarks.__path__)]
    if unknown := set(names) - set(modules):
        sys.exit(f"There is no benchmark {', '.join(unknown)}.")
    for name in names or modules:
        if name == "__main__":
            continue
        module = import_module(f"benchmarks.{name}")
        if hasattr(module, "main"):
            print(f"\n{name}: {(module.__doc__ or '').splitlines()[0]}\n", flush=True)
            module.main()


if __name__ == "__main__":
    run(sys.argv[1:])
