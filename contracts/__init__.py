"""What the services promise each other: emotions, events, names and generated gRPC stubs. Imports no project code."""
