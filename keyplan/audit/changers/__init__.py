"""Who can change the answer: principals that could give themselves, or others, access to a secret.

A second list beside the readers: what somebody could do first, and read then. Pure, as all of the audit.
docs/audit-changers.md lists the ways, their sources, and what is left out. In the order in which they use
each other:
    actions     the calls that change an answer
    inventory   what may be changed: policies by where they hang, groups, boundaries, trusts of services
    asking      judges of those calls
    levers      what one principal may change, as sets
    edits       principals as they would be after their policies were changed
    access      who would read after a change of a secret's policy or of its key
    services    roles that a service runs as, for whoever makes it
    control     whose access somebody could take, by whichever way
    ways        the list
    groups      the list for people: principals and secrets that share a way stand once
"""

from keyplan.audit.changers.ways import Changer, changers

__all__ = ["Changer", "changers"]
