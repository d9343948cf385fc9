"""Models that the page has opened: each is loaded once, behind the page, and shared by all sessions."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from chatbot.models.backends import ChatModel

KEPT = 3
"""Models held in memory at once; a fourth pushes out the one unused for longest."""


class ModelPool:
    """Opens models by id; several threads may ask for one model, and it is still loaded once."""

    def __init__(self, open_model: Callable[[str], ChatModel]) -> None:
        self._open = open_model
        self._models: OrderedDict[str, ChatModel] = OrderedDict()
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def ready(self, model_id: str) -> bool:
        """Whether the model answers at once."""
        return model_id in self._models

    def get(self, model_id: str) -> ChatModel:
        """The model, loaded first if need be (seconds, or minutes for a large one)."""
        with self._loading:
            if model_id not in self._models:
                self._keep(model_id, self._open(model_id))
        with self._lock:
            self._models.move_to_end(model_id)
            return self._models[model_id]

    def warm(self, model_id: str) -> threading.Thread:
        """Start loading the model without waiting for it; an error shows when somebody asks for the model."""
        thread = threading.Thread(target=self._warm, args=(model_id,), daemon=True, name=f"load {model_id}")
        thread.start()
        return thread

    def _warm(self, model_id: str) -> None:
        try:
            self.get(model_id)
        except Exception as error:
            print(f"{model_id} could not be loaded yet: {error}", flush=True)

    def _keep(self, model_id: str, model: ChatModel) -> None:
        with self._lock:
            self._models[model_id] = model
            while len(self._models) > KEPT:
                self._models.popitem(last=False)
