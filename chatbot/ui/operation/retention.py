"""Once a day what people said and was kept long enough is forgotten, as long as the page runs."""

import threading

from chatbot.core.operation.logs import LOG, failed
from chatbot.core.settings import Settings
from chatbot.core.trust.passes import DAY


def forget_daily(settings: Settings, ending: threading.Event) -> None:
    """Forget at once and then daily what is older than `keep_days`, until the page ends."""
    from chatbot.corpus.review.kept import expire

    while True:
        try:
            gone = expire(settings, settings.keep_days)
            LOG.info("forgotten", extra={"facts": gone.to_dict()})
        except Exception as error:  # the disk may be full today and not tomorrow
            failed(error)
        if ending.wait(DAY):
            return
