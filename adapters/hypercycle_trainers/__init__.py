"""hypercycle in the trainers that people have: a module for each, named as it is imported.

Importing this package loads none of them.
"""
