"""All actions, by name."""

from __future__ import annotations

from falco_event_generator import containers, files, network, processes

ACTIONS = {
    action.name: action for action in (*files.ACTIONS, *processes.ACTIONS, *network.ACTIONS, *containers.ACTIONS)
}
