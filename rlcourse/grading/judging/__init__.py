"""Judges one submission or a folder of them: values from the sandbox are compared with references here."""
