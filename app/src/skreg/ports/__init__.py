"""What the registry needs from outside, as Protocols; ``skreg.adapters`` holds the real ones."""
