"""The Pulumi program: read the configuration, register the stack."""

import gc

# Half of a short program's work is importing; the collector would walk all of it again and again.
gc.set_threshold(200_000, 50, 50)

from skillpkg_infra.config import StackConfig  # noqa: E402
from skillpkg_infra.stack import SkillpkgStack  # noqa: E402

SkillpkgStack(StackConfig.load()).run()
