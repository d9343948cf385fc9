"""What stands in the report around its figures, in Chinese and English."""

from collections.abc import Mapping
from types import MappingProxyType

HEADINGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "language": ("中文", "English"),
        "title": ("酒店对话机器人评测报告", "Evaluation of the hotel chatbot"),
        "size": ("段对话", "dialogues"),
        "turns": ("个回合", "turns"),
        "what": ("它做什么", "What it does"),
        "well": ("做得怎么样", "How well"),
        "data": ("在什么上测的", "On what"),
        "against": ("和谁比", "Compared with what"),
        "wrong": ("它错在哪里：三个真实的例子", "What it gets wrong: three real examples"),
        "sure": ("有多大把握", "How sure"),
        "said": ("客人说", "The guest said"),
        "should": ("应当", "Should be"),
        "was": ("实际", "Was"),
        "false": ("没有依据", "Unsupported"),
        "figures": ("数字", "The figures"),
        "of_model": ("以上是这个模型的数字：", "These are the figures of "),
        "whole": (
            "；衡量的是整个机器人：模型加上它的核对",
            "; measured is the whole chatbot: the model and its checks",
        ),
        "bare_verdict": ("只看模型本身（不经核对）：", "The model alone (no checks): "),
        "main": ("主要指标", "Main figures"),
        "main_note": (
            "每格下方是按对话重抽样的 95% 区间。设施按标准名称比较。",
            "Below each figure its 95% interval, resampled by dialogue. Facilities are compared by their standard"
            " names.",
        ),
        "tests_note": (
            "模型之间按对话成对比较（自助法），p 值按 {tests} 次比较一起修正（Holm）；看不出时写明至少差多少才看得出"
            "（p < 0.05，五次里看出四次）。",
            " Models are compared in pairs by dialogue (bootstrap), and p is corrected for {tests} comparisons together"
            " (Holm); where too few tell, the least difference that would show is named (p < 0.05, four times in"
            " five).",
        ),
        "bare": ("模型本身", "The model alone"),
        "bare_note": (
            "同一批回合里模型写的第一稿。机器人在说出口之前会核对：查询要与用户的话相符，回复要有酒店库作依据；"
            "两张表的差别就是这些核对带来的。",
            "The model's first drafts at the same turns. Before it speaks the chatbot checks that a search fits the"
            " words and a reply the database; the difference between the two tables is the work of these checks.",
        ),
        "slots": ("各条件的理解（F1）", "Wishes one by one (F1)"),
        "confusion": ("最常见的误解", "Commonest confusions"),
        "slot": ("条件", "Wish"),
        "taken_for": ("理解成", "Taken for"),
        "times": ("次数", "Times"),
        "simulated": ("模拟用户", "Simulated user"),
        "simulated_note": (
            "模拟用户带着数据库中的真实目标与整个机器人对话；找到符合全部条件的酒店、所问的事实全部答对、且没有一句"
            "无据的话，才算完成。pass^k 是同一目标换 k 种说法都完成的机会。",
            "A simulated user with a real goal of the database talks to the whole chatbot; finished means a hotel that"
            " meets every wish, every fact answered right, and no unsupported claim. pass^k is the chance that k"
            " wordings of one goal all succeed.",
        ),
        "culprits": ("失败是谁的错", "Whose fault failures were"),
        "phenomena": ("各种说法听懂了多少", "Understood, by kind of wording"),
        "failures": ("未完成的原因", "why not finished"),
        "votes": ("盲评", "Blind votes"),
        "first": ("模型甲", "Model A"),
        "second": ("模型乙", "Model B"),
        "first_wins": ("甲胜", "A wins"),
        "second_wins": ("乙胜", "B wins"),
        "ties": ("平", "Ties"),
        "win_rate": ("甲胜率（95% 区间）", "A's win rate (95%)"),
        "examples": ("例子", "Examples"),
        "good": ("做对的", "Right"),
        "bad": ("做错的", "Wrong"),
        "message": ("第几条", "message"),
        "user": ("用户", "User"),
        "assistant": ("机器人", "Chatbot"),
        "tool": ("数据库", "Database"),
        "draft": ("核对之前的第一稿", "First draft before the checks"),
        "others": ("其他定义下的指标", "By other definitions"),
        "others_note": (
            "“原实验室定义”照 agiclass/fine-tuning-lab 的 evaluator.py 计算，便于与其公布的数字对照；它允许部分匹配，通常偏高。",
            "“Original lab” follows evaluator.py of agiclass/fine-tuning-lab, to compare with the figures published"
            " there; it allows partial matches and mostly reads higher.",
        ),
        "basis": ("依据", "Where it comes from"),
        "data_file": ("数据", "Data"),
        "hotels": ("酒店库", "Hotels"),
        "made": ("时间", "Made"),
        "versions": ("版本", "Versions"),
        "seconds": ("用时（秒）", "Seconds"),
        "feedback": ("用户反馈", "Feedback"),
        "likes": ("赞", "likes"),
        "dislikes": ("踩", "dislikes"),
        "corrections": ("其中改正", "corrected"),
        "queued": ("送去审核", "sent to review"),
    }
)


def headings(language: str) -> dict[str, str]:
    """All of them in one language."""
    return {key: pair[0 if language == "zh" else 1] for key, pair in HEADINGS.items()}
