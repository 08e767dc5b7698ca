"""Lets Google's client live in one process with Pulumi's SDK; import it before the client.

Each brings the message google.rpc.Status under a file name of its own, and protobuf refuses the second. The
message is the same and no answer over REST is made of it, so that Pulumi's serves both.
"""

from __future__ import annotations

import sys

from pulumi.runtime.proto import status_pb2

sys.modules.setdefault("google.rpc.status_pb2", status_pb2)
