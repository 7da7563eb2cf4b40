"""The portal's themes.

Their colours are among the 256 that terminals share, so that they look the same over SSH as in true
colour. `tests/tui/test_contrast.py` measures how well each text stands out.
"""

from textual.theme import Theme

DARK = Theme(
    name="credtui-dark",
    primary="#5fafff",
    secondary="#5f87af",
    accent="#5fafff",
    warning="#d7af5f",
    error="#ff5f5f",
    success="#87d787",
    foreground="#dadada",
    background="#121212",
    surface="#262626",
    panel="#3a3a3a",
    dark=True,
    variables={
        "text": "#eeeeee",
        "text-muted": "#b2b2b2",
        "text-disabled": "#949494",
        "text-primary": "#afd7ff",
        "text-secondary": "#87afd7",
        "text-accent": "#87d7ff",
        "text-warning": "#ffd75f",
        "text-error": "#ff8787",
        "text-success": "#87d787",
        "primary-muted": "#005f87",
        "secondary-muted": "#444444",
        "accent-muted": "#00005f",
        "warning-muted": "#5f5f00",
        "error-muted": "#5f0000",
        "success-muted": "#005f00",
        "foreground-muted": "#b2b2b2",
        "foreground-disabled": "#949494",
        "border": "#5fafff",
        "border-blurred": "#5f87af",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#005faf",
        "block-cursor-blurred-foreground": "#eeeeee",
        "block-cursor-blurred-background": "#444444",
        "block-hover-background": "#303030",
        "input-cursor-foreground": "#121212",
        "input-cursor-background": "#eeeeee",
        "input-selection-foreground": "#ffffff",
        "input-selection-background": "#005f87",
        "footer-foreground": "#dadada",
        "footer-background": "#262626",
        "footer-key-foreground": "#5fafff",
        "button-foreground": "#eeeeee",
        "button-color-foreground": "#121212",
        "scrollbar": "#5f87af",
        "scrollbar-hover": "#87afd7",
        "scrollbar-active": "#5fafff",
        "scrollbar-background": "#1c1c1c",
        "scrollbar-background-hover": "#1c1c1c",
        "scrollbar-background-active": "#1c1c1c",
        "scrollbar-corner-color": "#1c1c1c",
    },
)

LIGHT = Theme(
    name="credtui-light",
    primary="#005faf",
    secondary="#5f87af",
    accent="#005faf",
    warning="#875f00",
    error="#d70000",
    success="#008700",
    foreground="#262626",
    background="#eeeeee",
    surface="#ffffff",
    panel="#dadada",
    dark=False,
    variables={
        "text": "#121212",
        "text-muted": "#585858",
        "text-disabled": "#6c6c6c",
        "text-primary": "#000087",
        "text-secondary": "#005f87",
        "text-accent": "#005faf",
        "text-warning": "#875f00",
        "text-error": "#af0000",
        "text-success": "#005f00",
        "primary-muted": "#afd7ff",
        "secondary-muted": "#d0d0d0",
        "accent-muted": "#d7ffff",
        "warning-muted": "#ffffaf",
        "error-muted": "#ffd7d7",
        "success-muted": "#d7ffd7",
        "foreground-muted": "#585858",
        "foreground-disabled": "#6c6c6c",
        "border": "#005faf",
        "border-blurred": "#5f87af",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#005faf",
        "block-cursor-blurred-foreground": "#121212",
        "block-cursor-blurred-background": "#d0d0d0",
        "block-hover-background": "#e4e4e4",
        "input-cursor-foreground": "#ffffff",
        "input-cursor-background": "#121212",
        "input-selection-foreground": "#121212",
        "input-selection-background": "#afd7ff",
        "footer-foreground": "#262626",
        "footer-background": "#dadada",
        "footer-key-foreground": "#005faf",
        "button-foreground": "#121212",
        "button-color-foreground": "#ffffff",
        "scrollbar": "#5f87af",
        "scrollbar-hover": "#005f87",
        "scrollbar-active": "#005faf",
        "scrollbar-background": "#eeeeee",
        "scrollbar-background-hover": "#eeeeee",
        "scrollbar-background-active": "#eeeeee",
        "scrollbar-corner-color": "#eeeeee",
    },
)

SIXTEEN = Theme(
    name="credtui-16",
    primary="#55ffff",
    secondary="#00aaaa",
    accent="#ffffff",
    warning="#ffff55",
    error="#ff5555",
    success="#55ff55",
    foreground="#aaaaaa",
    background="#000000",
    surface="#000000",
    panel="#0000aa",
    dark=True,
    variables={
        "text": "#ffffff",
        "text-muted": "#aaaaaa",
        "text-disabled": "#aaaaaa",
        "text-primary": "#ffffff",
        "text-secondary": "#55ffff",
        "text-accent": "#55ffff",
        "text-warning": "#ffff55",
        "text-error": "#ff5555",
        "text-success": "#55ff55",
        "primary-muted": "#0000aa",
        "secondary-muted": "#0000aa",
        "accent-muted": "#0000aa",
        "warning-muted": "#000000",
        "error-muted": "#000000",
        "success-muted": "#000000",
        "foreground-muted": "#aaaaaa",
        "foreground-disabled": "#aaaaaa",
        "border": "#ffffff",
        "border-blurred": "#00aaaa",
        "block-cursor-foreground": "#000000",
        "block-cursor-background": "#aaaaaa",
        "block-cursor-blurred-foreground": "#ffffff",
        "block-cursor-blurred-background": "#000000",
        "block-cursor-blurred-text-style": "bold",
        "block-hover-background": "#0000aa",
        "input-cursor-foreground": "#000000",
        "input-cursor-background": "#aaaaaa",
        "input-selection-foreground": "#ffffff",
        "input-selection-background": "#0000aa",
        "footer-foreground": "#aaaaaa",
        "footer-background": "#000000",
        "footer-key-foreground": "#55ffff",
        "button-foreground": "#ffffff",
        "button-color-foreground": "#ffffff",
        "scrollbar": "#00aaaa",
        "scrollbar-hover": "#00aaaa",
        "scrollbar-active": "#aaaaaa",
        "scrollbar-background": "#000000",
        "scrollbar-background-hover": "#000000",
        "scrollbar-background-active": "#000000",
        "scrollbar-corner-color": "#000000",
    },
)
"""For terminals with 16 colours or none, on a black of its own: so it needs no light twin.

What is selected or takes keys is black on grey, which without colours becomes reverse video.
"""

THEMES = (DARK, LIGHT, SIXTEEN)


def named(word: str, *, light: bool) -> str:
    """Return the name of the theme that a word of the configuration means.

    Args:
        word: "auto", "dark", "light" or the name of a theme.
        light: Whether the terminal's background is light; "auto" follows it.
    """
    if word == "auto":
        word = "light" if light else "dark"
    return {"dark": DARK.name, "light": LIGHT.name}.get(word, word)


def fitting(theme: str, colours: int) -> str:
    """Return the name of the theme to use for a terminal that has this many colours.

    One of the portal's own themes becomes the one for few colours; another theme stays.
    """
    own = any(theme == one.name for one in THEMES)
    return SIXTEEN.name if own and colours < 256 else theme
