"""Programs: how Anthropic's SDKs and curl authenticate by a consumer's route, as short as they can be."""
