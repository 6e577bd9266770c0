"""What must not stand in a reason that a person gives and everybody will read: the detectors of the gate, and names.

What belongs here: names behind a word such as 联系 or 由 and before what somebody does; a reason is a sentence about
work, where names stand so. What does not: columns (columns.py) and files (texts.py), in which the same words stand
before streets, firms and much else. A name that stands otherwise is not found: the help says so.
"""

from __future__ import annotations

import re

from duckdb import DuckDBPyConnection

from quality.disclosure.columns import know_detectors, personal_in

#: words behind which a reason names who is to be asked; 理由 and 自由 end in one of them and are none
_BEFORE = (
    r"(?:联系|通知|(?<![查寻])找|(?<![疑访学提])问|经(?!常)|(?<![理自缘事案因])由|请)(?:到|了)?[\s：:“\"]*"
)
#: what follows a name: the end of the word, a form of address, what somebody does
_DOING = (
    "核对|核实|核定|核查|核验|确认|审核|审批|审定|复核|批准|同意|提供|填报|填写|报送|报告|上报|录入|修改|更正|改正|"
    "补报|补充|重报|负责|处理|办理|经办|答复|回复|说明|解释|联系|通知|告知|要求|提出|反映|发现|签字|盖章|协调|整理|"
    "电话|手机|微信|先生|女士|老师|同志|主任|科长|局长|处长|园长|院长|所长|站长|校长|书记|经理|会计|医生|护士|一起|"
    "本人|重新|[把将再已先和与及或在对给来向]"
)
_AFTER = rf"(?=[^\u4e00-\u9fff]|$|{_DOING})"
#: words that begin with what is a surname elsewhere
_WORDS = (
    "于|[高低]到[高低]|何[时人处事种因以地故]|许[可多]|方[便法案式面向能可才针略程]|常[住规态见务年用委设]|"
    "周[一二三四五六日天末内边期围年到报密转岁长]|高[新等中校级度龄层温考效发速质]|金[额融牌属]|程[序度]|"
    "万[元人一勿分户]|文[化件本字明书体旅员档教物]|武[装警]|章[程节]|白[天名色]|黄[色改]|张[贴改]|"
    "任[何意务课选教期职命]|陆[续路]|马[上路]|顾[问客]|董事|施[工行]|康[复养]|夏[季令天]|钱[款物塘]|史[料上]|"
    "曾[用经]|余[额下数量杭地]|楼[栋层道长宇盘下上]|石[化油]|段[落长]|洪[水涝]|江[苏西北东南干]|萧山|秦淮|沈阳|"
    "陈[述旧列]|雷[同电]|范[围本例]|林[业地]|田[间地]|龙头|毛[入利坯]|郑[重州]|易[错混]|乔迁|钟[点头]|罗列|杜绝|"
    "孔[洞隙]|庄[严重]|熊猫|贺电|黎明|赖以|苏州|徐州|吴[江中兴]|常州|胡同|宋体|唐山"
)
#: a place, an office or a group ends so, and no given name
_NO_NAME = re.compile("[区街路镇乡村市县省局科处所站厅委办组部室队班店司社会府家人员者湖院校园方性率数量表类]$")


def personal_in_reason(con: DuckDBPyConnection, text: str) -> list[str]:
    """The codes of what a reason holds that must not be published; never what it is."""
    found = set(personal_in(con, text))
    if _names_somebody(con, text):
        found.add("personal-words-in-text")
    return sorted(found)


def _names_somebody(con: DuckDBPyConnection, text: str) -> bool:
    know_detectors(con)
    (surname,) = con.execute("SELECT surname_pattern()").fetchone() or ("",)
    sought = re.compile(rf"{_BEFORE}(?P<name>(?!{_WORDS}){surname}[\u4e00-\u9fff]{{1,2}}){_AFTER}")
    return any(not _NO_NAME.search(match["name"]) for match in sought.finditer(text))
