"""`python -m sandbox VERB …`: a cloud on this machine to try and to test with."""

import sys

from sandbox.cli import main
from sandbox.protocol import leave_the_sdk_out

if __name__ == "__main__":
    leave_the_sdk_out()
    sys.exit(main(sys.argv[1:]))
