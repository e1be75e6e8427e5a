"""The files in context of a request, its kind, and its title: what routing looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, get_args

import msgspec

from sidecar.routing import formats
from sidecar.routing.filters import fold
from sidecar.routing.fim import HOLES, PREFIXES, fim_names
from sidecar.routing.looking import WHOLE, Look
from sidecar.routing.marked import Reader
from sidecar.routing.memory import Memory
from sidecar.routing.messages import NOTHING, Message, read_message, system_names, texts_of
from sidecar.routing.names import base, distinct, is_absolute
from sidecar.routing.spelling import spelled
from sidecar.routing.words import title_of
from sidecar.values import Dialect, RequestKind, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

LARGE = 48 * 1024  # bytes of one unseen message from which on finding its files takes about a millisecond

#: What the requests of a dialect may be; which one, its context tells.
KINDS: dict[Dialect, tuple[RequestKind, ...]] = {
    "chat": ("chat", "fim"),
    "messages": ("chat", "fim"),
    "responses": ("chat", "fim"),
    "completions": ("fim",),
    "embeddings": ("embed",),
}
_MESSAGES: dict[Dialect, str] = {"chat": "messages", "messages": "messages", "responses": "input"}
_SYSTEM: dict[Dialect, str] = {"messages": "system", "responses": "instructions"}
_HEAD = 240  # bytes of a message's JSON in which its first words stand
_LONGEST_RUNS = 4000  # bytes of the first message's JSON in which it says that fences are run
_LEADING = 2  # messages in which system text with attached files may stand
_ROLE = b'{"role":"'
_RESULTS = (b'{"role":"tool"', b'{"role": "tool"')  # how chat's tool results begin: whatever is in them names no file
_FRAMES = ("```", "~~~", "<")
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Context(msgspec.Struct, frozen=True):
    """What a request is about: its files in order of appearance, its kind, the user's first line (80 characters).

    `partly`: there may be more files, of which no rule takes any, and the title is left out.
    """

    files: tuple[str, ...]
    kind: RequestKind
    title: str
    partly: bool = False


class Finder:
    """Finds the files in context. It remembers by a message's bytes what it found there; threads may share it."""

    def __init__(self) -> None:
        self.memory: Memory[Message] = Memory()

    def context(
        self,
        dialect: Dialect,
        fields: Mapping[str, msgspec.Raw],
        scope: Scope = "turn",
        look: Look = WHOLE,
        messages: Sequence[msgspec.Raw] | None = None,
    ) -> Context:
        """The context of a request, given its top-level JSON members undecoded, and its messages if they are at hand.

        Whatever cannot be read names no file: nothing is raised for any request. A `look` at what matters is enough to
        choose the rule.

        Raises:
            Costly: a text would have to be read that is too large for this look.
        """
        if dialect == "embeddings":
            return Context((), "embed", "")
        if dialect == "completions":
            return Context(self._prompt_files(fields, look), "fim", "")
        raws = self._raws(dialect, fields) if messages is None else messages
        conversation = Conversation(raws, lambda raw: self._read(raw, look))
        pinned = (*self._system_files(dialect, fields), *conversation.pinned())
        names = conversation.all_names() if scope == "conversation" else conversation.turn_names()
        kind: RequestKind = "fim" if conversation.is_fim else "chat"
        files = distinct((*pinned, *names))
        if not files:
            files = (() if kind == "fim" else distinct(conversation.earlier_names())) or conversation.weak_names()
            if files and conversation.partly:  # whether they count takes all the rest to tell
                return self.context(dialect, fields, scope, Look(most=look.most), raws)
        if conversation.may_name_relatively(files):
            return self.context(dialect, fields, scope, Look(most=look.most), raws)
        return Context(files, kind, "" if conversation.partly else conversation.title, conversation.partly)

    def _raws(self, dialect: Dialect, fields: Mapping[str, msgspec.Raw]) -> Sequence[msgspec.Raw]:
        raw = fields.get(_MESSAGES.get(dialect, ""))
        if raw is None:
            return ()
        try:
            return _LIST.decode(raw)
        except _UNREADABLE:
            pass
        text = _decode(raw)
        return (msgspec.Raw(msgspec.json.encode({"role": "user", "content": text})),) if isinstance(text, str) else ()

    def _read(self, raw: msgspec.Raw, look: Look) -> Message:
        view = memoryview(raw)
        if bytes(view[:16]).startswith(_RESULTS):
            return NOTHING
        key = Memory.key(view)
        found = self.memory.get(key)
        if found is None:
            look.check(len(view))
            found = read_message(_decode(raw), look.matters)
            if not found.partly:
                self.memory.put(key, found)
        return found

    def _system_files(self, dialect: Dialect, fields: Mapping[str, msgspec.Raw]) -> tuple[str, ...]:
        raw = fields.get(_SYSTEM.get(dialect, ""))
        if raw is None or not _holds(raw, formats.IN_SYSTEM):
            return ()
        return system_names(_decode(raw))

    def _prompt_files(self, fields: Mapping[str, msgspec.Raw], look: Look) -> tuple[str, ...]:
        raw = fields.get("prompt")
        if raw is None:
            return ()
        key = Memory.key(memoryview(raw))
        found = self.memory.get(key)
        if found is None:
            look.check(len(memoryview(raw)))
            prompt = _decode(raw)
            prompts = [prompt] if isinstance(prompt, str) else prompt if isinstance(prompt, list) else []
            names = [name for text in prompts[:8] if isinstance(text, str) for name in prompt_names(text)]
            found = Message("user", names=distinct(names))
            self.memory.put(key, found)
        return found.names


class Conversation:
    """The messages of one request, walked from the end; each is read when it is needed.

    `partly` says whether one was read in part.
    """

    def __init__(self, raws: Sequence[msgspec.Raw], read: Callable[[msgspec.Raw], Message]) -> None:
        self._raws = raws
        self._read = read
        self._messages: dict[int, Message] = {}
        self.partly = False
        self._start = self._turn_start(len(raws))
        self._turn = [self._at(index) for index in range(self._start, len(raws))]

    def _at(self, index: int) -> Message:
        """The message there, read once: already to look it up costs hashing it."""
        found = self._messages.get(index)
        if found is None:
            if not 0 <= index < len(self._raws):
                return NOTHING
            found = self._messages[index] = self._read(self._raws[index])
            self.partly = self.partly or found.partly
        return found

    def may_name_relatively(self, files: Sequence[str]) -> bool:
        """Whether a line that was left out may name one of these files, an absolute one, which then counts so."""
        names = [spelled(fold(base(name))) for name in files if is_absolute(name)] if self.partly else []
        if not names:
            return False
        read = [_text(self._raws[index]).lower() for index, found in self._messages.items() if found.partly]
        return any(all(piece in text for piece in pieces) for pieces in names for text in read)

    def _turn_start(self, end: int) -> int:
        """Where the turn begins that ends before `end`: its last real words, and what was attached right before."""
        index = end - 1
        while index > 0 and not (message := self._at(index)).real:
            if message.boundary:
                return index + 1
            index -= 1
        while index > 0 and self._is_attached(index - 1):
            index -= 1
        return max(index, 0)

    def _is_attached(self, index: int) -> bool:
        """Whether a message in front of the user's words is one of theirs that holds none."""
        head = bytes(memoryview(self._raws[index])[: len(_ROLE) + 5])
        if head.startswith(_ROLE) and not head.endswith(b'user"'):  # as most clients write it: nothing to read
            return False
        before = self._at(index)
        return before.speaker == "user" and not before.real and not before.boundary

    def _names(self, messages: Iterable[Message]) -> Iterator[str]:
        for message in messages:
            if message.speaker != "system":
                yield from message.names
                if message.ran and _holds(memoryview(self._raws[0])[:_LONGEST_RUNS], formats.RUNS_FENCES):
                    yield from message.ran

    @property
    def is_fim(self) -> bool:
        """Whether the current turn is a completion in disguise."""
        return any(message.fim for message in self._turn)

    @property
    def title(self) -> str:
        """The first line of the user's own words in the current turn; of what they pasted, if there are no words."""
        turn = zip(self._turn, self._raws[self._start :], strict=True)
        return next((message.title for message in self._turn if message.title), "") or next(
            (title for message, raw in turn if message.speaker == "user" and (title := _pasted(raw))), ""
        )

    def turn_names(self) -> tuple[str, ...]:
        """The files of the current turn."""
        return tuple(self._names(self._turn))

    def pinned(self) -> tuple[str, ...]:
        """The files that stand elsewhere and belong to the current turn: aider's, gptel's, CopilotChat's, avante's."""
        found: list[str] = []
        for index in range(self._start):
            head = _text(memoryview(self._raws[index])[:_HEAD])
            if any(map(head.__contains__, formats.PINNED)):
                found += self._at(index).names
            elif index < _LEADING and '"user"' not in head and _holds(self._raws[index], formats.IN_SYSTEM):
                found += self._at(index).names if self._at(index).speaker == "system" else ()
        return tuple(found)

    def earlier_names(self) -> tuple[str, ...]:
        """The files of the newest earlier turn that names any."""
        end = self._start
        while end > 0 and not self._at(end - 1).boundary:
            begin = self._turn_start(end)
            names = tuple(self._names(map(self._at, range(begin, end))))
            if names:
                return names
            end = begin
        return ()

    def all_names(self) -> tuple[str, ...]:
        """The files of the whole conversation, without a client's examples."""
        begin = next((i + 1 for i in range(self._start, -1, -1) if self._at(i).boundary), 0)
        return tuple(self._names(map(self._at, range(begin, len(self._raws)))))

    def weak_names(self) -> tuple[str, ...]:
        """The files that the current turn hints at."""
        return distinct(name for message in self._turn for name in message.weak)


def _pasted(raw: msgspec.Raw) -> str:
    """The first line of a message that is no fence and no tag."""
    message = _decode(raw)
    texts = texts_of(message.get("content")) if isinstance(message, dict) else []
    lines = (line for text in texts for line in text.lstrip()[:2000].split("\n"))
    return next((title_of(line) for line in lines if line.strip() and not line.lstrip().startswith(_FRAMES)), "")


def prompt_names(prompt: str) -> Iterable[str]:
    """The file that a completion prompt completes; a plain prompt is read as a person's words."""
    names = fim_names(prompt)
    if names or any(mark in prompt for mark in (*PREFIXES, *HOLES)) or len(prompt) > 2000:
        return names
    reader = Reader()
    reader.read(prompt)
    return reader.names


def _text(raw: msgspec.Raw | memoryview) -> str:
    """JSON in which ASCII can be sought: `in` takes a fraction of the time that it takes in bytes."""
    return str(memoryview(raw), "latin-1")


def _holds(raw: msgspec.Raw | memoryview, marks: tuple[str, ...]) -> bool:
    return any(map(_text(raw).__contains__, marks))


def _decode(raw: msgspec.Raw) -> object:
    try:
        return msgspec.json.decode(raw)
    except _UNREADABLE:
        return None


def files_in(body: dict[str, Any], dialect: str) -> list[str]:
    """The files in context of a decoded request, for measuring."""
    if dialect not in get_args(Dialect):
        return []
    fields = msgspec.json.decode(msgspec.json.encode(body), type=dict[str, msgspec.Raw])
    return list(Finder().context(cast("Dialect", dialect), fields).files)
