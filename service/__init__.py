"""HTTP over the engine: routes, settings, events, state, metrics."""
