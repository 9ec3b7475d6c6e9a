"""What ``pulumi up`` deploys on AWS starts, publishes and is installed from."""

from __future__ import annotations

from pathlib import Path

from support.twin import twin


def test_a_stack_publishes_and_is_installed_from(tmp_path: Path) -> None:
    with twin(tmp_path) as stack:
        stack.postgres.start()
        with stack.serving():
            acme = stack.customer("acme")
            acme.sign_up("acme")
            acme.publish("acme", "demo")
            reader = stack.customer("reader")
            reader.install("acme/demo")
            assert reader.installed("acme", "demo")
        assert stack.aws.rights.refused() == []
