"""The CDK application: `cdk synth`, `cdk diff` and `cdk deploy` run it."""

import sys

from infra.application import build
from infra.base.bundling import BundlingError
from infra.settings import SettingsError

try:
    build().synth()
except (SettingsError, BundlingError) as error:
    sys.exit(str(error))
