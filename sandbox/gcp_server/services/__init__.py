"""The services beside Secret Manager: what is declared is stored and returned in Google's shapes.

Nothing runs: no alert fires, no job is called, no function answers. Requests are checked against Google's
schemas and against the rules that a program is likely to break.
"""
