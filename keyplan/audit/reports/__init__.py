"""Answers as text: pure, from what the questions found to lines.

One module a format, so that a format can be added or changed alone:
    names       how principals and secrets are written in short, and so that no name can do harm
    order       what comes first where not everything can be shown
    text        tables and proofs for a terminal
    findings    the gate's findings for a terminal
    answers     JSON for programs; the matrix is the contract of docs/audit.md
    comma       CSV for spreadsheets
    markdown    comments on pull requests
    rules       what to do about each kind of finding
    sarif       the gate's findings for code scanning
    changers    who could change the answer
    changes     what a change opened or closed
    page/       all of it as one page of HTML
docs/audit-formats.md says what each promises.
"""
