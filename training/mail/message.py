"""A raw mail as the text that a person would read: its subject and its body, every other header dropped."""

import email
import email.header
import email.message
import re
from html.parser import HTMLParser

SILENT_TAGS = {"script", "style"}
LINE_TAGS = {"br", "p", "div", "tr", "li", "table", "ul", "ol", "hr", "blockquote", "center", "title", "pre"} | {
    f"h{level}" for level in range(1, 7)
}


def read_message(raw: bytes) -> tuple[str, str]:
    """(subject, body) with transfer encodings and character sets undone and HTML reduced to its words."""
    message = email.message_from_bytes(raw)
    return read_subject(message), read_body(message)


def read_subject(message: email.message.Message) -> str:
    return " ".join(read_header(message.get("subject", "")).split())


def read_header(value: str | email.header.Header) -> str:
    """With encoded words undone."""
    pieces = email.header.decode_header(value)
    return "".join(decode(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces)


def read_body(message: email.message.Message) -> str:
    """The plain parts if any holds words, else the HTML parts."""
    parts = [part for part in message.walk() if not part.is_multipart() and part.get_filename() is None]
    plain = [read_part(part) for part in parts if part.get_content_type().startswith("text/plain")]
    if any(text.strip() for text in plain):
        return "\n".join(html_to_text(text) if looks_like_html(text) else text for text in plain)
    return "\n".join(html_to_text(read_part(part)) for part in parts if part.get_content_type() == "text/html")


def read_part(part: email.message.Message) -> str:
    content = part.get_payload(decode=True)
    return decode(content, part.get_content_charset()) if isinstance(content, bytes) else ""


def decode(content: bytes, charset: str | None) -> str:
    """As declared; where nothing usable is declared, UTF-8 if it is that, else Windows-1252.

    Mails that declare ASCII or Latin-1 and hold more mean Windows-1252, as web browsers know.
    """
    declared = (charset or "utf-8").lower()
    if declared in ("us-ascii", "ascii", "iso-8859-1", "latin-1"):
        declared = "windows-1252"
    for candidate in (declared, "utf-8", "windows-1252"):
        try:
            return content.decode(candidate)
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode("latin-1")


def looks_like_html(text: str) -> bool:
    """Some mails say text/plain and hold HTML."""
    return re.search(r"<(html|body|table|font)\b", text, re.IGNORECASE) is not None


def html_to_text(html: str) -> str:
    reader = TextOfHtml()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
    return "\n".join(lines)


class TextOfHtml(HTMLParser):
    """Words without markup, comments, scripts and styles; a block ends its line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self.silent_depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent_depth += tag in SILENT_TAGS
        if tag in LINE_TAGS:
            self.pieces.append("\n")
        elif tag in ("td", "th"):
            self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.silent_depth = max(0, self.silent_depth - (tag in SILENT_TAGS))
        if tag in LINE_TAGS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent_depth:
            self.pieces.append(re.sub(r"\s+", " ", data))
