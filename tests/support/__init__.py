"""Stand-ins and judges that the suites share."""
