"""File names in a person's own words, and what only looks like one."""

import pytest
from conversations import files, user


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fix src/main.zig please", ["src/main.zig"]),
        ('`a.ml`, (b.ml), **c.ml**: "d.ml"!', ["a.ml", "b.ml", "c.ml", "d.ml"]),
        ("a.ts:12, b.ts:1:5, c.ts#L3-L9, d.ts(4,2) and e.ts:3-9", ["a.ts", "b.ts", "c.ts", "d.ts", "e.ts"]),
        ("t/test_x.py::TestA::test_b failed", ["t/test_x.py"]),
        ("the Makefile, the Dockerfile.dev and .env.local", ["Makefile", "Dockerfile.dev", ".env.local"]),
        ("app/[id]/page.tsx and app/(shop)/layout.tsx", ["app/[id]/page.tsx", "app/(shop)/layout.tsx"]),
        (r"C:\w\src\Main.cs", ["C:/w/src/Main.cs"]),
        ("file:///w/my%20a.py", ["/w/my a.py"]),
        ("请修复src/a.rs中的错误", ["src/a.rs"]),
        ("src/größe.py, app/設定.ts", ["src/größe.py", "app/設定.ts"]),
        ('translate "docs/Big Plan.md"', ["docs/Big Plan.md"]),
        ("see docs/Big\\ Plan.md", ["docs/Big Plan.md"]),
        ("[a](web/a.tsx) and @b.tsx and #file:c.tsx", ["web/a.tsx", "b.tsx", "c.tsx"]),
        ("mv a.py->b.py or a.py→c.py", ["a.py", "b.py", "c.py"]),
        ("git show HEAD:src/a.py --out=b.txt", ["src/a.py", "b.txt"]),
        ("a.py's bug, in README.md…", ["a.py", "README.md"]),
        ("~/.zshrc and $HOME/bin/x.sh", ["~/.zshrc", "$HOME/bin/x.sh"]),
        ("__init__.py and _app.tsx", ["__init__.py", "_app.tsx"]),
        ("/w/a/b.py, a/b.py and @a/b.py", ["a/b.py"]),
        ("/w/a/b.py or b.py", ["/w/a/b.py"]),
        ("rename ‘Old Plan.txt’, keep ${DATA}/raw/x.csv", ["Old Plan.txt", "${DATA}/raw/x.csv"]),
        ("🔥a/b.ts🔥 和“設定.yaml”", ["a/b.ts", "設定.yaml"]),
        ("app/@side/page.tsx, docs/a.md#set-up, lib-1.2.tar.xz", ["app/@side/page.tsx", "docs/a.md", "lib-1.2.tar.xz"]),
        ("Makefile.in, MANIFEST.in and src/gram.y", ["Makefile.in", "MANIFEST.in", "src/gram.y"]),
        ("what does bin/release do", ["bin/release"]),
        ("[@f](file:///w/a%20b.rs?symbol=f#L3:8)", ["/w/a b.rs"]),
        ("<Cart> in src/cart.tsx is slow", ["src/cart.tsx"]),
    ],
)
def test_names(text, expected):
    """Names are found in prose of any punctuation and script, once each."""
    assert files(user(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "node.js or Next.js, e.g. version 3.11, i.e. and/or 24/7, TCP/IP",
        "https://example.com/a.html and www.example.org/b.py or docs.rs",
        "jane.doe@example.com, git@github.com:u/r.git",
        "foo.bar() and os.path.join(a) or self.items.append(x.y)",
        "pip install ruamel.yaml; socket.io",
        "everything from src/ui/ to lib/core",
        "all *.ts and src/**/*.py and .js files",
        "run /usr/bin/env and .venv/bin/python, MANIFEST by hand, user@example.com/@scope",
        "example.com/index.php and localhost:3000/a.js",
        "```\nsrc/\n├── a.py\n└── b.py\n```\ngood?",
        "```bash\npython src/x.py\n```\nwhat does it do?",
        '<p>see the file src/a.js</p>\n<Link to="b.ts"> and c.ts\n\nexplain',
        "import x from './a.ts';\n\nexport const y = load('b.json');\nconst z = 1;\nfoo();\nbar();\n\nexplain",
    ],
)
def test_no_names(text):
    """Products, hosts, versions, calls, folders, globs, listings and code hold no names of files in context."""
    assert files(user(text)) == []


@pytest.mark.parametrize(
    "code",
    [
        "foo(", "foo();", "if x {", "}", "total(a, b);  ", "#include <a.h>", "// a note", "$ make all'", "    indented",
        "\tindented", "import os, sys:", 'return "x"', "a = 'b' or c", "if a == b then", "<A b={c} />x", "f('x') + 1",
        "run(); again", "Vec::<T> of it", "x from 'y' here", "<div>", "│ a", "\u3000├── a",
    ],
)  # fmt: skip
def test_what_stands_within_code_is_code(code):
    """A name between lines of code is the code's, though its own line is none; a name behind them is not."""
    text = f"why does this fail\n{code}\n{code}\nsee a.py\n{code}\n{code}\nand b.py"
    assert files(user(text)) == ["b.py"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```python a.py\nopen('b.csv')\n```", ["a.py"]),
        ("```ts:src/a.ts\nimport './b.ts'\n```", ["src/a.ts"]),
        ("```git diff\ndiff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-b.c\n+c.c\n```", ["x.c"]),
        (
            "=== conf/a.ini ===\nuse=b.ini\n\n==> c.ini <==\nuse=d.ini\n\nmerge as in e.ini",
            ["conf/a.ini", "c.ini", "e.ini"],
        ),
        ("src/a.py\n---\nopen('b.csv')\n\n---\nmy b.py\n---\nc.csv\n\n---\nthen d.py", ["src/a.py", "my b.py", "d.py"]),
        ("src/a.py\n---\nand src/b.py\n---\nthanks", ["src/a.py", "src/b.py"]),
        (f"{'=' * 48}\nFILE: a.sh\n{'=' * 48}\n. ./b.sh\n\nport c.sh", ["a.sh", "c.sh"]),
        ("compare\n\n`/w/a.nix`:\n\n{ }\n\n\n`/w/my dir/b.nix`:\n\n{ }\n", ["/w/a.nix", "/w/my dir/b.nix"]),
        ("```src/a.ts:12-20\nimport './b.ts'\n```", ["src/a.ts"]),
        ('```js title="src/a.js"\nb.js\n```', ["src/a.js"]),
        ("**`lib/a.rb`**\n\n```ruby\nrequire 'b.rb'\n```", ["lib/a.rb"]),
        ("docs/Big Plan.md\n```md\nsee b.md\n```", ["docs/Big Plan.md"]),
        ('package.json:\r\n```json\r\n{"main": "b.js"}\r\n```\r\n', ["package.json"]),
        ("```ts\n// src/a.ts\nimport './b.ts'\n```", ["src/a.ts"]),
        ("````md a.md\n```py b.py\n```\n````\nc.md", ["a.md", "c.md"]),
        ("```md a.md\n```py\nopen('b.py')\n```\nsee d.py\n```\nc.md", ["a.md", "c.md"]),
        ("```py a.py\nsee b.py and never closed", ["a.py"]),
        ('```diff\n--- a/x/a.c\n+++ b/x/a.c\n@@ -1 +1 @@\n+#include "b.h"\n```', ["x/a.c"]),
        ("--- a/x/a.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-b.c\n\nwhy?", ["x/a.c"]),
        ("```\nTraceback (most recent call last):\n  File \"app/a.py\", line 3\n    open('b.txt')\n```", ["app/a.py"]),
    ],
)
def test_pasted_blocks(text, expected):
    """A block's name stands in its first line or above it, and nothing within it counts but places in files."""
    assert files(user(text)) == expected
