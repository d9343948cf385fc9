"""Grammars for constrained decoding: under them a model of any family can write nothing but a call that parses and fits the tools.

The notation is the EBNF of xgrammar. Properties come in the schema's order, each optional one at most once.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from xgrammar import TokenizerInfo

TEXT_MOST, ITEM_MOST, ITEMS_MOST = 80, 40, 12
"""Characters of a text and of a list's item, and items of a list, where the schema sets no bound."""
LONGEST_TEXT, LONGEST_LIST = 2_000, 100
"""The same where the schema sets a wider one: a narrower grammar still fits it, and takes no longer to compile."""
_FRACTION = '("." [0-9]{1,2})?'


def literal(text: str) -> str:
    """A text as a terminal."""
    return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True)
class Notation:
    """How a family writes data: keys, separators, strings, brackets; `inner` is how it writes objects within, where that differs."""

    key: Callable[[str], str] = lambda name: f"{json.dumps(name, ensure_ascii=False)}: "
    comma: str = ", "
    brackets: tuple[str, str] = ("{", "}")
    quote: str = '"'
    constant: Callable[[Any], str] = lambda value: json.dumps(value, ensure_ascii=False)
    inner: "Notation | None" = None


JSON = Notation()
COMPACT_JSON = Notation(key=lambda name: f"{json.dumps(name, ensure_ascii=False)}:", comma=",")
PYTHON_DICT = Notation(key=lambda name: f"{name!r}: ", quote="'", constant=repr)
PYTHON_KEYWORDS = Notation(key=lambda name: f"{name}=", brackets=("", ""), quote="'", constant=repr, inner=PYTHON_DICT)


@dataclass
class Grammar:
    """Rules under construction."""

    notation: Notation
    rules: list[str] = field(default_factory=list)

    def rule(self, body: str) -> str:
        """Add a rule; returns its name."""
        name = f"r{len(self.rules)}"
        self.rules.append(f"{name} ::= {body}")
        return name

    def text(self, most: int) -> str:
        """A non-empty string of at most `most` characters; escapes are those of the quote, the backslash and the newline."""
        quote = self.notation.quote
        if most < 1:
            return literal(quote + quote)
        escapes = rf'"\\" [{quote}\\n]'
        return f"{literal(quote)} ([^{quote}\\\\\\x00-\\x1f\\x7f] | {escapes}){{1,{most}}} {literal(quote)}"

    def number(self, schema: dict[str, Any]) -> str:
        """A number within the schema's bounds, as far as a grammar can hold them: sign, and a one-digit maximum."""
        fraction = "" if schema.get("type") == "integer" else f" {_FRACTION}"
        lowest, highest = schema.get("minimum"), schema.get("maximum")
        sign = '"-"? ' if lowest is None or lowest < 0 else ""
        if isinstance(highest, int) and 1 <= highest <= 9:
            return f'{sign}(([0-{highest - 1}]{fraction}) | "{highest}")'
        return f'{sign}("0" | [1-9] [0-9]{{0,5}}){fraction}'

    def value(self, schema: dict[str, Any], most: int = TEXT_MOST) -> str:
        """The rule of one value."""
        kind = schema.get("type")
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return self.rule(" | ".join(self.value(option, most) for option in options))
        if "enum" in schema:
            return self.rule(" | ".join(literal(self.notation.constant(option)) for option in schema["enum"]))
        if kind in ("number", "integer"):
            return self.rule(self.number(schema))
        if kind == "boolean":
            return self.rule(" | ".join(literal(self.notation.constant(option)) for option in (True, False)))
        if kind == "array":
            return self.rule(self.items(schema))
        if kind == "object":
            return Grammar(self.notation.inner or self.notation, self.rules).members(schema)
        return self.rule(self.text(min(int(schema.get("maxLength", most)), LONGEST_TEXT)))

    def items(self, schema: dict[str, Any]) -> str:
        """A list within brackets, of one item at the least where it may have any."""
        more = min(int(schema.get("maxItems", ITEMS_MOST)), LONGEST_LIST) - 1
        if more < 0:
            return '"[]"'
        item, comma = self.value(schema.get("items", {}), ITEM_MOST), literal(self.notation.comma)
        return f'"[" {item} ({comma} {item}){{0,{more}}} "]"'

    def members(self, schema: dict[str, Any]) -> str:
        """The rule of an object's properties within the notation's brackets."""
        opening, closing = self.notation.brackets
        first = rest = self.rule('""')
        for name, property_schema in reversed(schema.get("properties", {}).items()):
            pair = f"{literal(self.notation.key(name))} {self.value(property_schema)}"
            optional = name not in schema.get("required", ())
            first, rest = (
                self.rule(f"{pair} {rest}" + (f" | {first}" if optional else "")),
                self.rule(f"{literal(self.notation.comma)} {pair} {rest}" + (f" | {rest}" if optional else "")),
            )
        return self.rule(f"{literal(opening)} {first} {literal(closing)}")

    def named(self, function: dict[str, Any], keys: Sequence[str], arguments: str = "") -> str:
        """The rule of {"name": …, key: {arguments}} with one of the keys; `arguments` is the rule of these, where it is there already."""
        arguments = arguments or self.members(function["parameters"])
        start = literal(f'{{"name": {json.dumps(function["name"])}, "')
        key = " | ".join(map(literal, keys))
        return self.rule(f'{start} ({key}) {literal(chr(34) + ": ")} {arguments} "}}"')

    def finish(self, root: str) -> str:
        """The grammar's text."""
        return "\n".join([f"root ::= {root}", *self.rules])


def object_grammar(schema: dict[str, Any]) -> str:
    """The grammar of a compact JSON object with a schema's properties, the optional ones in the schema's order."""
    grammar = Grammar(COMPACT_JSON)
    return grammar.finish(grammar.members(schema))


def _chatglm3(functions: Sequence[dict[str, Any]]) -> str:
    grammar = Grammar(PYTHON_KEYWORDS)
    calls = [(literal(f["name"] + "\n"), grammar.members(f["parameters"])) for f in functions]
    # SentencePiece puts a space before each text that is encoded on its own.
    return grammar.finish(
        " | ".join(f'" "? {name} " "? "```python\\ntool_call(" {arguments} ")\\n```"' for name, arguments in calls)
    )


def _llama2(functions: Sequence[dict[str, Any]]) -> str:
    grammar = Grammar(JSON)
    return grammar.finish(f'" " ({" | ".join(grammar.named(f, ["arguments"]) for f in functions)})')


def _template(functions: Sequence[dict[str, Any]]) -> str:
    """The forms that `template_family.read` reads: Qwen's and Hermes', Llama 3's, GLM-4's."""
    grammar = Grammar(JSON)
    known = [(f, grammar.members(f["parameters"])) for f in functions]
    call = grammar.rule(" | ".join(grammar.named(f, ["arguments", "parameters"], rule) for f, rule in known))
    lines = " | ".join(f"{literal(f['name'] + chr(10))} {rule}" for f, rule in known)
    return grammar.finish(f'"<tool_call>" "\\n"? {call} "\\n"? "</tool_call>" | "<|python_tag|>"? {call} | {lines}')


def call_grammar(family_name: str, tools: Sequence[dict[str, Any]]) -> str:
    """The grammar of what follows a family's `call_start` in a call of one of the tools.

    Args:
        family_name: "hotel-mini" (which knows one function: the first of the tools), "chatglm3", "llama2" or "template".
        tools: in OpenAI form, or bare function schemas; at least one.
    """
    functions = [{"parameters": {}} | tool.get("function", tool) for tool in tools]
    if family_name == "hotel-mini":
        return object_grammar(functions[0]["parameters"])
    return {"chatglm3": _chatglm3, "llama2": _llama2, "template": _template}[family_name](functions)


def token_info(tokenizer: "PreTrainedTokenizerBase", size: int, stops: Sequence[int]) -> "TokenizerInfo":
    """What xgrammar knows of a tokenizer, without the texts of special tokens: a mark inside a string would pass for its characters.

    Args:
        tokenizer: of the model.
        size: rows of the model's logits.
        stops: ids that may follow a complete call.
    """
    from xgrammar import TokenizerInfo, VocabType

    info = TokenizerInfo.from_huggingface(tokenizer, vocab_size=size, stop_token_ids=list(stops))
    texts = info.decoded_vocab
    for index, token in tokenizer.added_tokens_decoder.items():
        if token.special and index < size:  # a tokenizer may know more marks than its model has rows
            texts[index] = b""
    return TokenizerInfo(texts, VocabType.RAW, vocab_size=size, stop_token_ids=list(stops))
