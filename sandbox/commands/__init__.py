"""The sandbox's verbs: `configure(parser)` adds the arguments, `run(arguments)` returns the exit code."""
