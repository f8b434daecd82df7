"""Closed-form targets, samplers that carry their own Jacobian, and the exact total variation between them."""

__version__ = "0.1.0"
