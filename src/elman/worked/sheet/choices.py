"""Refuse a sheet that leaves a choice open, with both readings, or that makes two choices that exclude each other."""

from elman.errors import InputError
from elman.worked.sheet.worksheet import Worksheet

_RESET = (
    "'reset: after' reads n = tanh(W_xn x + b_n + r ∘ (W_hn h + b_hn)), "
    "'reset: before' reads n = tanh(W_xn x + W_hn (r ∘ h) + b_n)"
)
_Z = "'z: keep' reads h = (1 - z) ∘ n + z ∘ h_before, 'z: take' reads h = (1 - z) ∘ h_before + z ∘ n"
_READ = "'ends' joins h at the last step with h_r at step 1, 'position' joins both at the last step"
_TRUNCATION = "'blocks' cuts the gradient after every {k} steps from the first, 'last' lets it reach the last {k} steps"
_PAIRS = {"binary_cross_entropy": ("sigmoid",), "cross_entropy": ("softmax",)}


def check_choices(sheet: Worksheet) -> None:
    """Refuse a sheet that leaves open what it means."""
    _cell(sheet)
    _output(sheet)
    _loss(sheet)
    _learning(sheet)


def _need(field: str, stated: object, readings: str) -> None:
    if stated is None:
        raise InputError(f"{field}: not stated, and the sheet can be read in two ways: {readings}")


def _cell(sheet: Worksheet) -> None:
    if sheet.cell == "gru":
        _need("reset", sheet.reset, _RESET)
        _need("z", sheet.z, _Z)
    elif sheet.reset is not None or sheet.z is not None:
        raise InputError(f"{'reset' if sheet.reset else 'z'}: only a gru has it; the cell is {sheet.cell}")
    if sheet.cell != "rnn" and sheet.activation != "tanh":
        raise InputError(f"activation: only an rnn has a choice, the cell is {sheet.cell}; got {sheet.activation!r}")


def output_at(sheet: Worksheet) -> str:
    """Return the steps whose output is read: as stated, else those that have a loss."""
    return sheet.output.at or (sheet.loss.at if sheet.loss else "last")


def _output(sheet: Worksheet) -> None:
    if sheet.loss is None and sheet.output.at is None:
        _need("output.at", None, "'last' gives one output, 'every' gives one at each step")
    if sheet.loss is not None and sheet.loss.at == "every" and output_at(sheet) == "last":
        raise InputError("output.at: expected 'every', because the loss is at every step; got 'last'")
    if sheet.bidirectional and output_at(sheet) == "last":
        _need("output.read", sheet.output.read, _READ)
    if sheet.output.read is not None and not (sheet.bidirectional and output_at(sheet) == "last"):
        raise InputError("output.read: only for two directions and an output at the last step")


def _loss(sheet: Worksheet) -> None:
    if sheet.loss is None:
        return
    allowed = _PAIRS.get(sheet.loss.kind, ("linear", "sigmoid", "softmax", "none"))
    if sheet.output.kind not in allowed:
        wanted = " or ".join(allowed)
        raise InputError(f"output.kind: {sheet.loss.kind} needs {wanted}, which makes p; got {sheet.output.kind!r}")
    if sheet.loss.at == "every":
        _need(
            "loss.over_steps",
            sheet.loss.over_steps,
            "'sum' adds the losses of the steps, 'mean' divides by their number",
        )
    elif sheet.loss.over_steps is not None:
        raise InputError("loss.over_steps: the loss is at the last step only, so there is nothing to sum")
    if len(sheet.examples) > 1:
        readings = "'sum' adds the losses of the examples, 'mean' divides by their number"
        _need("loss.over_examples", sheet.loss.over_examples, readings)


def _learning(sheet: Worksheet) -> None:
    for field in ("truncation", "clip", "update"):
        if sheet.loss is None and getattr(sheet, field) is not None:
            raise InputError(f"{field}: the sheet has no loss, so there is no gradient")
    if sheet.truncation is not None:
        _need("truncation.kind", sheet.truncation.kind, _TRUNCATION.format(k=sheet.truncation.steps))
        if sheet.bidirectional:
            raise InputError("truncation: a bidirectional network reads the whole sequence; remove one of the two")
    if sheet.clip is not None and (sheet.clip.norm is None) == (sheet.clip.value is None):
        raise InputError("clip: expected either norm (of all gradients together) or value (of each entry)")
    _optimizer(sheet)


def _optimizer(sheet: Worksheet) -> None:
    update = sheet.update
    if update is None:
        return
    if update.method == "sgd" and (update.first or update.second):
        raise InputError("update.first, update.second: only adam has them")
    if update.method == "adam" and (update.momentum or update.velocity):
        raise InputError("update.momentum, update.velocity: only sgd has them; adam has betas, first and second")
    if update.method == "adam" and update.step > 1 and not (update.first and update.second):
        raise InputError(f"update.step: step {update.step} of adam needs the moments before it, first and second")
