"""A process that holds no answers, confined by bubblewrap, for the code of a student."""
