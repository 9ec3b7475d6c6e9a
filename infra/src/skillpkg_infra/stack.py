"""The one composition of a registry, blind to the cloud it runs on."""

from __future__ import annotations

import pulumi

from skillpkg_infra import arguments, environment
from skillpkg_infra.config import StackConfig
from skillpkg_infra.deployed import Deployed
from skillpkg_infra.exports import stack_outputs
from skillpkg_infra.providers import load
from skillpkg_infra.warnings import warnings_of


class SkillpkgStack:
    """A whole registry: network, keys, storage, database, compute, in this order."""

    def __init__(self, config: StackConfig, *, quiet: bool = False) -> None:
        self.config = config
        self._quiet = quiet

    def run(self) -> Deployed:
        """Register every resource and export the stack's outputs."""
        for warning in () if self._quiet else warnings_of(self.config):
            pulumi.log.warn(warning)
        made = self._compose()
        for name, value in stack_outputs(self.config, made).items():
            pulumi.export(name, value)
        return made

    def _compose(self) -> Deployed:
        config, cloud = self.config, load(self.config.cloud_provider)
        connection = cloud.connect(str(config.cloud_provider), config.region, config.tags)
        options = pulumi.ResourceOptions(provider=connection)
        network = cloud.network("network", arguments.network(config), options)
        pki = cloud.pki("pki", arguments.pki(config), options)
        storage = cloud.storage("storage", arguments.storage(config), options)
        database = cloud.database("database", arguments.database(config, network.outputs), options)
        base = environment.shared(config, database.outputs, storage.outputs)
        environments = {
            "api": environment.for_api(config, base),
            "worker": environment.for_worker(base, storage.outputs, pki.outputs),
        }
        compute_args = arguments.compute(
            config, network.outputs, storage.outputs, pki.outputs, database.outputs, environments
        )
        compute = cloud.compute("compute", compute_args, options)
        return Deployed(network, pki, storage, database, compute)
