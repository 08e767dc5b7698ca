"""One writer per syntax: JSON, YAML, dotenv. Each takes plain data and returns text; none knows a target."""
