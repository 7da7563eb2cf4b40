"""The portal's colours."""

from textual.theme import Theme

THEME = Theme(
    name="credtui",
    primary="#5aa9e6",
    secondary="#7f9cb5",
    accent="#5aa9e6",
    warning="#e9b44c",
    error="#e5677a",
    success="#6cc08b",
    foreground="#d8dee6",
    background="#11161d",
    surface="#171e27",
    panel="#202a36",
    dark=True,
    variables={
        "footer-background": "#171e27",
        "footer-key-foreground": "#5aa9e6",
        "button-color-foreground": "#0b1016",
    },
)
