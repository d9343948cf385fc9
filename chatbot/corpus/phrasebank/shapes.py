"""Short sentences around one wording of the bank: wishes and questions by the form of their wording, questions that only point."""

ASKED_OF_HOTELS = "有{}没"
"""A wish where no hotel was shown, a question where some were."""
SHAPES: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "np": (
            *("想找一家有{}的酒店", "有带{}的吗", "要有{}", "找个有{}的", "{}的酒店有吗"),
            *("住的地方得有{}", ASKED_OF_HOTELS, "得有{}", "{}", "带{}的"),
        ),
        "vp": (
            *("最好{}，帮我找找", "想住个{}的地方", "要{}的", "找家{}的酒店", "有没有{}的"),
            *("{}", "得{}", "{}就行", "必须{}"),
        ),
        "need": (
            *("{}，给推荐一家吧", "{}，有合适的酒店吗", "{}", "{}", "{}，住哪好"),
            *("{}，帮我挑挑", "我这次{}", "{}，你看着找"),
        ),
    },
    "en": {
        "np": ("I need a hotel with {}", "anything with {}?", "must have {}", "{} please", "with {}", "looking for {}"),
        "vp": ("it should {}", "one that {}", "{}", "somewhere that {}", "I want a place where: {}"),
        "need": ("{}", "{}, any suggestions?", "{}. What do you have?", "{}, where should I stay?"),
    },
}
"""Language → form → sentences around a wording of that form."""
QUESTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "np": (
            *("{{which}}有{}吗", "{{which}}有没有{}", "请问{{which}}提供{}吗", "{{which}}带{}不", "{{which}}里头有{}没", "那{{which}}有{}吧"),
            *("{{which}}是不是有{}啊", "我想问下{{which}}有{}么", "{{which}}配{}了吗", "{{which}}有{}这些服务吗", "好的,{{which}}有{}吗?"),
        ),
        "vp": ("{{which}}{}吗", "{{which}}是不是{}", "想问{{which}}{}不", "那{{which}}{}吗", "{{which}}可以{}吗", "{{which}}{}没有"),
    },
    "en": {
        "np": ("does {{which}} have {}?", "is there {} at {{which}}?", "has {{which}} got {}", "{{which}} has {}, right?"),
        "vp": ("does {{which}} {}?", "can you check if {{which}} will {}", "would {{which}} {}?"),
    },
}  # fmt: skip
"""Language → form → questions whether a hotel shown has what the wording says."""
ONLY_POINTS: dict[str, tuple[str, ...]] = {
    "zh": (
        *("{which}呢", "那{which}呢", "{which}呢？", "换成{which}呢"),
        *("{which}也说说", "还有{which}呢", "{which}怎么说", "也问问{which}"),
    ),
    "en": ("what about {which}?", "and {which}?", "how about {which}", "same for {which}?", "{which} too?"),
}
"""Questions that only point: what is asked was said before."""
