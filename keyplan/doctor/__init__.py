"""Which credential Claude Code and the SDKs would use on a machine, and what is in its way.

An environment, the texts of files and what hosts answered in, a diagnosis out. Three modules are at the edge,
and everything else is pure: `places` reads files, `following` reads those that the settings lead to, and
`probing` asks hosts. A value is compared and recognised here, and never leaves: a diagnosis has names, kinds
and places only.
"""
