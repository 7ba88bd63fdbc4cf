"""An agent: it asks a server for steps, carries them out one at a time, and tells how they went.

The server answers `POST /claim` with a step that is ready, or with 204 when there is none any more:
{"id": ..., "run": ..., "job": ..., "step": {"name": ..., "action": ...}, "inputs": {...}, "secrets": {...}}

Run it with: python examples/agent/agent.py http://localhost:8080 work
"""

import contextlib
import json
import sys
import threading
import urllib.request
from pathlib import Path

import datatorch_pipelines as dtp
from datatorch_pipelines.results import LogWritten, StepStarted


def call(url, data=b""):
    """Posts to the server; gives the JSON of its answer, None for an empty one."""
    with urllib.request.urlopen(urllib.request.Request(url, data=data)) as answer:
        return json.loads(answer.read() or b"null")


def carry_out(claim, url, folder):
    """Carries out one step, its log sent as it is written; gives what the server is told in the end."""
    handle = dtp.start_step(
        claim["step"],
        claim["inputs"],
        secrets=claim.get("secrets", {}),
        run_id=claim["run"],  # both ids are looked at before a folder is made by their names
        job=claim["job"],
        workspace=folder / "workspaces" / claim["run"] / claim["job"],
        directory=folder / "records",
    )

    def cancel_when_told():  # the server answers when the step is to end, or is over
        with contextlib.suppress(OSError):
            if call(f"{url}/cancelled"):
                handle.cancel()

    threading.Thread(target=cancel_when_told, daemon=True).start()
    with contextlib.ExitStack() as files:
        for event in handle:
            if isinstance(event, StepStarted):
                log = files.enter_context((handle.directory / event.log).open("rb"))
            if isinstance(event, LogWritten):
                call(f"{url}/log", log.read(event.length))
    result = handle.wait()
    error = result.error.message if result.error else None
    outputs = dict(result.outputs)  # secrets are masked in what is told, outputs too
    return {"status": str(result.status), "exit_status": result.exit_status, "outputs": outputs, "error": error}


def main(server, folder):
    """Asks for steps until there are none."""
    while claim := call(f"{server}/claim"):
        url = f"{server}/steps/{claim['id']}"
        try:
            told = carry_out(claim, url, Path(folder))
        except dtp.PipelinesError as error:  # it can't be run as it is: nothing ran
            told = {"status": "failed", "exit_status": None, "outputs": {}, "error": str(error)}
        call(f"{url}/result", json.dumps(told).encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
