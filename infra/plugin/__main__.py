"""The plugin: `pulumi package add <this folder>` makes the components' SDK in your language."""

from importlib.metadata import version

from pulumi.provider.experimental import component_provider_host

from skillpkg_infra.hosting import PACKAGE, aws

if __name__ == "__main__":
    component_provider_host(components=aws(), name=PACKAGE, version=version("skreg-infra"))
