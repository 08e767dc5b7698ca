"""keyplan: LLM API keys as infrastructure. The installable package and its command; it imports no pulumi."""

__version__ = "0.1.0"
