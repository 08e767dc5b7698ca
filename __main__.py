"""The program of one environment: read its catalogue, build it, export its manifest and its wiring."""

import pulumi

from components.configuration import failures_in_words, read_catalogue
from components.environment import Environment, EnvironmentArgs

with failures_in_words():
    catalogue = read_catalogue()
    environment = Environment(catalogue.environment, EnvironmentArgs.read(catalogue))

pulumi.export("manifest", environment.manifest)
pulumi.export("wiring", environment.wiring)
