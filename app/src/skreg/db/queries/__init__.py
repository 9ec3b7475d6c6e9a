"""SQL text by subject, each taking a connection and returning frozen rows."""
