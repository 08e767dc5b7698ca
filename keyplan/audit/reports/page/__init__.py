"""The audit as one page of HTML: a file that an auditor opens, without a server and without a network.

Pure: from what the audit found to text; the same snapshot gives the same text. In the order in which they use
each other:
    interning   what is shared is written once, and sets of secrets as runs
    proofs      what the explanation of any pair needs
    content     everything that the page knows, as one JSON document
    shell       the document, the styles and the program in one HTML text that asks for nothing

What stands in an account (names, statements) is text in that document. The program beside it makes every node
by itself, and a Content-Security-Policy keeps the page from whatever is not in it.
"""

from keyplan.audit.reports.page.shell import page

__all__ = ["page"]
