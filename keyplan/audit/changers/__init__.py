"""Who can change the answer: principals that could give themselves, or others, access to a secret.

A second list beside the readers: what somebody could do first, and read then. Pure, as all of the audit.
docs/audit-changers.md lists the ways, their sources, and what is left out. In the order in which they use
each other:
    actions     the calls that change an answer
    inventory   what may be changed: policies by where they hang, groups, boundaries, trusts of services
    wishes      which tags of a resource would let somebody in
    tagging     who may set such tags
    asking      judges of those calls
    services    roles that a service runs as, for whoever makes it
    access      who would read after a change of a secret's policy, of its key, or of their tags
    own_tags    principals as they would be with other tags
    levers      what one principal may change, as sets
    hands       whose policies somebody may change, as sets
    edits       principals as they would be after their policies were changed
    control     all that somebody could do by changing one thing after the other
    ways        the ways of each principal
    rows        the list: a row for each principal, secret and way
    groups      the list for people: principals and secrets that share a way stand once
"""

from keyplan.audit.changers.rows import Changer, changers

__all__ = ["Changer", "changers"]
