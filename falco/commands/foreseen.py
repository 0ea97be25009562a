"""Getting something ready while events go on, and going over to it between two of them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

from falco.errors import FalcoError

if TYPE_CHECKING:
    from collections.abc import Callable

Made = TypeVar("Made")


class Foreseen(Generic[Made]):
    """At most one thing is being made, by a thread; what is asked for later takes the place of what is not ready."""

    def __init__(self) -> None:
        self._workers = ThreadPoolExecutor(1, thread_name_prefix="foreseen")
        self._pending: tuple[Future[Made], Callable[[Made], None], Callable[[FalcoError], None]] | None = None

    def make(
        self, make: Callable[[], Made], take_up: Callable[[Made], None], failed: Callable[[FalcoError], None]
    ) -> None:
        """Have it made, and then call take_up with it from ticking(), or failed with the reason."""
        if self._pending is not None:
            self._pending[0].cancel()
        self._pending = self._workers.submit(make), take_up, failed

    def ticking(self, running: Callable[[], bool]) -> Callable[[], bool]:
        """The same question, with what is ready taken up before it is answered."""

        def tick() -> bool:
            if self._pending is not None and self._pending[0].done():
                self._take_up()
            return running()

        return tick

    def close(self) -> None:
        """Wait for what is being made; it is not taken up any more."""
        self._pending = None
        self._workers.shutdown(cancel_futures=True)

    def _take_up(self) -> None:
        if self._pending is None:
            return
        (future, take_up, failed), self._pending = self._pending, None
        try:
            made = future.result()
        except FalcoError as error:
            failed(error)
        else:
            take_up(made)
