"""Kill everything, again and again, and see that nothing is lost.

python -m chaos [--faults N] [--seed N] [--only KIND …] [--keep]

Starts PostgreSQL, Redis, gunicorn, three workers and beat of its own, has studies written by two small models and
answered by bots, and injects N faults (200) drawn from the seed (1); docs/chaos.md says which. Ends with 1 where
anything was lost, doubled, wrong or stuck. --only takes names of `Fault` as WORKER or DISK; --keep leaves the folder
with logs there, as a fault does.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from chaos.plan import Fault, plan_faults
from chaos.stack import Stack, run_stack
from chaos.studies import train_models


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faults", type=int, default=200, help="how many are injected (200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=[fault.name for fault in Fault], help="kinds, all unless given")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    base = Path(tempfile.mkdtemp(prefix="byline-chaos-"))
    base.chmod(0o755)  # PostgreSQL's own user passes through
    say(f"Logs: {base / 'log'}")
    for ending in (signal.SIGTERM, signal.SIGINT):  # in the background too, so that everything is ended
        signal.signal(ending, lambda *_: sys.exit(130))
    is_clean = False
    try:
        with run_stack(base) as stack:
            is_clean = disturb(stack, options)
    finally:
        if is_clean and not options.keep:
            shutil.rmtree(base, ignore_errors=True)
    return 0 if is_clean else 1


def disturb(stack: Stack, options: argparse.Namespace) -> bool:
    """Whether everything was as it should be."""
    os.environ |= stack.env
    train_models(stack.base / "models", log=stack.logs / "training.log")
    prepare_site(stack)
    left_out = [
        fault
        for fault, is_there in ((Fault.DISK, stack.volume.is_small), (Fault.CLOCK, stack.clocks.is_there))
        if not is_there
    ]
    chosen = {Fault[name] for name in options.only} if options.only else set(Fault)
    faults = plan_faults(options.faults, seed=options.seed, without={*left_out, *(set(Fault) - chosen)})
    from chaos.run import Run, describe

    run = Run(stack, seed=options.seed, say=say)
    began = time.monotonic()
    try:
        run.begin()
        say(f"Everything is up, and the first study is written, {time.monotonic() - began:.0f} s")
        began = time.monotonic()
        for number, fault in enumerate(faults, start=1):
            run.disturb(fault, number)
        run.finish()
    except Exception:
        run.tally.others.append(traceback.format_exc())
    finally:
        run.close()
        run.tally.seconds = time.monotonic() - began
    for line in describe(run.tally, left_out=left_out):
        say(line)
    return run.tally.is_clean


def prepare_site(stack: Stack) -> None:
    """An empty database with every table, and the whole stack up."""
    stack.start("postgres", "redis")
    stack.wait_for_database()
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    (stack.home / "static").mkdir(exist_ok=True)
    stack.start_ours()
    stack.watch()


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
