"""The transparency log: entries, tiles, sequencer."""
