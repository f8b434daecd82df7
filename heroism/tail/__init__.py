"""Starting points where the error is: an importance-sampled start law for total variations that few paths carry."""

from heroism.tail.law import Tail

__all__ = ["Tail"]
