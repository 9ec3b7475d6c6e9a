"""One file a revision; identifiers are numbers in order, so that 'at or beyond' is a comparison."""
