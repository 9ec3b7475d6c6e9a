"""Archives: the detached signature, the release record, their writer."""
