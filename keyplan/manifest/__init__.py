"""The manifest: the typed, versioned, value-free description of an environment that every command reads.

`sources` finds it, `checking` looks at its whole shape by `rules`, `document` has its fields as types, and
`model` has the objects that most commands work with. Nothing is imported here: `keyplan exec` needs the
check alone.
"""
