"""What gives the class away without being part of it: marks of the mailing list, the collector, the sender, the day.

The mails were collected by few people in few months, and most good ones came through a handful of lists. A model that
learns "[ILUG] means ham", or "August 2002 means ham", scores well here and knows nothing about mail.
"""

import re

ADDRESS = re.compile(r"[A-Za-z0-9._%+=&'*/-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
MASKED_ADDRESS = "user@example.com"
COLLECTOR = re.compile(r"\b[\w.-]*(?:taint\.org|netnoteinc\.com|jmason\.org|slashnull\.org)\b|\b(?:zzzz|yyyy)\b", re.I)
LISTS = re.compile(
    r"\[?\b(?:ilug(?:-social)?|satalk|sadev|sacvs|razor-users|spambayes|zzzzteana|forteana|exmh-(?:workers|users)"
    r"|(?:spamassassin|rpm)-(?:zzz)?(?:talk|devel|list))\b\]?|\b(?-i:FoRK)\b",
    re.I,
)
SUBJECT_TAG = re.compile(r"^((?:(?:re|fwd?)(?:\[\d+\])?:\s*)*)\[[^\]]{1,40}\]\s*", re.I)

# Quoted copies of a footer carry `>` marks in front.
QUOTE = r"^[>|\s]*"
FOOTERS = [
    re.compile(pattern, re.M | re.S | re.I)
    for pattern in (
        QUOTE + r"-{20,}[ \t]*\n" + QUOTE + r"this sf\.net email is sponsored by.{0,600}?(?=^[>|\s]*_{20,}|\Z)",
        QUOTE + r"_{20,}[ \t]*\n[^\n]*\bmailing list\b[^\n]*(?:\n[^\n]*(?:@|https?://)[^\n]*){0,3}",
        QUOTE + r"-- ?\n[>|\s]*irish linux users' group[^\n]*(?:\n[^\n]*(?:listinfo|list maintainer)[^\n]*){0,2}",
        QUOTE + r"-{5,}[^\n]*yahoo! groups sponsor[^\n]*\n.{0,900}?-{5,}[^\n]*->[ \t]*\n",
        QUOTE + r"to unsubscribe from this group, send an email to:.{0,300}?terms/?[^\n]*",
        QUOTE + r"\w+ mailing list[ \t]*\n[^\n]*(?:listinfo|@)[^\n]*",
    )
]
LIST_LINES = re.compile(
    QUOTE
    + r"(?:[^\n]*(?:mailman/listinfo|lists\.sourceforge\.net|list maintainer:|irish linux users' group"
    + r"|yahoogroups\.com)[^\n]*"
    + r"|this sf\.net email is sponsored by[^\n]*)$",
    re.M | re.I,
)
FEED_HEAD = re.compile(r"\A\s*URL: \S+\s*\n(?:Date: [^\n]*\n)?", re.I)
WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
# "On Thu, Aug 22, 2002 at 10:16, Ann Other wrote:", which many programs break over two lines.
ATTRIBUTION = re.compile(
    QUOTE
    + r"(?:on|at|in|quoting|once upon a time)\b[^\n]{0,150}(?:\n[>|\s]*[^\n]{0,80})?\b(?:wrote|writes|said)\b ?:[ \t]*$"
    r"|" + QUOTE + r"[^\n]{1,60}\b(?:wrote|writes|said)\b ?:[ \t]*$",
    re.M | re.I,
)
QUOTED_HEADER = re.compile(
    QUOTE + r"\W{0,3}(?:from|sent|date|to|cc|subject|reply-to|message-id|return-path|received)\*?:[^\n]*$"
    r"|" + QUOTE + r"-+ ?(?:original|forwarded)(?: message)?[^\n]*$",
    re.M | re.I,
)
LONE_DATE = re.compile(QUOTE + WEEKDAY + r",? (?:" + MONTH + r" +\d+|\d+ +" + MONTH + r")[^\n]{0,30}$", re.M | re.I)
SIGNATURE = re.compile(r"^[>|\s]*(?:- )?--[ \t]*\n(?:[^\n]*\n){0,11}[^\n]*\Z", re.M)
SPAM_TRAP = re.compile(r"^[^\n]*(?:deathtospam)[^\n]*$", re.M | re.I)
SIGNED = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:Hash: [^\n]*\n)?"
    r"|^-----BEGIN PGP SIGNATURE-----.*?(?:^-----END PGP SIGNATURE-----|\Z)",
    re.M | re.S,
)


def clean(subject: str, body: str) -> str:
    """Subject, blank line, body: the text that the model is given."""
    return mask_identities(f"{clean_subject(subject)}\n\n{clean_body(body)}").strip(" \n\t,:;")


def clean_subject(subject: str) -> str:
    """`Re: [ILUG] hello` becomes `Re: hello`."""
    previous = None
    while subject != previous:
        previous, subject = subject, SUBJECT_TAG.sub(r"\1", subject)
    return subject.strip()


def clean_body(body: str) -> str:
    text = body.replace("\r\n", "\n").replace("\r", "\n")
    for pattern in [SIGNED, FEED_HEAD, *FOOTERS, LIST_LINES, SPAM_TRAP, QUOTED_HEADER, ATTRIBUTION, LONE_DATE]:
        text = pattern.sub("", text)
    text = re.sub(r"[ \t]+$", "", text, flags=re.M)
    text = SIGNATURE.sub("", text.rstrip())
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def mask_identities(text: str) -> str:
    """Every address becomes the same one; names of the collector and of the lists become nothing."""
    return LISTS.sub("", COLLECTOR.sub("", ADDRESS.sub(MASKED_ADDRESS, text)))
