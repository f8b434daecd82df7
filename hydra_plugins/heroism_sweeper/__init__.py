"""``hydra/sweeper=heroism``: a plugin as Hydra looks for them, in every ``hydra_plugins`` folder on the path."""
