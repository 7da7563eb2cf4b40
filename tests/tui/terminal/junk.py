"""What terminals, multiplexers and lines send besides keys: whole answers and broken characters."""

from hypothesis import strategies as st

REPORTED = {
    "colour": b"\x1b]11;rgb:0c0c/0c0c/0c0c\x07",
    "clipboard": b"\x1b]52;c;ZGVsZXRl\x07",
    "clipboard, ended by ST": b"\x1b]52;c;ZGVsZXRl\x1b\\",
    "title with a letter that holds the byte of ST": "\x1b]l\xdcbersicht s\x1b\\".encode(),
    "terminal's name": b"\x1bP>|xterm(390)\x1b\\",
    "setting": b"\x1bP1$r0 q\x1b\\",
    "terminfo": b"\x1bP1+r544e=73637265656e\x1b\\",
    "kitty graphics": b"\x1b_Gi=31;OK\x1b\\",
    "privacy message": b"\x1b^secret\x1b\\",
    "start of string": b"\x1bXsecret\x1b\\",
    "device attributes": b"\x1b[?62;1;2;4;6;9;15;22c",
    "secondary device attributes": b"\x1b[>84;0;0c",
    "tertiary device attributes": b"\x1bP!|00000000\x1b\\",
    "keyboard flags": b"\x1b[?25u",
    "mode": b"\x1b[?1016;2$y",
    "mode of ANSI": b"\x1b[4;2$y",
    "in-band resize": b"\x1b[48;24;80;0;0t",
    "in-band resize in pixels": b"\x1b[48;24:1;80:1;480:1;800:1t",
    "resize mode": b"\x1b[?2048;2$y",
    "window size": b"\x1b[8;24;80t",
    "window position": b"\x1b[3;0;0t",
    "window state": b"\x1b[1t",
    "colour scheme": b"\x1b[?997;1n",
    "device status": b"\x1b[0n",
    "cursor position": b"\x1b[24;80R",
    "cursor position like Shift and F3": b"\x1b[1;2R",
    "parameters": b"\x1b[2;1;1;128;128;1;0x",
    "X10 mouse": b"\x1b[M !!",
    "X10 mouse far right": b"\x1b[M \xff!",
    "X10 mouse past 223": b"\x1b[M \x00!",
    "X10 mouse whose bytes begin a character": b"\x1b[M\xc3\xe6\xf0",
    "urxvt mouse": b"\x1b[32;10;10M",
    "mouse at no place": b"\x1b[<0;0;0M",
    "mouse outside": b"\x1b[<0;-3;7M",
    "mouse absurdly far": b"\x1b[<0;99999999999;7M",
    "mouse button that is none": b"\x1b[<999;7;7M",
    "mouse button that pages back": b"\x1b[<128;7;7M",
    "mouse without numbers": b"\x1b[<;;M",
    "key let go": b"\x1b[97;1:3u",
    "key past Unicode": b"\x1b[1114112;1u",
    "key with a long number": b"\x1b[" + b"9" * 40 + b"u",
    "key that is half a character": b"\x1b[55357;1u",
    "key that types past Unicode": b"\x1b[97;1;1114112u",
    "key that types nothing twice": b"\x1b[97;1;97::98u",
    "key with no modifiers left": b"\x1b[97;0u",
    "key with too many modifiers": b"\x1b[97;257u",
    "key without a code": b"\x1b[u",
    "key that nobody knows": b"\x1b[57500u",
    "rest of a paste": b"\x1b[201~",
    "function key that nobody knows": b"\x1b[65~",
    "arrow that is a letter": b"\x1b[65A",
    "Latin-1": b"\xe4",
    "cut character": b"\xf0\x9f\x8f",
    "end of a character": b"\xbc\xa2",
    "character too long": b"\xc1\xa1",
    "half a surrogate": b"\xed\xa0\x80",
    "past Unicode": b"\xf4\x90\x80\x80",
    "C1 control": b"\xc2\x9b",
    "byte order": b"\xff\xfe",
}
"""Seen in terminals' manuals and in reports of bugs."""

_text = st.text(
    st.characters(codec="utf-8", exclude_characters="\x07\x1b\x9c"), min_size=1, max_size=40
).map(str.encode)
_number = st.sampled_from(["", "0", "1", "27", "97", "255", "2026", "1114112", "9" * 12]) | (
    st.integers(0, 300).map(str)
)
_numbers = st.lists(_number, max_size=6).map(";".join) | st.lists(_number, max_size=6).map(":".join)


@st.composite
def _strings(draw: st.DrawFn) -> bytes:
    begin = draw(st.sampled_from([b"\x1b]", b"\x1bP", b"\x1b_", b"\x1b^", b"\x1bX"]))
    ends = [b"\x1b\\", b"\xc2\x9c"] + ([b"\x07"] if begin == b"\x1b]" else [])
    return begin + draw(_text) + draw(st.sampled_from(ends))


@st.composite
def _private(draw: st.DrawFn) -> bytes:
    mark = draw(st.sampled_from("=>?"))
    middle = draw(st.sampled_from(["", "", "$", " ", "'", "$ "]))
    last = draw(st.characters(min_codepoint=0x40, max_codepoint=0x7E))
    return f"\x1b[{mark}{draw(_numbers)}{middle}{last}".encode()


@st.composite
def _reports(draw: st.DrawFn) -> bytes:
    numbers = draw(st.lists(st.integers(0, 9999), min_size=2, max_size=6))
    return f"\x1b[{';'.join(map(str, numbers))}{draw(st.sampled_from('RtncyM'))}".encode()


_x10 = st.binary(min_size=3, max_size=3).map(lambda values: b"\x1b[M" + values)

junk: st.SearchStrategy[bytes] = st.one_of(
    st.sampled_from([b"\xff" + sent + b"\xff" for sent in REPORTED.values()]),
    _strings(),
    _private(),
    _reports(),
    _x10,
)
"""One thing that is no key, whatever comes before and after it."""
