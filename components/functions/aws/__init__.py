"""The functions that run in Lambda: standard library and the runtime's boto3 only."""
