"""What every tab is given: the settings, who is asking, and what belongs to one session alone."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatbot.core.accounts import ROLES, Accounts, Role
from chatbot.core.errors import AccessError, ModelError
from chatbot.core.settings import DATA, Settings
from chatbot.hotels.preview import Choices, read_hotel_file
from chatbot.hotels.store import HotelStore
from chatbot.models.backends import ChatModel
from chatbot.models.catalog import ModelChoice, available_models, open_model
from chatbot.ui.shell.model_pool import ModelPool

if TYPE_CHECKING:
    from chatbot.dialogue.agent import Agent


@dataclass
class Session:
    """What one open page owns: the hotels it searches, those it brought, and whether it has asked the running turn to stop."""

    store: HotelStore
    uploaded: HotelStore | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    busy: bool = False


def _agent(model: ChatModel, store: HotelStore) -> "Agent":
    from chatbot.dialogue.agent import Agent

    return Agent(model, store)


def _record_feedback(*args: Any, **values: Any) -> object:
    from chatbot.corpus.review.feedback import record_feedback

    return record_feedback(*args, **values)


class PageContext:
    """Everything that the tabs share, and the checks of who may do what.

    Without accounts the page is one person's own, and that person may do everything; in the demo everybody is a visitor.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        demo: bool = False,
        accounts: Accounts | None = None,
        models: Callable[[Settings], Sequence[ModelChoice]] = available_models,
        open_model: Callable[..., ChatModel] = open_model,
        agent: Callable[[ChatModel, HotelStore], "Agent"] = _agent,
        record_feedback: Callable[..., object] = _record_feedback,
    ) -> None:
        self.agent, self.record_feedback = agent, record_feedback
        self.settings, self.demo, self.accounts = settings, demo, accounts
        self.pool = ModelPool(partial(open_model, current=settings))
        self._models = models
        self._sessions: dict[tuple[str, str], Session] = {}
        self._lock = threading.Lock()

    def role(self, request: Any) -> Role:
        """What the person behind a request is."""
        if self.demo:
            return "visitor"
        return self.accounts.role(getattr(request, "username", None)) if self.accounts is not None else "admin"

    def may(self, request: Any, role: Role) -> bool:
        """Whether the person has this role or a higher one."""
        return ROLES.index(self.role(request)) >= ROLES.index(role)

    def require(self, request: Any, role: Role) -> None:
        """Refuse what the person may not do.

        Raises:
            AccessError: the person's role is lower.
        """
        if not self.may(request, role):
            raise AccessError("ui.role", value=self.role(request), role=role)

    @cached_property
    def default_store(self) -> HotelStore:
        """The database that sessions start with."""
        return HotelStore.load(self.settings.hotels)

    @property
    def hotels_loaded(self) -> bool:
        """Whether the database is there already."""
        return "default_store" in vars(self)

    @property
    def open_sessions(self) -> int:
        """Pages that are open."""
        return len(self._sessions)

    def stop_turns(self) -> None:
        """Ask every turn that is under way to stop; each keeps what it has said."""
        with self._lock:
            for session in self._sessions.values():
                session.stop.set()

    def session(self, request: Any) -> Session:
        """What belongs to the page behind a request; made at its first question."""
        store = self.default_store
        with self._lock:
            return self._sessions.setdefault(_key(request), Session(store))

    def store(self, request: Any) -> HotelStore:
        """The hotel database of a session."""
        return self.session(request).store

    @property
    def ships_hotels(self) -> bool:
        """Whether sessions start with the invented hotels that the project ships."""
        return self.settings.hotels == DATA / "hotel_db.json"

    def use_store(self, request: Any, path: Path, choices: Choices | None = None) -> HotelStore:
        """Give a session a database of its own.

        Args:
            choices: what the person decided about a file that was shown before; None takes a file in our form alone.

        Raises:
            AccessError: a visitor brings a file.
            InputError: the file is not a hotel database.
        """
        self.require(request, "annotator")
        store = HotelStore(read_hotel_file(path, choices).hotels) if choices else HotelStore.load(path)
        session = self.session(request)
        session.store = session.uploaded = store
        return store

    def forget(self, request: Any) -> None:
        """Drop what a closed page owned, and stop its turn."""
        with self._lock:
            session = self._sessions.pop(_key(request), None)
        if session:
            session.stop.set()

    def models(self, request: Any = None) -> list[ModelChoice]:
        """The models that a person may talk to: visitors the shipped ones, and an endpoint, which costs money, needs an engineer."""
        spends = self.may(request, "engineer")
        return [
            m
            for m in self._models(self.settings)
            if m.kind == "shipped" or not (self.demo or (m.kind == "endpoint" and not spends))
        ]

    def check_offered(self, request: Any, model_id: str) -> None:
        """Refuse a model that is not among the person's choices.

        Raises:
            ModelError: it is not.
        """
        offered = [m.id for m in self.models(request)]
        if model_id not in offered:
            raise ModelError("ui.not_offered", value=model_id, choices=offered or ["–"])

    def model(self, request: Any, model_id: str) -> ChatModel:
        """An opened model, if this person may talk to it.

        Raises:
            ModelError: there is no such model among the person's choices.
        """
        self.check_offered(request, model_id)
        return self.pool.get(model_id)


def _key(request: Any) -> tuple[str, str]:
    """A session belongs to a page and to the person logged in there."""
    return getattr(request, "username", None) or "", getattr(request, "session_hash", None) or ""
