"""Methods that trade objectives against each other, with one interface (`trimtab.ranker.methods.method.Method`)."""
