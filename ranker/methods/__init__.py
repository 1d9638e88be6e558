"""Ways of trading objectives against each other, behind one interface (`ranker.methods.method.Method`)."""
