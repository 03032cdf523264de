"""Parts of a running system are killed, frozen and restarted under load; what was acknowledged must be there."""
