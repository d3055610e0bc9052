"""The crash matrix: every flow, stopped at every place where the product touches the world outside it."""
