"""Networks as one HTML page that says why each edge is there."""

from mistruct.page.network_page import NetworkPage, explore

__all__ = ["NetworkPage", "explore"]
