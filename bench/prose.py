"""Prose for the corpus: sentences that mean little, with the word frequencies, hanzi and markup of real ones."""

from random import Random

WORDS = """
post account reader platform censor editor hashtag comment video stream factory village river winter station exam
teacher driver courier landlord student mother neighbour actor singer village delivery ticket holiday festival price
market phone screen message network rumour apology statement reply answer question office bureau notice rule fine
kitchen noodle dumpling tea train bridge hospital doctor nurse queue bus bicycle umbrella rain heat summer autumn
spread vanished returned trended appeared deleted shared praised mocked defended counted waited wrote said asked
reported explained denied repeated translated forwarded collected measured doubted remembered forgot closed opened
quiet loud cheap dear early late local national official private public old new strange common careful angry tired
proud hungry empty crowded online offline after before during behind between across against without within under over
""".split()
SMALL = "the a of and in to that it was on as for with by from at this which who had they one its more when".split()
HANZI = """
微博 热搜 网友 评论 转发 话题 官方 通报 回应 道歉 视频 直播 平台 审查 编辑 记者
外卖 快递 高考 春运 地铁 房价 工资 加班 内卷 躺平
人质外交 孟晚舟 归舟 舆论 谣言 辟谣 博主 粉丝
流量 明星 电影 票房 方言 拼音 成语 新闻 报纸 杂志 读者 作者 来信 城市 乡村 河流 冬天
""".split()
TRADITIONAL = "網絡 評論 轉發 話題 視頻 直播 記者 謠言 電影 讀者".split()


def sentence(pick: Random) -> str:
    words = [pick.choice(SMALL) if n % 2 else pick.choice(WORDS) for n in range(pick.randint(9, 24))]
    if pick.random() < 0.35:
        words.insert(pick.randrange(1, len(words)), pick.choice(TRADITIONAL if pick.random() < 0.1 else HANZI))
    return " ".join(words).capitalize() + "."


def paragraph(pick: Random) -> str:
    """About 75 words of Markdown; some hold a link, a pull quote or a line of hanzi."""
    words = " ".join(sentence(pick) for _ in range(pick.randint(3, 6)))
    chance = pick.random()
    if chance < 0.08:
        return f"> {words}"
    if chance < 0.16:
        return f"{words} “{''.join(pick.choices(HANZI, k=6))}。”"
    if chance < 0.3:
        return f"{words} [{pick.choice(WORDS)}](https://example.org/{pick.randrange(10**6)})"
    return words


def title(pick: Random) -> str:
    words = " ".join(pick.choice(WORDS) for _ in range(pick.randint(4, 9))).capitalize()
    return f"{words} (#{pick.choice(HANZI)}{pick.choice(HANZI)}#)" if pick.random() < 0.4 else words
