"""At the page an error is told in the language of the person who asks, and what it holds is shown as text."""

from types import SimpleNamespace

import gradio as gr
import pytest
from pydantic import BaseModel

from chatbot.core.errors import AccessError, InputError
from chatbot.ui.shell.errors import in_words, needs

ZH, EN = (SimpleNamespace(headers={"accept-language": language}) for language in ("zh-CN", "en-US"))


class Size(BaseModel):
    rank: int


class Handlers:
    """One handler that fails as it is told to, behind a door that lets in whom it is told to."""

    class context:
        @staticmethod
        def require(request, role):
            if role == "admin":
                raise AccessError("ui.role", value="visitor", role=role)

    @needs("engineer")
    def fail(self, request, error):
        raise error

    @needs("engineer")
    def resize(self, request, rank):
        return Size(rank=rank)

    @needs("admin")
    def govern(self, request):
        return "done"


@pytest.mark.parametrize(
    ("who", "told"),
    [(ZH, "还没有选训练"), ("zh", "还没有选训练"), (EN, "no run is chosen"), ("en", "no run is chosen")],
)
def test_an_error_is_told_in_the_language_of_the_browser(who, told):
    assert in_words(InputError("ui.no_run"), who).startswith(told)


@pytest.mark.parametrize(("who", "told"), [(ZH, "没有成功：还没有选训练"), (EN, "That did not work: no run is chosen")])
def test_a_handler_that_fails_says_what_and_shows_the_value_as_text(who, told):
    with pytest.raises(gr.Error, match=told) as caught:
        Handlers().fail(who, InputError("ui.no_run", value="<img src=x>"))
    assert "&lt;img" in caught.value.message and "<img" not in caught.value.message


@pytest.mark.parametrize(("who", "told"), [(ZH, "“rank”的值不能用：&lt;b&gt;"), (EN, "“rank” cannot be &lt;b&gt;")])
def test_a_field_that_does_not_validate_is_named_with_its_value(who, told):
    with pytest.raises(gr.Error, match=told):
        Handlers().resize(who, "<b>")


def test_a_handler_that_needs_another_role_says_which_and_does_not_run():
    with pytest.raises(gr.Error, match="这需要“admin”角色"):
        Handlers().govern(ZH)
    assert Handlers().resize(ZH, 8) == Size(rank=8)


def test_a_bug_is_no_message_for_a_person():
    with pytest.raises(ZeroDivisionError):
        Handlers().fail(ZH, ZeroDivisionError())
