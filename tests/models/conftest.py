"""A small model and a tokenizer file, made once for all claims about models."""

import pytest

from tests.chatglm_original import train_sentencepiece
from tests.tiny_models import tiny_llama


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Folder of a random Llama; nobody writes into it."""
    return tiny_llama(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def tokenizer_model():
    """Bytes of a `tokenizer.model`."""
    return train_sentencepiece()
