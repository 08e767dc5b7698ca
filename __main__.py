"""The program of one environment: read its catalogue, build it, export its manifest and its wiring."""

import gc

import pulumi

from components.configuration import failures_in_words, read_catalogue
from components.environment import Environment, EnvironmentArgs

# Pulumi keeps every resource until the program ends, so collecting garbage on the way only walks them all
# again and again: with 500 keys that is half of the program's time. The default is 700.
gc.set_threshold(50_000)

with failures_in_words():
    catalogue = read_catalogue()
    environment = Environment(catalogue.environment, EnvironmentArgs.read(catalogue))

pulumi.export("manifest", environment.manifest)
pulumi.export("wiring", environment.wiring)
