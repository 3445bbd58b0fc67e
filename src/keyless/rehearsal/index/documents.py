"""How this room keeps its documents in the store: one kind per index and subject, times as ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from keyless.model.index import Index
from keyless.rehearsal.store import Document, Store


class Refused(Exception):
    """The simulated index says no to something that its state functions were asked to do; the text is PyPI's.

    `field` is the form's field that is to blame, "" for none in particular.
    """

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def kind(index: Index, subject: str) -> str:
    """Return the store's kind for a subject ("account", "token", …) of one index; the two indexes share nothing."""
    return f"{index.value}.{subject}"


def stamp(store: Store) -> str:
    """Return the rehearsal's time as text, to the microsecond."""
    return text_of(store.now())


def text_of(moment: datetime) -> str:
    """Return a moment as text that sorts by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime:
    """Return the moment (UTC) that `stamp` or `text_of` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def remember(store: Store, index: Index, project: str, what: str, **more: str) -> None:
    """Add an event to a project's history, newest last. `project` is a normalised name."""
    number = store.next_number(kind(index, "event"))
    event: Document = {"project": project, "what": what, "at": stamp(store), **more}
    store.put(kind(index, "event"), f"{project}/{number:09d}", event)


def history(store: Store, index: Index, project: str) -> list[Document]:
    """Return a project's events, oldest first."""
    return [event for _, event in store.all(kind(index, "event"), f"{project}/")]


def mail(store: Store, index: Index, to: str, subject: str, about: str) -> None:
    """Send a mail to a user: it lands in the rehearsal's mailbox, where a test or a person can look."""
    number = store.next_number(kind(index, "mail"))
    store.put(kind(index, "mail"), f"{number:09d}", {"to": to, "subject": subject, "about": about, "at": stamp(store)})


def mails(store: Store, index: Index) -> list[Document]:
    """Return every mail that the index sent, oldest first."""
    return [body for _, body in store.all(kind(index, "mail"))]
