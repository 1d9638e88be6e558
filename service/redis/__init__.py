"""Redis: a private server, clients, the gateway with its circuit breaker, named definitions."""
