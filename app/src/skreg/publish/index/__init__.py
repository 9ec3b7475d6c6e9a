"""The signed index: documents, bins, their tile tree, the timestamp."""
