"""A taste of `check` on the welcome page: in no homework. A file is an exercise."""
