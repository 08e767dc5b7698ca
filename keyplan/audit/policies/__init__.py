"""The language of AWS's policies: documents read into statements, and statements weighed for many resources.

Pure, and without accounts: who the callers are and which policies meet is of the rooms above. In the order in
which they use each other:
    grades      the four verdicts, and sets of resources that have them
    wildcards   matching of `*` and `?` in linear time
    documents   policy documents as AWS's APIs return them, read into statements
    keys        the condition keys of the requests, and what a snapshot can know of each
    values      what a condition key holds in a request: known, missing or open
    operators   condition operators: one value against one value
    domains     what is asked: an action on a list of resources
    lines       lines of condition blocks, weighed for all resources at once
    clauses     statements made ready for one domain: which of its resources they match, for a caller
"""
