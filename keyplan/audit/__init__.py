"""Who can read which key: the audit's engine, from a snapshot of accounts to verdicts.

Pure: no network, no clock, no cloud SDK. The rooms, in the order in which they use each other:
    grades      the four verdicts, and sets of secrets that have them
    wildcards   matching of `*` and `?` in linear time
    documents   policy documents as AWS's APIs return them, read into statements
    keys        the condition keys of the three requests, and what a snapshot can know of each
    operators   condition operators: one value against one value
    lines       lines of condition blocks, weighed for all resources at once
    clauses     statements made ready for one domain: which of its resources they match, for a caller
    domains     what is asked: secrets to read, keys to decrypt with, roles to assume
    callers     principals as requests show them
    decisions   AWS's evaluation logic: which policies have to allow, and which bypass others
    chains      reach through sts:AssumeRole
    snapshot    the snapshot's fields, checked
    estate      the judges of a snapshot: reading, decrypting, assuming
    reasons     why a verdict is what it is
    outsiders   principals whose own policies are not in the snapshot
    matrix      the whole result
    questions   what people ask of it
"""
