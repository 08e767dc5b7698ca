"""The secret stores of the CIs: how a value gets there through standard input, and who can read it there.

A module for the stores that have a program of their own, one for those that are asked over HTTP.
"""
