"""One router a file; each route is a sentence over a service."""
