"""Pictures from browsers: on their way to the emotion service, in memory only."""
