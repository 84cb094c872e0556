"""The site: every page executed, the reference, the guides, as files that a browser opens without a network.

`making` does all of it, in this order: `execution` runs the pages, once for each version of them; `tree`
writes what Sphinx reads, from those pages and `docs/`; `building` makes Sphinx's own environment and calls
it; `extension` tells Sphinx of our form. A page in another language is its executed page with the sentences
of `docs/locales`.
"""
