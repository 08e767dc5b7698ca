"""`python -m sandbox VERB …`: a cloud on this machine to try and to test with."""

import sys

from sandbox.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
