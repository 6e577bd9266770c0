"""What `dagster dev` and `dg` load: the definitions of the deployment the environment describes."""

from pipelines.build import build_definitions
from pipelines.settings import from_environment

defs = build_definitions(from_environment())
