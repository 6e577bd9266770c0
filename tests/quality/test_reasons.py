"""Names in the reasons people give: found behind the words that come before a name, and not in what only looks so."""

from __future__ import annotations

import duckdb
import pytest

from quality.disclosure.columns import personal_in
from quality.disclosure.reasons import personal_in_reason

NAMED = [
    "请联系李小明核对", "联系王芳", "请找张伟确认。", "由陈建国负责更正", "经欧阳娜娜同意", "问刘洋，电话见台账",
    "请赵敏把数据改过来", "已联系：周杰核实", "数据由孙丽华报送", "请李老师核对", "已经吴桐审核", "通知郑爽补报",
    "找 马云飞 核实", "经高翔批准后更正", "由何静录入", "理由：由林涛填写", "请文静核对", "请高峰核对",
]  # fmt: skip
ORDINARY = [
    "十二个驿站统一改名，已逐一核对", "由于系统更正，街道合并", "经过核对，无误", "经常核对", "问题已更正",
    "找到错误，已更正", "联系方式更正", "由王府街道报送", "由江干区报送更正", "理由高度一致", "理由：许可证更正",
    "未经许可，不得更正", "经董事会批准", "请方便时联系", "请周五核对", "由高新区确认", "请文化局核实",
    "由文化站核实", "单位由张改为个", "由高到低", "请何时核对", "请问何人负责", "请陆续核对", "请马上核对",
    "由常住人口数更正", "由金额更正", "请康复中心核对", "由白名单移出", "由程序更正", "联系电话更正", "请任何人核对",
    "找顾问确认", "由余杭核实", "请张贴公示", "经万人核对", "由夏季改为冬季", "两街道合并 two streets were merged",
    "由冯家村报送", "由石榴驿站核实", "请宋庆龄幼儿园核对", "经林业局确认", "经金融办审核", "由施工方确认",
    "由史料核对", "按上级要求更正", "自由填写", "收费录入有误。", "应当事人要求。", "由高校确认", "由方案确认",
    "由钱塘核实", "问卷已补充", "请示后更正", "请求更正", "邀请李子园报送",
]  # fmt: skip


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as made:
        yield made


@pytest.mark.parametrize("text", NAMED)
def test_a_name_is_found_where_a_reason_would_name_somebody(con, text):
    assert personal_in_reason(con, text) == ["personal-words-in-text"]


@pytest.mark.parametrize("text", ORDINARY)
def test_words_that_only_look_like_a_name_are_none(con, text):
    assert personal_in_reason(con, text) == []


def test_the_detectors_of_the_gate_look_too(con):
    assert personal_in_reason(con, "联系人电话13857112345") == personal_in(con, "联系人电话13857112345") != []
