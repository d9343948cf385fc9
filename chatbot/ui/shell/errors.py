"""Errors in the words of the person who meets them: the workbench raises them in English, the page says them in Chinese too."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from html import escape
from typing import Any

import gradio as gr
from pydantic import ValidationError

from chatbot.core.accounts import Role
from chatbot.core.errors import WorkbenchError
from chatbot.core.jobs import Job
from chatbot.ui.i18n.translate import language, translate

CHINESE: dict[str, str] = {
    # data, uploads, files
    "conversations could not be read from {path}": "读不出对话：{path}。请给 UTF-8 编码的 JSONL 文件",
    "{path}.jsonl:{number}: {rest}": "{path}.jsonl 第 {number} 行的格式不对（{rest}）。对话格式见 README",
    "no conversation was found in it": "文件里没有对话。请给 CrossWOZ 的 train、val 或 test 文件，或 JSONL 格式的对话",
    "there is nothing to split yet": "还没有可以划分的对话。先通过几张卡片，或勾选“包含语料”",
    "conversation {name} does not alternate between user and assistant": "对话 {name} 里用户和助手没有轮流说话，先运行检查并去掉它",
    "unknown export format": "没有这种导出格式",
    "conversations of the data share an id": "数据里有重复的对话编号，每段对话要有自己的编号",
    "the data holds no assistant turn to score": "数据里没有助手的回合可以打分",
    "predictions could not be read from {path}": "读不出预测文件：{path}",
    "{path} is not a prediction": "这一行不是预测：{path}",
    "hotels could not be read from {path}": "读不出酒店文件：{path}。请用 CrossWOZ 的 hotel_db.json 格式",
    "{path} holds no list of hotels": "{path} 里没有酒店列表。请用 CrossWOZ 的 hotel_db.json 格式",
    "{where} is no pair of a name and its fields": "{where} 不是“名称和字段”的一对。请用 CrossWOZ 的 hotel_db.json 格式",
    "search_hotels: {rest}": "查询条件不能用（{rest}）",
    # augmentation and review
    "there is no API key": "没有 API 密钥。设置 OPENAI_API_KEY，或改用不需要密钥的离线方式",
    "the API does not accept the key": "接口不接受这个密钥，请检查 OPENAI_API_KEY",
    "the API does not know this model or address": "接口不认识这个模型或地址，请检查模型名和地址",
    "the API refused the request ({code})": "接口拒绝了请求（{code}）",
    "the API's answer is no chat completion": "接口的回答格式不对",
    "the batch brought no chat completion": "批量结果的格式不对",
    "no answer after {n} tries": "试了 {n} 次都没有回答。稍后点“继续”，已得到的不会丢",
    "the account at the API has no money left": "接口账户余额不足。充值后点“继续”，已得到的不会丢",
    "the next call could cross the cap": "再调用一次就可能超过费用上限。调高上限后点“继续”",
    "a batch of one request could cross the cap": "只发一条也可能超过费用上限。调高上限后点“继续”",
    "the price of this model is not known": "不知道这个模型的价格。请填写每百万词元的输入和输出价格，自己的模型填 0",
    "this prompt cannot be kept": "这个提示词不能保存",
    "unknown operation": "没有这种增强操作",
    "the job's configuration could not be read": "读不出任务的设置",
    "augment: {rest}": "增强的设置不能用（{rest}）",
    "there is no such card": "没有这张卡片",
    "somebody else has decided on this card meanwhile": "别人刚刚审过这张卡片，以他的决定为准，请看下一张",
    "the review database cannot be opened": "打不开审核数据库",
    # models
    "no such model": "没有这个模型。请从列表里选，或给一个文件夹",
    "this model is not offered here": "这里不提供这个模型，请从列表里选",
    "the base of {adapter} is not there": "找不到适配器 {adapter} 的基座。把它移回原处，或重新训练",
    "no key for an endpoint": "没有接口密钥。请设置 OPENAI_API_KEY（其他服务器还要 OPENAI_BASE_URL）",
    "the endpoint did not answer for {name}": "{name} 的接口没有回答，请检查地址、密钥和模型名",
    "the endpoint's call arguments are not an object": "接口给出的调用参数格式不对。请重试，或换一个模型",
    "the endpoint's call is not JSON": "接口给出的调用不是 JSON。请重试，或换一个模型",
    "the model called a function that does not exist": "模型调用了不存在的函数。请重试，或换一个模型",
    "the model's output is no call and no reply": "模型的输出既不是调用也不是回答。请重试，或换一个模型",
    "the model did not finish its answer": "模型没有答完，请再试一次",
    "the chatbot did not finish its turn": "对话没有完成这一轮，请检查模型",
    "a call mark without a call": "模型只写了调用标记，没有内容。请重试，或换一个模型",
    "only a local model can be looked into": "只有本机模型能看内部，请选 hotel-mini 或其他本机模型",
    "there is no reply to look at yet": "还没有回答可看，先问一句",
    "the model has no such attention head": "模型没有这个注意力头",
    "the model has no such layer": "模型没有这一层",
    "this architecture's attention cannot be shown": "这种结构的注意力显示不了，请选 Llama 或 GLM",
    "unknown precision": "没有这种精度",
    "this is an original ChatGLM checkpoint": "这是 ChatGLM 的原始权重，请先用 convert-chatglm 转换",
    "no adapter was given": "没有给适配器",
    "no adapter in this folder": "这个文件夹里没有适配器",
    "no adapter of this name is loaded": "没有装入这个名字的适配器",
    "no readable config.json in the model folder": "模型文件夹里没有可读的 config.json。请给一个装有模型的文件夹",
    "the model does not fit into memory": "内存放不下这个模型。用 nf4 装入，或换小一点的",
    "the model could not be loaded from {folder}": "模型装不进来：{folder}。请检查下载是否完整",
    "no tokenizer could be loaded from {folder}": "找不到分词器：{folder}。请检查下载是否完整",
    "the adapter {folder} does not fit this base": "适配器 {folder} 与这个基座不配，请用训练它的基座",
    "the conversation is longer than the model can read": "对话太长，模型读不下。请清空后重新开始",
    "the tokenizer does not know a mark of its family": "分词器不认识这个模型家族的标记，请检查基座与家族是否一致",
    "the model has no chat template": "模型没有对话模板，请选对话模型",
    "the model's chat template refuses this conversation": "模型的对话模板不接受这段对话，请选支持工具的模型",
    "the chat template rewrites earlier turns": "对话模板会改写前面的回合，不能用来训练，请换一个模型",
    "nothing in the folder tells its model family": "看不出这个文件夹属于哪个模型家族，请在 workbench.json 里写明 family",
    "no built-in model family of that name": "没有这个内置的模型家族",
    "no model family of that name": "没有这个模型家族",
    "{path} is not a JSON object": "{path} 不是 JSON 对象，请恢复原文件",
    "{path} could not be read": "读不出 {path}，请恢复原文件",
    "{path} names a family that this version does not know": "{path} 里写的模型家族这个版本不认识",
    # training
    "the training data is empty": "训练数据是空的，至少要有一段对话",
    "{n} of {all} conversations would train nothing": "{all} 段对话里有 {n} 段没有可学的内容。去掉它们，补上助手的回答，或调大“每行词元数”",
    "this architecture is not known": "不认识这种模型结构，请选 transformers 能装入的文件夹",
    "--out holds a run with other settings": "输出文件夹里有另一次设置不同的训练，请换一个文件夹",
    "--method is not known": "没有这种方法",
    "the run ended before its first checkpoint": "还没到第一个检查点就结束了。调低学习率或“每几步评测”后重新开始",
    "gave up after {n} explosions: {rest}": "损失爆炸 {n} 次后停止（{rest}）",
    "a merged model is saved unquantised": "合并后的模型不能存成量化格式",
    "the output folder exists already": "输出文件夹已经存在，请换一个名字或先删掉它",
    "this adapter is a learned prompt, which no weights can hold": "这种适配器是学来的提示，不能并入权重；可以直接和基座一起用",
    "the adapter could not be merged": "适配器合并不进去。重新训练，或不合并直接使用",
    "no {field} was chosen": "还没有选 {field}，请在左边选",
    "no run is chosen": "还没有选训练，请从列表里选",
    # evaluation
    "models or data are missing": "还没有选模型或数据。请选一到三个模型和一份数据",
    "no study in {folder}": "这里没有评测：{folder}",
    "no finished study in {folder}": "评测还没有完成：{folder}。等它结束，或点“继续”",
    "a blind vote needs two different models": "盲评要选两个不同的模型",
    "this is no vote": "请选左边、右边或平手",
    # jobs and rights
    "no job in this folder": "这个文件夹里没有任务",
    "this is in use by a running task": "有任务正在使用它。等任务结束，或先停止它",
    "this needs the role {role}": "这需要“{role}”角色。请找管理员，或在自己的电脑上运行",
}
"""What an error says in English → the whole message in Chinese; a name in braces stands for whatever is there."""


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    made = []
    for english, chinese in CHINESE.items():
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(english))
        made.append((re.compile(rf"{pattern}(?:: (?P<value>'.*?'|\".*?\"))?(?:\. .*)?", re.S), chinese))
    return tuple(made)


def in_words(error: object, who: Any) -> str:
    """An error's message for one person: in Chinese where it is known, with the value that was wrong; else as it is."""
    message = str(error)
    if who == "en" or (who != "zh" and language(who) == "en"):
        return message
    for pattern, chinese in _patterns():
        if found := pattern.fullmatch(message):
            told = found.groupdict()
            value = (told.pop("value", None) or "")[1:-1]
            return chinese.format(**told) + (f"：{value}" if value else "")
    return message


def last_error(job: Job, who: Any) -> str:
    """What the log of a failed job says last; "" where it says nothing."""
    found = [line for line in job.log_tail(30).splitlines() if line.startswith("error:")]
    return in_words(found[-1].removeprefix("error:").strip(), who) if found else ""


@contextmanager
def shown(request: gr.Request) -> Iterator[None]:
    """Turn errors that a person can mend into a message on the page, escaped, because the page reads messages as HTML."""
    try:
        yield
    except WorkbenchError as error:
        raise gr.Error(
            translate(request, "error.failed", error=escape(in_words(error, request))), print_exception=False
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        told = translate(
            request, "error.field", name=first["loc"][0] if first["loc"] else "", value=escape(str(first["input"]))
        )
        raise gr.Error(told, print_exception=False) from error


def needs(role: Role) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only this role in, and show errors as `shown` does; the request is the handler's first argument."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(handler)
        def run(self: Any, request: gr.Request, *values: Any) -> Any:
            with shown(request):
                self.context.require(request, role)
                return handler(self, request, *values)

        return run

    return decorate
