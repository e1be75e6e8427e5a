"""The house's budgets and directions, read from the source itself."""

import ast
import copy
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("sidecar", "rpc")

MODULE = 300
LONG_MODULES: dict[str, str] = {}  # file → why it is one noun; at most LONG_MODULE lines
LONG_MODULE = 400
FUNCTION = 50
PARAMETERS = 6
DEPENDENCIES = 13
MANY_PARAMETERS: dict[str, str] = {}  # name: why
VAGUE = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
EDGES = 3  # files that may catch whatever comes: HTTP handler, RPC handler, background task
ENTRIES = {"pyproject.toml", "README.md", "LICENSE", "sidecar", "rpc", "editors", "tests", "docs"}
ENVIRONMENT = {"sidecar/settings.py", "sidecar/keys.py"}


def modules():
    """Every module of the product, by its path from the root."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


@cache
def tree(module):
    """A module's syntax."""
    return ast.parse((ROOT / module).read_text("utf-8"))


def functions(module):
    """Every function of a module with the names around it."""

    def within(node, names):
        for child in ast.iter_child_nodes(node):
            inner = names
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inner = (*names, child.name)
                if not isinstance(child, ast.ClassDef):
                    yield ".".join(inner), child, isinstance(node, ast.ClassDef)
            yield from within(child, inner)

    return list(within(tree(module), ()))


def dotted(module):
    """A module's name as it is imported."""
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imported(module, *, at_start_only):
    """The product's modules that one imports, `TYPE_CHECKING` blocks left out."""
    known = {dotted(one): one for one in modules()}
    pending: list[ast.AST] = [tree(module)]
    found = set()
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if at_start_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Import):
            found |= {known[name.name] for name in node.names if name.name in known}
        if isinstance(node, ast.ImportFrom):
            found |= named_by(node, module, known)
        pending.extend(ast.iter_child_nodes(node))
    return found - {module}


def named_by(node, module, known):
    """The modules that a `from … import …` names: submodules where there are such, else the package itself."""
    source = node.module or ""
    if node.level:
        package = module.split("/")[: -node.level]
        source = ".".join([*package, *filter(None, [source])])
    submodules = {known[full] for name in node.names if (full := f"{source}.{name.name}") in known}
    itself = any(f"{source}.{name.name}" not in known for name in node.names)
    return submodules | ({known[source]} if itself and source in known else set())


def test_there_is_something_to_measure():
    """The product's modules are found."""
    assert len(modules()) > 20
    assert "sidecar/values.py" in modules()
    assert imported("sidecar/settings.py", at_start_only=True) == {"sidecar/errors.py"}


@pytest.mark.parametrize("module", modules())
def test_modules_are_short(module):
    """A module has at most 300 lines, or 400 with its reason."""
    lines = len((ROOT / module).read_text("utf-8").splitlines())
    assert lines <= (LONG_MODULE if module in LONG_MODULES else MODULE)


def test_the_list_of_long_modules_is_true():
    """A module listed as long is."""
    for module, reason in LONG_MODULES.items():
        assert reason
        assert len((ROOT / module).read_text("utf-8").splitlines()) > MODULE


@pytest.mark.parametrize("module", modules())
def test_functions_are_short(module):
    """A function has at most 50 lines."""
    lengths = {name: node.end_lineno - node.lineno + 1 for name, node, _ in functions(module)}
    assert {name: length for name, length in lengths.items() if length > FUNCTION} == {}


def test_functions_are_mostly_short():
    """Nine of ten functions have at most 20 lines, half of them at most 10."""
    lengths = sorted(node.end_lineno - node.lineno + 1 for module in modules() for _, node, _ in functions(module))
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[len(lengths) * 9 // 10] <= 20


def parameters(node, in_class):
    """How many parameters a function has, `self` and `cls` left out."""
    plain = [*node.args.posonlyargs, *node.args.args]
    is_static = any(ast.unparse(one) == "staticmethod" for one in node.decorator_list)
    own = len(plain) - (1 if in_class and not is_static else 0)
    return own + len(node.args.kwonlyargs) + bool(node.args.vararg) + bool(node.args.kwarg)


@pytest.mark.parametrize("module", modules())
def test_functions_take_few_parameters(module):
    """A function has at most 6 parameters, exceptions listed with their reason; click passes options by name."""
    counted = {
        f"{module}:{name}": parameters(node, in_class)
        for name, node, in_class in functions(module)
        if not any("click" in ast.unparse(one) or "option" in ast.unparse(one) for one in node.decorator_list)
    }
    many = {name for name, count in counted.items() if count > PARAMETERS}
    assert many <= set(MANY_PARAMETERS)


def test_the_list_of_many_parameters_is_true():
    """A function listed as taking many does."""
    for name in MANY_PARAMETERS:
        module, function = name.split(":")
        node, in_class = next((node, inner) for own, node, inner in functions(module) if own == function)
        assert parameters(node, in_class) >= PARAMETERS


def test_imports_make_no_cycle():
    """No module imports itself by way of others."""
    waiting = {module: imported(module, at_start_only=True) for module in modules()}
    while free := [module for module, needs in waiting.items() if not needs & set(waiting)]:
        for module in free:
            del waiting[module]
    assert waiting == {}


@pytest.mark.parametrize("module", [module for module in modules() if module.startswith("sidecar/")])
def test_the_sidecar_knows_no_rpc(module):
    """`rpc` imports `sidecar`, never the other way, in functions neither."""
    assert not {one for one in imported(module, at_start_only=False) if one.startswith("rpc/")}


# room → rooms that it must not know (the tables of architecture and style)
FORBIDDEN = {
    "sidecar/errors.py": ("sidecar/", "rpc/"),
    "sidecar/sse.py": ("sidecar/store/", "sidecar/control/", "sidecar/providers/", "sidecar/endpoint.py"),
    "sidecar/values.py": ("sidecar/store/", "sidecar/control/", "sidecar/providers/", "sidecar/routing/"),
    "sidecar/store/": ("sidecar/control/", "sidecar/providers/", "sidecar/endpoint.py", "sidecar/relay.py"),
    "sidecar/routing/": ("sidecar/store/", "sidecar/control/", "sidecar/providers/", "sidecar/endpoint.py"),
    "sidecar/translate/": ("sidecar/store/", "sidecar/control/", "sidecar/routing/", "sidecar/endpoint.py"),
    "sidecar/providers/": ("sidecar/store/", "sidecar/control/", "sidecar/routing/", "sidecar/endpoint.py"),
    "sidecar/control/": ("sidecar/endpoint.py", "sidecar/relay.py", "sidecar/app.py"),
}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_rooms_know_only_what_is_below(room):
    """A room imports nothing of the rooms above it."""
    for module in modules():
        if module.startswith(room):
            wrong = {one for one in imported(module, at_start_only=False) if one.startswith(FORBIDDEN[room])}
            assert not {one for one in wrong if not one.startswith(room)}, module


WEB = {"aiohttp", "pygls", "lsprotocol", "click", "rich"}


@pytest.mark.parametrize(
    ("room", "strangers"),
    [
        ("sidecar/store/", WEB),
        ("sidecar/control/", WEB - {"aiohttp"}),
        ("sidecar/routing/", WEB | {"sqlite3", "sqlite_utils", "os", "socket"}),
        ("sidecar/translate/", WEB | {"sqlite3", "sqlite_utils", "os", "socket"}),
        ("sidecar/sse.py", WEB | {"asyncio", "socket"}),
        ("sidecar/values.py", WEB | {"asyncio", "os", "sqlite3"}),
        ("sidecar/", {"pygls", "lsprotocol", "click", "rich"}),
    ],
)
def test_rooms_know_few_libraries(room, strangers):
    """A room does not know the libraries of another's trade."""
    for module in modules():
        if module.startswith(room):
            names = {
                name.split(".")[0]
                for node in ast.walk(tree(module))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for name in ([one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""])
            }
            assert not names & strangers, module


SYSTEM = re.compile(
    r"sys\.platform|os\.name\b|import (?:fcntl|msvcrt|pwd|resource|winreg)\b|gete?[ug]id|AF_UNIX|"
    r"SO_REUSE|SO_EXCLUSIVE|SIG[A-Z]{3,}|add_signal_handler|hasattr\((?:os|signal|socket),"
)
#: Reads what only a command of its own is sent, or is not ours to choose.
ASKS = {"rpc/demo.py"}


@pytest.mark.parametrize("module", [one for one in modules() if not one.startswith("sidecar/systems/")])
def test_one_room_knows_the_systems(module):
    """What differs between systems is asked of `sidecar/systems` alone, so that each can be chosen in a test."""
    text = "\n".join(ast.unparse(_bare(tree(module))).splitlines())
    assert module in ASKS or SYSTEM.findall(text) == []


def _bare(node):
    """A module without its docstrings; its comments are gone already."""
    node = copy.deepcopy(node)
    for one in ast.walk(node):
        if isinstance(one, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            one
        ):
            one.body = one.body[1:] or [ast.Pass()]
    return node


LAZY = {"keyring", "sqlite_utils", "rich", "genai_prices", "pygls", "lsprotocol"}


def is_heavy(module):
    """Whether importing a module imports what is slow to import."""
    for node in tree(module).body:
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if {name.split(".")[0] for name in names} & LAZY:
            return True
    return False


def test_heavy_libraries_are_imported_when_needed():
    """What is slow to import is imported where it is used, or in a module that is, so that starting stays quick."""
    heavy = {module for module in modules() if module.startswith("sidecar/") and is_heavy(module)}
    eager = {module: imported(module, at_start_only=True) & heavy for module in modules() if module not in heavy}
    assert {module: found for module, found in eager.items() if found and module.startswith("sidecar/")} == {}


TYPES = {"anthropic", "llamacpp", "lm_studio", "ollama", "openai", "openrouter", "vllm", "echo"}


def is_wire(node):
    """Whether a comparison asks for a wire, some of which bear a type's name."""
    sides = [node.left, *node.comparators]
    return any(ast.unparse(side).split(".")[-1] == "wire" for side in sides)


def compared(node):
    """The texts that a comparison or a `match` holds something against, but for what is called a wire."""
    if isinstance(node, ast.Compare) and not is_wire(node):
        return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
    if isinstance(node, ast.MatchValue):
        return {one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant)}
    return set()


@pytest.mark.parametrize("module", [one for one in modules() if not one.startswith("sidecar/providers/")])
def test_no_provider_type_is_compared(module):
    """What a type does differently lives in its row: nothing outside `providers` compares a type's name."""
    assert not {text for node in ast.walk(tree(module)) for text in compared(node) & TYPES}


def catches_all(handler):
    """Whether an `except` takes whatever comes."""
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(one) in {"Exception", "BaseException"} for one in caught)


def catching(module):
    """Whether a module catches (or suppresses) whatever comes, and does not raise it again."""
    names = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ExceptHandler) and catches_all(node):
            if not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node)):
                return True
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            names |= {ast.unparse(one) for one in node.args}
    return bool(names & {"Exception", "BaseException"})


def test_only_the_edges_catch_everything():
    """Whatever comes is caught in three places: the HTTP handler, the RPC handler, the background task."""
    assert len([module for module in modules() if catching(module)]) <= EDGES


def test_modules_are_named_after_what_they_are():
    """No module is called by a name that says nothing."""
    assert not {module for module in modules() if set(dotted(module).split(".")) & VAGUE}


def test_dependencies_are_few():
    """At most 13 libraries at run time, and no provider's SDK among them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert len(project["dependencies"]) <= DEPENDENCIES
    names = {text.split(">")[0].split("<")[0].split("=")[0].strip() for text in project["dependencies"]}
    assert not names & {"openai", "anthropic", "litellm", "pydantic", "fastapi"}


def test_the_top_level_is_fixed():
    """The repository has the entries that are named here, and files that begin with a dot."""
    generated = {"build", "dist", "node_modules"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.suffix != ".egg-info"}
    assert found - generated <= ENTRIES
    assert {"pyproject.toml", "LICENSE", "sidecar", "rpc", "tests"} <= found


def reads_environment(module):
    """Whether a module reads the process's environment."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}:
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            return bool({name.name for name in node.names} & {"environ", "getenv", "environb"})
    return False


def test_the_environment_has_two_readers():
    """Only `settings` and `keys` read the environment."""
    assert {module for module in modules() if reads_environment(module)} <= ENVIRONMENT


@pytest.mark.parametrize("module", modules())
def test_nothing_happens_at_import(module):
    """A module's top level defines and does no more: no loop, no file, no `global` anywhere."""
    allowed = (
        ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign
    )
    for node in tree(module).body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        assert isinstance(node, allowed | ast.If) or is_text, f"{module}:{node.lineno}"
    assert not [node for node in ast.walk(tree(module)) if isinstance(node, ast.Global)]
