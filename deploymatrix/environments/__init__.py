"""Interpreters, packages and images, made from locks."""
