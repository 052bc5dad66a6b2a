"""What personal data looks like when it is written down: patterns, English and Chinese.

Every repetition is bounded, so that a text made to keep them busy costs what any other does.
"""

import re
from typing import Final

# One character for one, so that places stay: full width, other scripts' digits, dashes, spaces.
# What is drawn as nothing becomes a dash, which may stand between the digits of any number.
FOLD: Final = {
    **{point: chr(point - 0xFEE0) for point in range(0xFF01, 0xFF5F)},
    **{
        first + digit: str(digit)
        for first in (0x660, 0x6F0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6)
        for digit in range(10)
    },
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212, *range(0x200B, 0x2010), 0x2060, 0xAD), "-"),
    **dict.fromkeys((0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000), " "),
    0xFEFF: "-",
    0x3002: ".",
}

LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# RFC 5321 lengths; the quoted local parts of RFC 5322 are not written by people.
EMAIL: Final = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{{1,64}}@(?:{LABEL}\.){{1,8}}[A-Za-z]{{2,24}}"
    r"(?![A-Za-z0-9])"
)
SPELLED_EMAIL: Final = re.compile(
    rf"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{{1,64}} ?[\[(] ?at ?[\])] ?{LABEL}"
    rf"(?: ?(?:\.|[\[(] ?dot ?[\])]) ?{LABEL}){{1,4}}",
    re.IGNORECASE,
)

# Whole numbers: groups as they are printed, or each digit by itself.
CARD: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:\d{13,19}|\d{4}([ .-])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?"
    r"|\d{4}([ .-])\d{6}\2\d{4,5}|(?:\d[ .-]){12,18}\d)(?![A-Za-z0-9])"
)
# Issuers' first digits with their lengths (ISO/IEC 7812; what the networks publish).
ISSUERS: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12,15}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12,15}|(?:62|81)\d{14,17}"
)
IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9]{4})")
RESIDENT: Final = re.compile(
    r"(?<![A-Za-z0-9])\d{6}[ -]?\d{4}[ -]?\d{4}[ -]?\d{3}[\dXx](?![A-Za-z0-9])"
)
# Numbers that the Social Security Administration never gives out are left out.
SOCIAL: Final = re.compile(
    r"(?<![A-Za-z0-9-])(?!000|666|9)\d{3}([ -]?)(?!00)\d\d\1(?!0000)\d{4}(?![A-Za-z0-9-])"
)
SOCIAL_WORDS: Final = re.compile(r"\bssn\b|social[ -]security|社会安全|社安", re.IGNORECASE)
# ICAO 9303: up to nine letters and digits.
PASSPORT: Final = re.compile(
    r"(?:passport(?: ?(?:no|nr|number|#))?\.?|护照(?:号码|号)?|護照(?:號碼|號)?)"
    r"(?: is|[:为為是 #])*\s?(?P<value>(?=[A-Z]{0,8}\d)[A-Z0-9]{6,9})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
PHONE: Final = re.compile(r"(?<![A-Za-z0-9])(?:\+|\()?\d(?:[ .()/-]{0,3}\d){6,16}(?![A-Za-z0-9])")
PHONE_WORDS: Final = re.compile(
    r"\b(?:phone|tele?phone|tel|mobile|cell|call|text|whatsapp|fax|contact)\b|电话|電話|手机|手機|致电|联系|微信",
    re.IGNORECASE,
)
PHONE_GROUPS: Final = re.compile(r"(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}")
CHINESE_MOBILE: Final = re.compile(r"1[3-9]\d[ -]?\d{4}[ -]?\d{4}")
REGIONS: Final = ("US", "CN", "GB")
IPV4: Final = re.compile(r"(?<![A-Za-z0-9.])(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z0-9]|\.\d)")
IPV6: Final = re.compile(r"(?<![A-Za-z0-9:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
STREET: Final = re.compile(
    r"(?<![A-Za-z0-9])\d{1,5}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][\w'’.-]{0,24} ){1,4}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl"
    r"|Square|Terrace|Crescent|Highway|Hwy|Parkway|Pkwy)\b\.?"
    r"(?:,? (?:Apt|Apartment|Unit|Suite|Flat|#)\.? ?[\w-]{1,6})?"
    r"(?P<where>(?:,? [A-Z][A-Za-z.'-]{1,20}){0,3},? (?:[A-Z]{2} \d{5}(?:-\d{4})?"
    r"|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}))?"
)
LIVING: Final = re.compile(
    r"\b(?:live[sd]?|living|reside[sd]?|home|house|address|ship|deliver|mail|stays?|staying)\b",
    re.IGNORECASE,
)
CHINESE_ADDRESS: Final = re.compile(
    r"(?:[\u4e00-\u9fff]{2,7}(?:省|市|自治区|区|县|镇)){0,4}[\u4e00-\u9fff]{1,10}(?:路|街|道|巷|弄|胡同)"
    r"(?:\d{1,5}弄)?\d{1,5}号(?P<door>(?:\d{1,4}(?:号楼|栋|幢|座|单元|层|楼|室|户)){0,4}(?:\d{2,5}室?)?)"
)
CHINESE_LIVING: Final = re.compile("住|家|地址|寄|收货|户籍|身份证")
SECRET: Final = re.compile(
    r"-----BEGIN (?:[A-Z]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]{0,20000}-----END (?:[A-Z]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"|[A-Za-z0-9+/=\s]{0,20000})"
    r"|(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255}"
    r"|glpat-[\w-]{20,64}|xox[abeoprs]-[A-Za-z0-9-]{10,255}|AIza[\w-]{35}|sk-[A-Za-z0-9_-]{20,255}"
    r"|[rs]k_live_[A-Za-z0-9]{16,255}|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}|SG\.[\w-]{20,32}\.[\w-]{30,64}"
    r"|tg_[a-z0-9]{8}_[A-Za-z0-9]{32}|eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,2000})"
)
SECRET_MARKS: Final = re.compile(
    r"-----BEGIN |AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|AIza"
    r"|sk-|k_live_|hf_|npm_|SG\.|tg_|eyJ"
)
PASSWORD: Final = re.compile(
    r"(?:pass(?:word|wd|phrase)|api[ _-]?key|secret[ _-]?key|access[ _-]?token|密码|密碼|口令|密钥)"
    r"[\"']?(?: is|[ :=是为為])+\s?[\"']?(?P<value>[^\s\"',;，。；]{8,128})",
    re.IGNORECASE,
)
PASSWORD_WORDS: Final = re.compile(r"pass|key|token|密|口令", re.IGNORECASE)
ANY_DIGITS: Final = re.compile(r"\d")
NOT_DIGITS: Final = re.compile(r"\D")
