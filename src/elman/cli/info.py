"""Implement `elman info`."""

from elman.cli.terminal import echo


def info() -> None:
    """Show versions, the machine, and the kernels in use."""
    import os
    import platform

    import torch

    from elman import __version__, kernels
    from elman.ops.dispatch import choose

    choice = choose(torch.float32, torch.device("cpu"))
    lines = {
        "elman": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "torch": torch.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "threads": f"{torch.get_num_threads()} of {os.cpu_count()} processors",
        "kernels": f"native, {kernels.instruction_set()}"
        if choice.name == "native"
        else f"{choice.name}: {choice.reason}",
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }
    for name, value in lines.items():
        echo(f"{name:<9} {value}")
