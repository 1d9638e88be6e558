"""HTTP: routes, authentication, admission, bodies, problem documents."""
