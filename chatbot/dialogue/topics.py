"""What a turn that no hotel list answers is about, by its words: the `topic` of the bank's replies."""

import re
from collections.abc import Mapping

_UNSUPPORTED = {
    "cancel_rule": r"退改|退订|取消.{0,6}(?:扣|收|免费|规定)|(?:免费|随时)取消|反悔|不扣钱|退钱|退款|refund|cancell?ation|if i cancel",
    "cancel": r"取消|不订了|退房间|退了|退掉|no.?show|\bcancel",
    "invoice": r"发票|专票|普票|开票|抬头|税号|收据|發票|invoice|receipt|fapiao",
    "deposit": r"押金|押多少|deposit",
    "payment": r"刷卡|付款|支付|付钱|现金|微信|支付宝|信用卡|分期|后付|硬币|定金|visa|master|amex|alipay|wechat|pay\b|paid|cash|credit card",
    "discount": r"打折|打几折|折扣|优惠|会员|学生价|学生证|协议价|老年证|军人|便宜点行|抹零|团购|积分|discount|coupon|membership|better price|student rate",
    "pets": r"宠物|[猫狗犬]|鹦鹉|乌龟|\bpets?\b|\bdogs?\b|\bcats?\b|puppy",
    "wifi_speed": r"网速|wifi.{0,4}(?:快|慢|密码)|internet speed|wifi (?:speed|password)",
    "parking_detail": r"停车.{0,8}(?:收|费|多少|几块|限高)|停得下|车库|大货|房车|车位.{0,6}(?:多少|收)|car park|parking (?:fee|cost)",
    "reviews": r"评论|差评|好评|评语|点评|卫生|吐槽|住客|骂|口碑|review|guests? (?:say|write|think)|complain",
    "pictures": r"照片|相片|图片|图\b|有图|发.{0,6}图|视频|photo|picture|image|video",
    "availability": r"空房|有房|剩.{0,4}[间房]|满房|房态|available|availability|rooms? (?:free|left)|vacan|fully booked",
    "date_price": r"(?:国庆|春节|周末|节假日|七夕|五一|十一|元旦|周中|那天).{0,8}(?:涨|价|多少钱|贵|翻倍|便宜)|(?:weekend|holiday|christmas).{0,12}(?:price|rate|cost)",
    "bed": r"床|三人间|标间|双人间|榻榻米|加铺|铺位|\bbeds?\b|twin|double room|\bcot\b|crib",
    "checkin": r"入住时间|几点.{0,6}(?:入住|进|退|走)|退房|身份证|结婚证|未成年|提前.{0,6}(?:入住|进)|延住|check.?(?:in|out)|passport",
    "guests": r"几个人|[一二三四五六七八九十两\d]+(?:个人|口人|口\b|大\w*小)|一家\w口|住得?下|够住|how many people|of us|fit in one room|children|\bkids\b",
    "dates": r"[一二三四五六七八九十\d]+[号日](?!线)|[一二三四五六七八九十\d]+月|初[一二三四五六七八九十]|下?(?:周|星期|礼拜)[一二三四五六日天]|明天|后天|今晚|大后天|[一二三四五六七八九十两\d]+[晚宿]|几晚|包月|清明|腊八|入住|tonight|tomorrow|monday|tuesday|wednesday|thursday|friday|saturday|sunday|\d+(?:st|nd|rd|th)\b|nights?\b|january|february|march|april|\bmay\b|june|july|august|september|october|november|december",
    "distance": r"多远|多久|多少公里|几公里|几里|走路|步行|走到|开车.{0,4}分钟|几分钟|how far|metres|meters|\bkm\b|minutes|mins|on foot|walk",
    "construction": r"施工|装修|甲醛|newly built|renovat|construction",
    "service_hours": r"几点|早餐.{0,4}(?:什么|吃)|开到|营业|until what time|what time|opening hours",
    "room_detail": r"窗|楼层|几楼|高层|几层|多大|平米|隔音|朝向|马桶|电梯|浴缸|打扫|套房|厕所|被子|墙|high floor|window|bathtub|elevator|\blift\b|square|quiet|soundproof",
}  # fmt: skip
_DATES = {
    "tonight": r"今晚|今天|今夜|tonight|today",
    "weekend": r"周末|周[五六日]|礼拜[五六天]|星期[五六日]|weekend|friday|saturday|sunday",
    "holiday": r"国庆|春节|五一|十一|元旦|中秋|清明|端午|假期|过年|holiday|christmas|new year|golden week",
}
_OFF_TOPIC = {
    "weather": r"天气|下雨|下雪|刮风|气温|几度|雾|霾|weather|rain|snow|forecast",
    "ticket": r"门票|开放时间|票价|tickets?\b",
    "transport": r"火车|高铁|航班|机票|打车|堵车|堵不堵|限行|公交|几号线|怎么走|抢票|flight|train|\bbus\b|taxi|how do i get",
    "health": r"药|医|病|疼|血压|挂号|咳|发烧|鼻炎|ache|medicine|doctor|sick|fever",
    "translation": r"翻译|翻成|怎么说|translat|how do i say",
    "code": r"代码|编程|python|java\b|\bcode\b|程序怎么",
    "homework": r"作业|作文题",
    "writing": r"写.{0,4}(?:诗|信|检讨|作文|文章|稿|首)|协议书|poem|essay|write",
    "math": r"\d\s*[+×x*÷/-]\s*\d|乘|除以|等于几|数独|鸡兔|算一下|math|calculate",
    "money": r"股票|大盘|基金|汇率|利息|网贷|彩票|exchange rate|stock|bitcoin",
    "food": r"怎么做菜|菜谱|怎么炒|怎么煮|好吃的菜|红烧|recipe|cook",
    "fun": r"笑话|唱|故事|猜谜|游戏|joke|sing\b|story",
    "news": r"新闻|热搜|\bnews\b",
    "time": r"现在几点|几点了|星期几|what time is it",
    "love": r"男朋友|女朋友|对象|分手|表白|复合|girlfriend|boyfriend",
    "lost": r"丢了|找不到我的|失物",
    "sports": r"球|比赛|比分|世界杯|football|soccer|basketball|match\b|score",
    "fortune": r"算命|生肖|星座|运势|风水|horoscope",
    "other_city": r"上海|广州|深圳|杭州|成都|西安|南京|重庆|天津|shanghai|guangzhou|xi'?an|hangzhou|chengdu",
}
_SMALLTALK = {
    "bot": r"机器人|真人|你是谁|你是不是人|\bai\b|程序|robot|\bbot\b|real person|human",
    "name": r"叫什么|你名字|your name|have a name",
    "age": r"你?多大|几岁|成家|结婚没|how old are you",
    "languages": r"几种语言|说英语|英文|粤语|speak",
    "honeymoon": r"蜜月|新婚|honeymoon|newly ?wed",
    "birthday": r"生日|birthday",
    "mourning": r"去世|走了|奔丧|葬|passed away|funeral",
    "hospital": r"手术|住院|化疗|医院|operation|surgery|hospital",
    "quarrel": r"吵架|吵了|离家出走",
    "homesick": r"想家|想我妈",
    "exam": r"考试|考研|考编|高考",
    "family": r"娃|孩子|宝宝|\bkids?\b|\bbaby\b|children",
    "tired": r"累|困|睡不着|坐了.{0,6}(?:车|飞机)|歇|exhaust|tired|jet.?lag|hours on a plane",
    "weather": r"冷|热死|下雪|下雨|台风|刮风|淋",
    "first_visit": r"第一次来|头一回来|first (?:time|visit)",
    "work": r"加班|出差|老板|公司",
    "eat": r"吃饭|吃了没|饿|noodle|hungry",
    "praise": r"你真|你好厉害|聪明|夸|厉害|you'?re (?:great|good|smart|the best)|well done",
    "joke": r"哈哈|逗",
    "joy": r"高兴|开心|考上|上岸|恭喜|happy",
    "slow": r"怎么这么慢|这么久",
}
_REFUSE = {
    "privacy": r"密码|名单|客人|住在哪.{0,3}房|房号|手机号|身份证号|which room is|guest list|password|phone numbers of",
    "system_prompt": r"提示词|系统提示|内部指令|系统设置|system prompt|your (?:prompt|instructions)|were you told",
    "role_marks": r"<\||\[inst|system\s*[:：]|assistant\s*[:：]|<tool|tool_call|drop table|<script|import os|###",
    "falsehood": r"编|假|评分是?5|满分|差评|好评|admit|say (?:it|that)|fake",
    "illegal": r"不用登记|不查身份证|不用身份证|查得不严|passports?|毒|嫖|illegal|off the record",
    "insult": r"傻|废物|滚|垃圾|二百五|蠢|笨|破机器|妈的|stupid|dumb|useless|shut up|idiot|junk",
    "injection": r"忽略|扮演|从现在起|现在起|以后|ignore|pretend|from now on|you are now|disregard|指令|重复",
}
_SORRY = {
    "not_understood": r"听不懂|答非所问|问东答西|没听懂|不是这个意思|理解|opposite|not what i|understand",
    "forgot": r"说了.{0,4}遍|记不住|忘|早说|不是说了|third time|i told you|already (?:said|told)",
    "repeat": r"又是|还是那几|复读|同一家|推了.{0,3}遍|来来回回|same (?:one|hotel)|again|three times",
    "slow": r"慢|半天|磨叽|人呢|卡|不回话|forever|still there|waiting",
    "no_room": r"满房|没房|客满|they'?re full|no rooms?",
    "staff": r"前台|态度|服务员|骂我|staff|rude",
    "wrong_info": r"不一样|骗|停业|关门|没人开门|假的|不对|不符|空号|错|打.{0,4}没人接|wrong|closed|just rings",
    "too_fast": r"字太?[这密小]|太快|看不清|too many words|slow(?:ly)?\b",
    "useless": r"没用|不懂装懂|敷衍|失望|破玩意|useless|disappoint",
}
_HELLO = {
    "night": r"晚上好|这么晚|good evening|good night",
    "morning": r"早上好|早安|早啊|good morning",
    "voice": r"喂|听得到|听得见|can you hear",
    "foreigner": r"english|foreign|中文不好|外国",
    "again": r"又来|again|i'?m back|我又",
}
_BYE = {"night": r"晚安|睡了|good ?night", "leisure": r"玩|旅|假|trip|holiday|vacation"}
TABLES: dict[str, Mapping[str, str]] = {
    "unsupported": _UNSUPPORTED, "book": _DATES, "off_topic": _OFF_TOPIC, "smalltalk": _SMALLTALK, "attack": _REFUSE,
    "complaint": _SORRY, "hello": _HELLO, "bye": _BYE,
}  # fmt: skip
DATED = re.compile(_UNSUPPORTED["dates"] + "|" + "|".join(_DATES.values()))


def topic_of(act: str, words: str) -> str:
    """The first topic of an act whose pattern stands in the words; "" where none does."""
    said = words.lower()
    return next((topic for topic, pattern in TABLES.get(act, {}).items() if re.search(pattern, said)), "")
