"""The CDK application, made from its context."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk

from infra.base.nag import add_checks
from infra.settings import read_settings
from infra.stack import ArchiveStack
from infra.variant import read_variant


def build(*, context: Mapping[str, Any] | None = None, outdir: str | None = None) -> cdk.App:
    """The application; without arguments, with those that the `cdk` command line passes.

    Raises:
        SettingsError: The context has a setting that cannot be.
        BundlingError: The functions' packages could not be downloaded.
    """
    app = cdk.App(context=context, outdir=outdir)
    given = app.node.get_all_context()
    ArchiveStack(app, settings=read_settings(given), variant=read_variant(given))
    add_checks(app)
    return app
