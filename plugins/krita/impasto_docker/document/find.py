"""Documents and layers again, by what is kept of them.

Nothing of Krita's is held from one event to the next: to touch what has been closed ends Krita.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from krita import Document, Krita, Node

if TYPE_CHECKING:
    from impasto_docker.core.history import Place


def active_document() -> Document | None:
    """The document that the user works on; None: no picture is open.

    Krita itself goes on to hand out one that has been closed.
    """
    krita = Krita.instance()
    document = krita.activeDocument()
    return document if document in krita.documents() else None


def find_document(place: Place) -> Document | None:
    """The open document that a place is in; None: it is closed.

    By its id as long as Krita runs. A document that has been closed and opened again has another id, but the same file
    and, within a file of Krita's, the same layers.
    """
    found = open_document(place.document_id)
    if found is None:
        return next((document for document in Krita.instance().documents() if _is_of_its_file(document, place)), None)
    return found


def open_document(its_id: str) -> Document | None:
    """The document with an id; None: it is closed."""
    return next((document for document in Krita.instance().documents() if document_id(document) == its_id), None)


def document_id(document: Document) -> str:
    """Of an open document, while it is open; "" where there is none."""
    root = document.rootNode()
    return root.uniqueId().toString() if root is not None else ""


def find_node(document: Document, layer_id: str) -> Node | None:
    """A layer or mask by its id, at any depth; None: it isn't there any more."""
    return next((node for node in _below(document.rootNode()) if node.uniqueId().toString() == layer_id), None)


def find_layer(document: Document, place: Place) -> Node | None:
    """The layer that was painted; None: it isn't there any more, or all that was visible was painted.

    A picture that isn't in Krita's own format has other ids when it was closed and opened again: there it is the one
    layer of its name.
    """
    if not place.layer_id:
        return None
    layer = find_node(document, place.layer_id)
    if layer is None and document_id(document) != place.document_id and _is_of_its_file(document, place):
        named = [node for node in _below(document.rootNode()) if node.name() == place.layer_name]
        return named[0] if len(named) == 1 else None
    return layer


def _is_of_its_file(document: Document, place: Place) -> bool:
    """Whether a document is of the file that a place is in; a picture that was never saved has none."""
    return bool(place.document_file) and document.fileName() == place.document_file


def _below(node: Node) -> Iterator[Node]:
    for child in node.childNodes():
        yield child
        yield from _below(child)
