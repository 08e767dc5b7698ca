"""Name the measurements, or run them one after the other: `python -m benchmarks [--all]`."""

import importlib
import pkgutil
import subprocess
import sys

import benchmarks


def main() -> int:
    """Print each measurement's name and first line; with --all run each in a process of its own."""
    names = sorted(
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if module.name != "__main__" and not module.ispkg
    )
    for name in names:
        summary = (importlib.import_module(f"benchmarks.{name}").__doc__ or "").strip().splitlines()[0]
        print(f"python -m benchmarks.{name:<16} {summary}", flush=True)
        if "--all" in sys.argv[1:]:
            code = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode
            if code:
                return code
            print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
