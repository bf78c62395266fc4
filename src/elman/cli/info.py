"""`elman info`: what runs here, and how."""

import typer


def info() -> None:
    """Show versions, the machine, and which kernels are in use."""
    import os
    import platform

    import torch

    from elman import __version__, kernels

    native = kernels.available()
    lines = {
        "elman": __version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "torch": torch.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "threads": f"{torch.get_num_threads()} of {os.cpu_count()} processors",
        "kernels": f"native, {kernels.instruction_set()}" if native else f"reference: {kernels.why_not()}",
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
    }
    for name, value in lines.items():
        typer.echo(f"{name:<9} {value}")
