"""What publishers sign themselves: by what it is judged, and the judgement."""
