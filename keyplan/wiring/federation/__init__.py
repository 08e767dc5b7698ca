"""Federation: how a program on each runtime finds an identity token of its own, in place of a key.

The ids of the rule are plain variables of the consumer (`keyplan.routes`); what is here is the token.
"""
