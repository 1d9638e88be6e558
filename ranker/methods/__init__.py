"""Ways of trading objectives against each other, behind one interface (`trimtab.ranker.methods.method.Method`)."""
