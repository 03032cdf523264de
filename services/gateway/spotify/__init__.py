"""A person's Spotify: sign-in, search and playback, which are what Spotify gives to new apps."""
