"""The worker's steps: vet, sign, log, index; each may be killed anywhere and run again."""
