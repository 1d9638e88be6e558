"""The bundle: a verified folder with everything one engine needs."""
