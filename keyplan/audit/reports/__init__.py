"""Answers as text: pure, from what the questions found to lines.

One module a format, so that a format can be added or changed alone:
    names       how principals and secrets are written in short
    text        tables and proofs for a terminal
    answers     JSON for programs; the matrix is the contract of docs/audit.md
"""
