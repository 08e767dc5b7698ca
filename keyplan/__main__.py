"""The `keyplan` command: `keyplan VERB …`, or `python -m keyplan VERB …`."""

import sys

from keyplan.cli import run


def main() -> None:
    """Run the command of this process's arguments and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
