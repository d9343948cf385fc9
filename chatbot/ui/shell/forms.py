"""Forms by name: Gradio hands a handler one dict (component → value), which becomes a typed, frozen object before anything reads it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Union

import gradio as gr

Form = TypeVar("Form")
Part = Union[gr.components.Component, "Fields[Any]"]

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""Of a listener that belongs to the page alone and answers at once."""
WAIT: dict[str, Any] = {"api_visibility": "private", "show_progress": "minimal"}
"""Of one whose work takes a moment."""


def in_sight(element: str) -> str:
    """The script that scrolls an element of this id into sight where it is not: on a phone what a button shows is screens away."""
    return f"() => {{ document.getElementById('{element}')?.scrollIntoView({{block: 'nearest'}}); }}"


@dataclass(frozen=True)
class Fields(Generic[Form]):
    """The components that a form is read from, each under the name of the form's field that it fills.

    Attributes:
        form: makes the form object from its fields: a frozen dataclass.
        parts: field → component, or the fields of a form within this one.
    """

    form: type[Form]
    parts: Mapping[str, Part]

    @property
    def components(self) -> list[gr.components.Component]:
        """All components, those of inner forms among them, in the order of the fields."""
        return list(self._components())

    @property
    def inputs(self) -> set[gr.components.Component]:
        """For a listener's `inputs`: as a set, so that Gradio hands their values over by component."""
        return set(self._components())

    def read(self, values: Mapping[gr.components.Component, Any]) -> Form:
        """The form as it was filled in."""
        return self.form(
            **{
                name: part.read(values) if isinstance(part, Fields) else values[part]
                for name, part in self.parts.items()
            }
        )

    def to(self, handler: Callable[[gr.Request, Form], Any]) -> Callable[..., Any]:
        """A listener of these inputs that calls the handler with the form."""

        def listen(values: dict[Any, Any], request: gr.Request) -> Any:
            return handler(request, self.read(values))

        listen.__qualname__ = handler.__qualname__
        listen.__dict__["role"] = getattr(handler, "role", None)
        return listen

    def _components(self) -> Iterator[gr.components.Component]:
        for part in self.parts.values():
            yield from part.components if isinstance(part, Fields) else (part,)
