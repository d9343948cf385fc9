"""The words around a number, Chinese and English, that say whether it is a price or a rating, and which bound."""

import re

from chatbot.understanding.normalise import RATING_WORDS
from chatbot.understanding.numerals import MEASURE

N = r"\d{1,6}(?:\.\d{1,2})?"
CURRENCY = r"美元|美金|美刀|欧元|英镑|港[元币]|台币|日元|dollars?|usd|euros?|eur|pounds?|gbp|hkd"
UNIT = rf"(?:元|块钱|块|蚊|rmb|cny|yuan|kuai|人民币|bucks|分(?!钟|店)|份(?=[以往起及])|stars?|{CURRENCY})"
NIGHT = r"每晚|每夜|每天|每间|一[晚夜天宿间]|/? ?[晚夜天间]|(?:a|per|each|every|/) ?(?:night|day|room)|/night|nightly"
RANGE = rf" *(?:{UNIT}|以上|起)? *(?:-+|~|—+|–|至|到|/(?={N}(?:元|块|分|的|之|$))|to|and|和|与|、) *(?:最多|不高于)?"
NUMBER = re.compile(rf"(?<![\d.A-Za-z#□])(?<![A-Za-z]-)({N})(?![\d□]|\.\d)((?:{RANGE}{N}(?![\d□]|\.\d))*)", re.I)
OPEN_JOIN = re.compile(r"和|与|、|and", re.I)
BETWEEN_BEFORE = re.compile(r"(?:在|介于|between|from|范围|区间|价位?|预算|房费|单价|每?晚)[^\d,，。;]{0,6}$", re.I)
BETWEEN_AFTER = re.compile(rf" *{UNIT}? *(?:之间|中间|区间|这个?区间|范围)")
NEVER = re.compile(
    r"\d{7,}|\d{3,4}-\d{7,8}|\+?\d{2,4}[- ]\d{3,4}[- ]\d{3,4}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}:\d{2}(?::\d{2})?|"
    r"\d{2,4}年|\d{1,2}月(?:\d{1,2}[日号]?)?|\d{1,2}[号日]|\d{1,2}/\d{1,2}(?=入住|到|走|退|check|$)|"
    r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.? \d{1,2}(?:st|nd|rd|th)?\b|"
    r"(?:订单|编号|单号|尾号|工号|房号|房间号|航班|会员|验证码|身份证|邮编|密码|电话|手机|卡号|flight|order|booking|room|no\.|number|suite|terminal|gate|"
    r"building|bus|line|train|code|phone|call|tel)[号码是为:\s#]*[a-z]{0,3}\d[\d-]*(?! ?(?:rmb|yuan|cny|元|块))",
    re.I,
)
NOT_UNIT = re.compile(
    rf" *(?:多|来|余|几)? *(?:{MEASURE}|月|点(?![的以])|㎡|℃|岁|时|航班|院|区|中学|kg|km|级|°|克|元(?:桥|里|立交)|块(?:儿?地|布|肉|蛋糕))"
    r"| *-? *(?:st|nd|rd|th|rooms?|people|persons?|guests?|pax|nights?|days?|hours?|hrs?|h|minutes?|mins?|"
    r"[ap]\.?m\.?|kilomet(?:er|re)s?|"
    r"miles?|met(?:er|re)s?|m|beds?|adults?|kids|child(?:ren)?|percent|sq|sqm|square|mbps|o'clock|years?|"
    r"yrs?|times|yards|feet|ft|degrees|"
    r"gb|mb|floors?|hotels?|seats?|cars?|blocks?|stops?|steps?|weeks?|months?|options?|more (?:hotels?|options?))\b",
    re.I,
)
NOT_BEFORE = re.compile(
    r"(?:第|地铁|坐|乘|转|路|房间|号线|周|星期|礼拜|距离|离|相距|走路?|入住|住|去年|今年|公元|"
    r"(?<![a-z])(?:floors?|within walking|for|at|t|gate|check[- ]?in|check[- ]?out|aged?|top|best|first|last)) *$",
    re.I,
)
FILL = r"(?:只?有|是|在|为|就|要|花|价|到|了|的|个|每晚|一[晚天间宿]|:| )*"
FILL_EN = (
    r"(?: (?:a|an|the|rmb|cny|price|total|of|is|be|it|at|than|me|cost|costing|to|score|rating|rated|my|"
    r"was|just|only))*:? *"
)
NOT_MOST = r"(?<![不没未别非])(?<!不能)(?<!不要)(?<!不得)(?<!不可)"
MOST_BEFORE = re.compile(
    rf"(?:(?:不|别|莫|勿|没|覅|唔好)[^,，。;\d]{{0,4}}?(?:超过?|破|高[于过]|大于|多于|贵[于过]|突破|过|越过)|"
    rf"{NOT_MOST}(?:低于|小于|少于|便宜[过于到])|最[多高贵大]|至多|顶多|撑死|不到|没到|上限|封顶|控制在|压到|压在|花不了|不过|(?<!下)限[价制]?|以内|便宜到|降到|天花板)"
    rf"[^,，。;\d]{{0,4}}$|(?:(?<![a-z])(?:not|no|nothing|never|none|cannot|without)|"
    rf"n't)(?: \w+){{0,3}}? (?:over|above|more(?: high)?|exceed\w*|beyond|higher|past)"
    rf"{FILL_EN}$|(?<![a-z])(?:under|below|up to|at most|less than|lower than|cheaper than|within|"
    rf"max(?:imum)?|cap(?:ped)?|limit(?:ed)?|ceiling|"
    rf"exceed|until|till|beneath|inside|tops?){FILL_EN}$|(?:<=?|≤)=? *$",
    re.I,
)
LEAST_BEFORE = re.compile(
    rf"(?:(?:不|别|莫|勿|不要|不能|不可以?|不得)(?:要|能)?(?:低[于过]|少于|小于|便宜[于过])|{NOT_MOST}(?:高于|大于|多于|超过|超出|超|贵[过于])|"
    rf"至少|起码|最[低少](?:也|都)?得?|下限|保底|满|达到|够得?[上到]?|打底)(?:的|得|也)?{FILL}$|"
    rf"(?<![a-z])(?:at least|over|above|more than|higher than|greater than|better than|starting|minimum|"
    rf"min|north of|upwards of|from|exceeding){FILL_EN}$|(?:>=?|≥)=? *$",
    re.I,
)
NEVER_UNDER = re.compile(
    rf"(?:(?<![a-z])(?:not|no|nothing|never|none)|n't)(?: \w+){{0,3}}? (?:under|below|less|lower|cheaper){FILL_EN}$",
    re.I,
)
ABOUT_BEFORE = re.compile(
    rf"(?:大概|差不多|大约|大致|约|接近|将近|估计|也就){FILL}$|(?:around|about|roughly|approx(?:imately)?\.?|near|nearly|"
    rf"close to|circa|like){FILL_EN}$|[~≈±] *$",
    re.I,
)
SPEND_BEFORE = re.compile(
    rf"(?:预算|标准|差标|报销?|补助|手头|手里|压岁钱|[兜钱][里包]里?|只[认批]){FILL}$|(?:budget|spend|afford|allowance|"
    rf"pay){FILL_EN}(?:around |about )?$",
    re.I,
)
MOST_AFTER = re.compile(
    r"(?:及|或|或者)?(?:[以已][内下里]|之[内下]|意[下内]|里头|里(?![程屋])|内(?!环|宾)|往[下里夏]|朝下|向下)|封顶|打住|顶天|为上限|为限|到[头顶]|上限|"
    r"一?内|一下|够了|↓|(?:为|打)?止(?!痛)|是?(?:我的)?(?:天花板|顶)|是最多|见底|[莫别]超|不能超|拿得下|不到(?!位)|"
    r"(?:is )?(?:the |my )?(?:max(?:imum)?|tops|cap|limit|budget|ceiling)\b|at (?:the )?most|(?:or|"
    r"and) (?:less|under|below|cheaper|lower)|max\b|ceiling|budget",
    re.I,
)
LEAST_AFTER = re.compile(
    r"(?:及|或|或者)?(?:以上|往上|之上|朝上|向上)|开外|起(?![床飞])|打底|为下限|保底|上(?![下夏班课学网海])|\+|↑|是?底线|→底线|"
    r"(?:[- ]?ish )?(?:or|and) (?:more|above|higher|better|up|over|greater|thereabove)|at (?:the )?least|"
    r"plus\b|up(?:wards?)?\b|min(?:imum)?\b",
    re.I,
)
ABOUT_AFTER = re.compile(r"左右|座右|上[下夏]|前后|来[块元]|来(?=的|$)|±|[- ]?ish\b|or so\b|give or take|那?样子", re.I)
MORE = re.compile(r"多(?!少)|几(?=[块元十的]|$)|好几")
JUST_OVER = re.compile(r"(?:元|块)?(?:出头|挂零|冒头)")
STRIP = re.compile(rf"^(?: |的|{UNIT}|{NIGHT}|(?<=分)数|rating|score)+", re.I)
RATED = re.compile(
    rf"(?:{RATING_WORDS}|平[分份]|限分|评|(?<!分)分[数]?|rat(?:ing|ed|ings)|scor(?:e|ed|es|ing)|review\w*)[^,，。;\d□]{{0,14}}$",
    re.I,
)
RATED_AFTER = re.compile(
    r" *(?:分(?!钟|店|部|之)|份(?=[以往起及])|/ ?5(?![\d.])|out of (?:5|five)|(?:\+|plus|or \w+|"
    r"and up)? *(?:in )?(?:rating|rated|score|review))",
    re.I,
)
PRICED = re.compile(
    r"(?:价|钱|预算|消费|花|费|便宜|贵|一[晚宿天夜]|每[晚间天]|标准|元|块|房钱|price|cost|rate|budget|pay|spend|night)[^,，。;\d□]{0,6}$",
    re.I,
)
BARE = re.compile(r"(?:那|就|要|嗯|哦|改|改成|换成?|给我|来|说错了|是|我要|的|呃)*")
BARE_AFTER = re.compile(
    rf"(?:{UNIT}|的|吧|呢|就行|就好|就可以|可以|也行|行|总得有|就成|整|管够|那种|那档|档|一档|嘛|啊|哈|左右|多|酒店|有吗|有没有| )*"
)
SIDE_COST = re.compile(
    r"(?:差(?!不多|标)|罚|押金|定金|打车|门票|停车费|车费|月薪|工资|津贴|赔|误了一单)[^,，。;\d]{0,2}$"
)
NOT_THIS = re.compile(r"(?:不是|并非|别是|(?<![a-z])not) *$", re.I)
REFUSED_AFTER = re.compile(
    rf" *{UNIT}?(?:及|或)?(?:以[上下内]|往[上下]|之[上下])?的?(?:酒店|分店|店|房|那些|都|一律|统统|通通|全|就|也|我|从|请|先|的|了| )*"
    r"(?:不要(?!求)|不看|不考虑|不住|不[想用去选]|不踏进|不行(?![吗么嘛])|不予|免谈|免了|跳过|略过|去掉|[掐刷筛抹踢划滤删]掉|过滤|排除|淘汰|不收|"
    r"别(?:再|让|拿|推|给|看|来|发)|滚|拿不出手|恕不|(?:is|are) (?:out|too)|skip|no thanks|i don't want)",
    re.I,
)
REFUSED_BEFORE = re.compile(
    r"(?:不要|不看|不考虑|不想要?|别给我|别拿|别推荐|别推|排除|去掉|跳过|刷掉|筛掉|除了?|拒绝|花不了|出不起|掏不出|住不起)(?:那些|任何)?(?:评分|价格|房价|价)?(?:是|在)? *$"
)
LATER = re.compile(r"(?:吧|的|嘛)?[,，、] *(封顶|顶天|打住|再多没有|不能再多|不能再高|max\b|tops\b)")
TOLD = re.compile(
    r"(?:说的?是|要的?是|改[成到]|换成|放[宽到]到?|抬到|提到|降到|压到|该是|就|只要|only|have|got|'ve|so|said|says?|insists on) *$",
    re.I,
)
ACCEPTED = re.compile(r"(?: |的)*(?:吧|能接受|也?能住|可以|封死|花在|就行|够|顶|搞|to spend|max)", re.I)
COMPARED = re.compile(r" *(?:元|块钱?|分)? *(?:再|还|更)?(?:(高|贵|多|好)|(低|便宜|少))")
