"""The data card: where a corpus comes from, what was done to it and what was measured, beside every export."""

from collections import Counter
from collections.abc import Sequence
from statistics import mean
from typing import Any

from chatbot.core.messages import Conversation
from chatbot.corpus.checks import check
from chatbot.corpus.duplicates import diversity
from chatbot.hotels.store import HotelStore

CROSSWOZ = "CrossWOZ (thu-coai/CrossWOZ), Apache-2.0"
OWN = "本项目自对话与自有短语表生成 self-play and phrase tables of this project, licence of the project"


def statistics(conversations: Sequence[Conversation]) -> dict[str, Any]:
    """Counts of a corpus: conversations, sources, turns, calls, how often each argument is used, operations and who wrote them."""
    calls = [m.call.arguments for c in conversations for m in c.messages if m.call]
    operations = Counter(
        str(op) for c in conversations for op in _listed(c.meta.get("operations") or c.meta.get("operation"))
    )
    turns = [sum(m.role == "user" for m in c.messages) for c in conversations]
    return {
        "conversations": len(conversations),
        "sources": len({c.source for c in conversations}),
        "turns": sum(turns),
        "turns_per_conversation": round(mean(turns), 2) if turns else 0,
        "calls": len(calls),
        "arguments": dict(Counter(key for arguments in calls for key in arguments).most_common()),
        "operations": dict(operations.most_common()),
        "providers": dict(
            Counter(str(c.meta["provider"]) for c in conversations if c.meta.get("provider")).most_common()
        ),
    }


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value] if value else []


def passed(conversations: Sequence[Conversation], store: HotelStore) -> dict[str, float]:
    """The share of conversations that pass each check, replayed now."""
    results = [found for c in conversations for found in check(c, store)]
    totals = Counter(r.name for r in results)
    return {name: round(sum(r.passed for r in results if r.name == name) / count, 4) for name, count in totals.items()}


def data_card(
    sides: dict[str, list[Conversation]], store: HotelStore, leaks: dict[str, int], more: dict[str, Any] | None = None
) -> str:
    """A data card in Markdown.

    Args:
        sides: the conversations of each side.
        store: the database that the calls ran against.
        leaks: the split's leak report.
        more: further sections by title (prompts' hashes, review decisions): a mapping of names to values each.
    """
    whole = [c for side in sides.values() for c in side]
    sources = Counter(CROSSWOZ if c.source.startswith("crosswoz-") else OWN for c in whole)
    found = statistics(whole)
    sections: dict[str, dict[str, Any]] = {
        "来源与许可 Sources and licences": sources,
        "规模 Size": {name: len(side) for name, side in sides.items()}
        | {k: found[k] for k in ("sources", "turns", "turns_per_conversation", "calls")},
        "查询参数 Arguments of the calls": found["arguments"],
        "增强操作 Operations": found["operations"] | found["providers"],
        "检查通过率 Checks passed": passed(whole, store),
        "多样性 Diversity of the users' words": diversity(whole),
        "划分泄漏 Leaks between the sides": leaks,
    } | (more or {})
    lines = ["# 数据卡 Data card", ""]
    for title, table in sections.items():
        if table:
            lines += [
                f"## {title}",
                "",
                "| | |",
                "|---|---|",
                *(f"| {key} | {value} |" for key, value in table.items()),
                "",
            ]
    return "\n".join(lines)
