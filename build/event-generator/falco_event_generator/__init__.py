"""Does what the default rules alert on, an action for each rule and beside it a near miss, and undoes it."""

from __future__ import annotations
