"""Who uses the gateway: accounts, their sessions and devices, and what they agreed to."""
