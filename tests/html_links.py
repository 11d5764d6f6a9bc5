"""Walks every link of a vault's pages: files, anchors, pictures."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from tests.html_help import elements

_FILES = {"href", "src"}


def dead_links(vault: Path) -> list[str]:
    """The addresses within a vault that lead nowhere, each with the page that it stands on."""
    anchors: dict[Path, set[str]] = {}
    links: list[tuple[Path, str]] = []
    for page in pages_of(vault):
        found = list(elements(page.read_text(encoding="utf-8")))
        anchors[page] = {str(facts["id"]) for _, facts in found if "id" in facts}
        links += [(page, str(facts[name])) for _, facts in found for name in _FILES & facts.keys()]
    return [f"{page}: {link}" for page, link in links if not _resolves(page, link, anchors)]


def pages_of(vault: Path) -> list[Path]:
    """Every page of a vault; what people have sent is none."""
    return [page for page in sorted(vault.rglob("*.html")) if not {"media", ".tobs"} & set(page.parts)]


def _resolves(page: Path, link: str, anchors: dict[Path, set[str]]) -> bool:
    address, _, anchor = link.partition("#")
    if ":" in address:
        return True
    target = (page.parent / unquote(address)).resolve() if address else page
    return target.is_file() and (not anchor or anchor in anchors.get(target, set()))
