"""What a new action consists of, by how it runs: short files that work, to be changed by whoever has it written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from datatorch_pipelines.authoring.names import image_name
from datatorch_pipelines.syntax.yaml_writer import to_yaml

Kind = Literal["python", "node", "cmd", "docker"]

KINDS: tuple[Kind, ...] = ("python", "node", "cmd", "docker")

EXAMPLE_TEXT = "the quick brown fox"
"""What the example's words are counted of."""

_DEFINITION = """\
description: Counts the words of a text.

inputs:
  text:
    type: string
    required: true
    description: The text whose words are counted.
  shortest:
    type: integer
    default: 1
    description: How many characters a word needs to be counted.

outputs:
  words:
    type: integer
    description: How many words there are.

"""

_PYTHON_RUNS = """\
runs:
  using: python
  main: count_words.py
"""

_PYTHON = '''\
"""Counts the words of a text. What comes in and what goes out is declared in action-datatorch.yaml."""

from datatorch import get_input, set_output

text = get_input("text")
shortest = get_input("shortest")

words = [word for word in text.split() if len(word) >= shortest]

print(f"words of {shortest} or more characters: {len(words)}")  # the log
set_output("words", len(words))
'''

_NODE_RUNS = """\
runs:
  using: node
  main: count-words.js
"""

_NODE = """\
// Counts the words of a text. What comes in and what goes out is declared in action-datatorch.yaml.

// All inputs are one JSON object: the last argument.
const { text, shortest } = JSON.parse(process.argv[process.argv.length - 1]);

const words = text.split(/\\s+/).filter((word) => word !== "" && word.length >= shortest);

console.log(`words of ${shortest} or more characters: ${words.length}`); // the log
console.log(`::words::${JSON.stringify(words.length)}`); // an output: a line ::name::<JSON>
"""

_CMD_RUNS = """\
runs:
  using: cmd
  # Each input is an environment variable, and stands in double quotes; an output is a line ::name::<JSON>.
  command: |
    words=$(printf '%s\\n' "$INPUT_TEXT" | tr -s '[:space:]' '\\n' |
      awk -v shortest="$INPUT_SHORTEST" '$0 != "" && length($0) >= shortest { n++ } END { print n + 0 }')
    echo "words of $INPUT_SHORTEST or more characters: $words"
    echo "::words::$words"
"""


_DOCKERFILE = """\
FROM alpine:3
COPY entrypoint.sh /entrypoint.sh
ENTRYPOINT ["sh", "/entrypoint.sh"]
"""

_ENTRYPOINT = """\
#!/bin/sh
# Counts the words of a text. What comes in and what goes out is declared in action-datatorch.yaml: each input is an
# environment variable, and stands in double quotes; an output is a line ::name::<JSON>.
set -eu

words=$(printf '%s\\n' "$INPUT_TEXT" | tr -s '[:space:]' '\\n' |
  awk -v shortest="$INPUT_SHORTEST" '$0 != "" && length($0) >= shortest { n++ } END { print n + 0 }')

echo "words of $INPUT_SHORTEST or more characters: $words"
echo "::words::$words"
"""

_IGNORED: Mapping[Kind, str] = {
    "python": "__pycache__/\n.venv/\nsecrets.env\n",
    "node": "node_modules/\nsecrets.env\n",
    "cmd": "secrets.env\n",
    "docker": "secrets.env\n",
}

_README = """\
# TITLE

Counts the words of a text.

| input | type | |
|---|---|---|
| `text` | string, required | the text whose words are counted |
| `shortest` | integer, 1 unless given | how many characters a word needs to be counted |

| output | type | |
|---|---|---|
| `words` | integer | how many words there are |

## Use it

In a pipeline, by its repository and a tag:

```yaml
- name: Count words
  action: OWNER/REPOSITORY@v1
  inputs:
    text: the quick brown fox
```

## Try it

"""

_TRY = """\
In this folder, alone or in the pipeline `example.yaml`:

```console
$ datatorch-pipelines actions run . --input text="the quick brown fox"
$ datatorch-pipelines run example.yaml
```

## Change it

`action-datatorch.yaml` says what comes in, what goes out and what is run; PROGRAM.
`datatorch-pipelines check --strict action-datatorch.yaml example.yaml` tells what is wrong with them.
"""

_TRY_DOCKER = """\
Build the image. Then, in this folder, alone or in the pipeline `example.yaml`:

```console
$ docker build -t IMAGE .
$ datatorch-pipelines actions run . --input text="the quick brown fox"
$ datatorch-pipelines run example.yaml
```

Where others run it, the image has to be in a registry: push it, and name it so in `action-datatorch.yaml`.

## Change it

`action-datatorch.yaml` says what comes in, what goes out and which image is run; `entrypoint.sh` is the program in it.
`datatorch-pipelines check --strict action-datatorch.yaml example.yaml` tells what is wrong with them.
"""


def action_files(name: str, using: Kind) -> dict[str, str]:
    """The texts of a new action's files, by their names in its folder. ``name`` was seen to be one of an action."""
    files = _DEFINITIONS[using](name)
    return {
        **files,
        "example.yaml": _example(name),
        "README.md": _readme(name, using),
        ".gitignore": _IGNORED[using],
    }


def _definition(name: str, runs: str) -> str:
    return to_yaml({"name": name}) + _DEFINITION + runs


_DEFINITIONS = {
    "python": lambda name: {
        "action-datatorch.yaml": _definition(name, _PYTHON_RUNS),
        "count_words.py": _PYTHON,
    },
    "node": lambda name: {
        "action-datatorch.yaml": _definition(name, _NODE_RUNS),
        "count-words.js": _NODE,
    },
    "cmd": lambda name: {"action-datatorch.yaml": _definition(name, _CMD_RUNS)},
    "docker": lambda name: {
        "action-datatorch.yaml": _definition(name, to_yaml({"runs": {"using": "docker", "image": image_name(name)}})),
        "Dockerfile": _DOCKERFILE,
        "entrypoint.sh": _ENTRYPOINT,
    },
}

_PROGRAMS: Mapping[Kind, str] = {
    "python": "`count_words.py` is the program",
    "node": "`count-words.js` is the program",
    "cmd": "its `command` is the program",
}


def _example(name: str) -> str:
    head = to_yaml({"name": f"Try {name}"})
    return f"""\
# The action of this folder, at work.
{head}jobs:
  count:
    steps:
      - name: Count words
        action: ./
        inputs:
          text: {EXAMPLE_TEXT}
          shortest: 4
"""


def _readme(name: str, using: Kind) -> str:
    title = re.sub(r"([\\`*\[\]<>&#|~])", r"\\\1", name)
    if using == "docker":
        trying = _TRY_DOCKER.replace("IMAGE", image_name(name))
    else:
        trying = _TRY.replace("PROGRAM", _PROGRAMS[using])
    return _README.replace("TITLE", title) + trying
