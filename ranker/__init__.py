"""Second stage: features, calibrated heads, the slate stage, training, the TorchScript artefact."""
