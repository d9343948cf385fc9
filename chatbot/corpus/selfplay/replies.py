"""What the system side says in self-play: several wordings for each act, every fact taken from records."""

RECOMMEND = {
    1: ("为您找到{0}，{d0}。", "推荐您入住{0}，{d0}。", "{0}符合您的要求，{d0}。", "您看{0}怎么样？{d0}。", "可以考虑{0}，{d0}。"),
    2: ("为您推荐{0}和{1}，其中{0}{s0}。", "有两家符合：{0}、{1}。", "{0}和{1}都符合您的要求，{0}{s0}，{1}{s1}。", "您可以看看{0}或者{1}。"),
    3: ("为您推荐{0}、{1}和{2}。", "有几家符合您的要求：{0}（{s0}）、{1}（{s1}）、{2}（{s2}）。", "您可以看看{0}、{1}、{2}。", "推荐{0}、{1}、{2}，其中{0}{s0}。"),
}  # fmt: skip
DETAIL = (
    "价格{price}元，评分{rating}分",
    "评分{rating}分，每晚{price}元",
    "是{type}酒店，评分{rating}分，价格{price}元",
)
DETAIL_NO_PRICE = ("评分{rating}分", "是{type}酒店，评分{rating}分")
DETAIL_PLAIN = ("是一家{type}酒店",)
SHORT = ("价格{price}元", "评分{rating}分")
NOTHING = (
    "抱歉，没有找到符合要求的酒店，您看要不要放宽一些条件？",
    "不好意思，没有符合条件的酒店，换个条件试试吧。",
    "很抱歉，没有查到这样的酒店，您可以调整一下要求。",
)
ANSWER = {
    "phone": ("{name}的电话是{phone}。", "电话是{phone}。", "您可以拨打{phone}联系{name}。"),
    "address": ("{name}的地址是{address}。", "地址在{address}。", "{name}位于{address}。"),
    "price": ("{name}的价格是{price}元。", "价格是{price}元一晚。", "{name}每晚{price}元。"),
    "rating": ("{name}的评分是{rating}分。", "评分是{rating}分。"),
    "subway": ("{name}附近的地铁站是{subway}。", "离{subway}比较近。", "可以坐到{subway}。"),
    "facilities": ("{name}提供{facilities}。", "设施有{facilities}。"),
    "type": ("{name}是{type}酒店。", "这是一家{type}酒店。"),
    "nearby_attractions": ("{name}周边的景点有{nearby_attractions}。", "附近有{nearby_attractions}。"),
    "nearby_restaurants": ("{name}周边的餐馆有{nearby_restaurants}。", "附近可以吃饭的有{nearby_restaurants}。"),
}  # fmt: skip
UNKNOWN = {
    "phone": ("抱歉，没有{name}的电话信息。",),
    "address": ("抱歉，没有{name}的地址信息。",),
    "price": ("抱歉，{name}暂时没有价格信息。", "{name}的价格暂时查不到。"),
    "rating": ("抱歉，{name}暂时没有评分。",),
    "subway": ("{name}附近没有登记地铁站。", "抱歉，没有查到{name}附近的地铁站。"),
    "facilities": ("抱歉，没有{name}的设施信息。",),
    "type": ("抱歉，没有{name}的类型信息。",),
    "nearby_attractions": ("抱歉，没有查到{name}周边的景点。",),
    "nearby_restaurants": ("抱歉，没有查到{name}周边的餐馆。",),
}  # fmt: skip
YES = ("有的，{name}提供{x}。", "是的，{name}有{x}。", "有，{name}提供{x}。")
NO = ("抱歉，{name}没有提供{x}。", "没有，{name}不提供{x}。", "不好意思，{name}没有{x}。")
CHEAPEST = ("最便宜的是{name}，价格{price}元。", "{name}价格最低，{price}元一晚。")
BEST = ("评分最高的是{name}，{rating}分。", "{name}评分最高，是{rating}分。")
BOOKED = (
    "好的，祝您入住愉快！",
    "好的，{name}是不错的选择，您可以拨打{phone}预订。",
    "好的，已为您记下{name}，祝您入住愉快。",
)
WELCOME = ("不客气，祝您入住愉快！", "不用谢，祝您生活愉快！", "很高兴为您服务！", "不客气，有问题随时找我。")
BYE = ("再见，祝您旅途愉快！", "再见！", "好的，再见，祝您生活愉快！")
HELLO = (
    "您好，我可以帮您找酒店，请告诉我您的要求。",
    "你好！想找什么样的酒店？",
    "您好，请问需要什么样的酒店？可以告诉我价格、类型、评分或设施。",
)
REFUSE = (
    "抱歉，我只能帮您查找酒店，请问您想找什么样的酒店？",
    "这个我帮不上忙，我可以帮您找酒店。",
    "不好意思，我只负责酒店查询，您有酒店方面的需求吗？",
)
