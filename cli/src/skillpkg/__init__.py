"""skillpkg: install, verify and publish agent skills."""
