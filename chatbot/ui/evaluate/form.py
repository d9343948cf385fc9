"""What is chosen on the Evaluate tab, by name: a study to start, and which wrong turns to show."""

from dataclasses import dataclass

from chatbot.evaluation.reporting.compare import Case, cases, select
from chatbot.evaluation.study import Study


@dataclass(frozen=True)
class StudyForm:
    """A study as the page sends it; 0 goals mean no simulation, a limit of 0 means all of the data."""

    models: list[str]
    data: str | None
    goals: float | None = 0
    limit: float | None = 0


@dataclass(frozen=True)
class CaseFilter:
    """Which wrong turns of which model of a study; an empty field filters nothing."""

    study: str | None
    model: int | None
    kind: str | None = ""
    slot: str | None = ""
    operation: str | None = ""
    longest: float | None = 0

    def find(self, study: Study | None) -> list[Case] | None:
        """The cases that fit; None where no model of the study is chosen."""
        if study is None or self.model is None or self.model >= len(study.models):
            return None
        texts = {"kind": self.kind or "", "slot": self.slot or "", "operation": self.operation or ""}
        found = cases(study.rows(self.model), study.conversations)
        return select(found, **texts, longest=int(self.longest) if self.longest else None)
