"""The exhibits of the Lesson tab in their order: what moves in each, where it stands at first, and the code that does it."""

from chatbot.ui.lesson.exhibit import Exhibit, Pick, Slider, Words

SENTENCE = "找一家能打麻将的酒店，五百以内"
MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
MODELS = ("hotel-mini", "hotel-mini-base")
_MODEL = Pick("model", MODELS, "hotel-mini")
_TEXT = Words("text", SENTENCE, most=30)
_LAYER, _HEAD = Slider("layer", 1, 12, 1), Slider("head", 1, 4, 1)
_PLACE = Slider("place", 1, 40, 6)
_BLOCK = "chatbot/lesson/block.py"

EXHIBITS: dict[str, Exhibit] = {
    e.name: e
    for e in (
        Exhibit(
            "merges",
            (
                Words("text", "能打麻将的酒店，有棋牌室的酒店，棋牌室能打麻将吗，酒店贵不贵", most=120),
                Pick("units", ("characters", "bytes"), "characters"),
                Slider("done", 0, 40, 1),
            ),
            (("chatbot/lesson/merges.py", "_merged"), ("chatbot/training/tokenizer.py", "train_tokenizer")),
            step="done",
            model=False,
        ),
        Exhibit(
            "pretrain",
            (Slider("trained", 0, 500, 0, 50), Pick("warmup", ("yes", "no"), "yes")),
            (("chatbot/lesson/pretrain.py", "Pretraining"), ("chatbot/lesson/pretrain.py", "rate_at")),
            step="trained",
        ),
        Exhibit(
            "attention",
            (_TEXT, _MODEL, Slider("step", 1, 6, 3), _LAYER, _HEAD, _PLACE),
            ((_BLOCK, "step"), (_BLOCK, "masked_softmax")),
            step="step",
        ),
        Exhibit(
            "rope",
            (_TEXT, _MODEL, _LAYER, _HEAD, _PLACE, Slider("pair", 1, 32, 3), Slider("turn", -20, 20, 0)),
            ((_BLOCK, "rotated"), (_BLOCK, "angles")),
            step="turn",
        ),
        Exhibit(
            "next",
            (
                _TEXT,
                _MODEL,
                Slider("place", 1, 40, 18),
                Slider("temperature", 0, 2, 1, 0.05),
                Slider("top_p", 0.05, 1, 0.9, 0.05),
            ),
            (("chatbot/lesson/sampling.py", "choices"), ("chatbot/lesson/sampling.py", "nucleus")),
            step="place",
        ),
        Exhibit(
            "quantise",
            (_MODEL, _LAYER, Pick("matrix", MATRICES, "q_proj"), Slider("row", 1, 704, 1)),
            (
                ("chatbot/lesson/quantise.py", "nf4"),
                ("chatbot/lesson/quantise.py", "int8"),
                ("chatbot/models/loading.py", "_weights"),
            ),
            step="row",
        ),
        Exhibit(
            "memory",
            (
                Pick("base", ("llama-2-7b", "chatglm3-6b", *MODELS), "llama-2-7b"),
                Slider("rank", 1, 64, 16),
                Pick("paged", ("no", "yes"), "no"),
            ),
            (("chatbot/lesson/memory.py", "parts"), ("chatbot/training/finetune.py", "arguments")),
            model=False,
        ),
        Exhibit(
            "adapters",
            (
                Slider("rank", 1, 64, 16),
                Slider("virtual", 1, 64, 20),
                Slider("layer", 1, 7, 4),
                Pick("matrix", MATRICES, "v_proj"),
            ),
            (("chatbot/training/methods.py", "peft_config"), ("chatbot/lesson/adapters.py", "trained")),
        ),
        Exhibit(
            "batch",
            (
                Pick("way", ("concatenated", "padded", "packed"), "packed"),
                Slider("examples", 2, 16, 8),
                Slider("length", 48, 192, 96, 8),
                Slider("batch_row", 1, 16, 4),
                Slider("shuffle", 0, 9, 0),
            ),
            (("chatbot/lesson/batch.py", "lay_out"), ("chatbot/training/data.py", "rows")),
            step="shuffle",
        ),
        Exhibit(
            "explosion",
            (Slider("moment", 1, 28, 28), Slider("spike", 1.5, 20, 3, 0.5)),
            (("chatbot/training/loss_guard.py", "LossGuard"), ("chatbot/training/guarded/loop.py", "run")),
            step="moment",
            model=False,
        ),
        Exhibit(
            "tool",
            (Words("text", SENTENCE, most=60), Slider("hop", 1, 6, 6)),
            (("chatbot/models/act_lines/constraint.py", "ActGuide"), ("chatbot/lesson/tool_call.py", "sql_of")),
            step="hop",
        ),
    )
}
