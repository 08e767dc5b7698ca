"""Who read a key's value, from the clouds' own audit logs.

`cloudtrail` and `cloud_logging` ask one cloud each; `tally` counts what they found for each principal and
says which consumer of the catalogue it is. Nothing here can read a value, and audit logs hold none.
"""

from __future__ import annotations

from keyplan.reads.tally import Read, ReaderCount, ReadReport
from keyplan.reads.who_read import who_read

__all__ = ["Read", "ReadReport", "ReaderCount", "who_read"]
