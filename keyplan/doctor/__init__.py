"""Which credential Claude Code and the SDKs would use on a machine, and what is in its way.

Pure: an environment and the texts of files in, a diagnosis out. Reading the machine is `keyplan.cli.doctor`;
no network, no clock. A value is compared and recognised here, and never leaves: a diagnosis has names, kinds
and places only.
"""
