"""Our pipeline beside the packages that people would otherwise use, on the same frames in one run."""
