"""Where items come from: one module for each kind turns the rows of a source into records."""
