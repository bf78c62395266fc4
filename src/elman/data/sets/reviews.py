"""Short reviews with a label, from a grammar. Negation and contrast turn words round: counting them is not enough."""

from elman.data.sets.draw import Draw, distinct, listed

_WORDS = {
    "thing": listed(
        "film book hotel room meal phone lamp concert play coat game museum train garden soup camera "
        "chair course song bicycle breakfast show story tour"
    ),
    "part": listed("ending staff price music view cook sound cover waiter light design taste start colour guide seat"),
    "who": listed(
        "my brother; my friend; our teacher; the whole family; my neighbour; everyone; my aunt; the children"
    ),
    "very": ["very", "really", "quite", "so", "truly", "rather"],
    "when": ["last week", "yesterday", "on Sunday", "in the spring", "for my birthday", "after work", "with friends"],
    "good": listed(
        "good lovely bright clever warm fresh friendly charming excellent funny quick neat gentle fair tidy"
    ),
    "bad": listed("bad dull slow cold rude dirty boring broken noisy sad cheap stale weak ugly careless"),
    "like": ["loved", "enjoyed", "liked", "admired", "praised"],
    "hate": ["hated", "disliked", "regretted", "left", "returned"],
}
_GOOD = (
    "The {thing} was {very} {good}.",
    "{like} the {thing} {when}.",
    "The {part} of the {thing} was not {bad} at all.",
    "The {part} was {bad}, but the {thing} was {good}.",
    "Never {bad}, always {good}: a {very} {good} {thing}.",
    "I thought the {thing} would be {bad}, and it was {good}.",
    "{who} {like} the {part}, and the {thing} is {good}.",
    "Nothing {bad} about this {thing}.",
    "The {thing} is {good}, not {bad}.",
    "Though the {part} was {bad}, {who} {like} the {thing}.",
)
_BAD = (
    "The {thing} was {very} {bad}.",
    "{hate} the {thing} {when}.",
    "The {part} of the {thing} was not {good} at all.",
    "The {part} was {good}, but the {thing} was {bad}.",
    "Never {good}, always {bad}: a {very} {bad} {thing}.",
    "I thought the {thing} would be {good}, and it was {bad}.",
    "{who} {hate} the {part}, and the {thing} is {bad}.",
    "Nothing {good} about this {thing}.",
    "The {thing} is {bad}, not {good}.",
    "Though the {part} was {good}, {who} {hate} the {thing}.",
)
_KNOWN, _UNSEEN = 800, 200


def reviews(unseen: bool) -> dict[str, list[str]]:
    """Return the columns text and label, positive or negative."""
    rows = distinct(7, _KNOWN + _UNSEEN, _review)[_KNOWN if unseen else 0 :][: _UNSEEN if unseen else _KNOWN]
    return {"text": [text for text, _ in rows], "label": [label for _, label in rows]}


def _review(draw: Draw) -> tuple[str, str]:
    good = draw.chance(0.5)
    text = draw.filled(draw.one(_GOOD if good else _BAD), _WORDS)
    return text[0].upper() + text[1:], "positive" if good else "negative"
