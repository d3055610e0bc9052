"""Least privilege, proved: the product runs under exactly the committed policies, and every grant is needed."""
