"""The same deeds twice: with a mouse, and by keys alone. Texts are typed by both."""

import re
from dataclasses import dataclass
from typing import Protocol

from playwright.async_api import Locator, Page, expect

TABS = 80  # more presses than any control is away
LETTERS = {"Databases": "b", "Instances": "i", "Sync sessions": "t"}


class Hand(Protocol):
    """What a person does to a page, whatever with."""

    page: Page

    async def go(self, name: str) -> None: ...

    async def press(self, control: Locator, key: str = "") -> None: ...

    async def open(self, link: Locator) -> None: ...

    async def write(self, field: Locator, text: str) -> None: ...

    async def find(self, text: str) -> None: ...

    async def choose(self, select: Locator, option: str) -> None: ...

    async def bring(self, file: Locator, area: Locator, text: str) -> None: ...

    async def ask(self, text: str) -> None: ...


@dataclass
class Mouse:
    """Presses what it sees."""

    page: Page

    async def go(self, name: str) -> None:
        """To a page that the rail names."""
        await (
            self.page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
        )
        await expect(self.page).to_have_title(re.compile(name))

    async def press(self, control: Locator, key: str = "") -> None:
        await control.click()

    async def open(self, link: Locator) -> None:
        """The thing of a row."""
        await link.click()

    async def write(self, field: Locator, text: str) -> None:
        await field.click()
        await field.fill(text)

    async def find(self, text: str) -> None:
        """Search the list of the page."""
        await self.write(self.page.get_by_role("main").get_by_role("searchbox"), text)

    async def choose(self, select: Locator, option: str) -> None:
        await select.select_option(label=option)

    async def bring(self, file: Locator, area: Locator, text: str) -> None:
        """A file's rows, as a file."""
        content = {"name": "ten.csv", "mimeType": "text/csv", "buffer": text.encode()}
        await file.set_input_files(content)  # type: ignore[arg-type]

    async def ask(self, text: str) -> None:
        """The palette."""
        await self.page.get_by_role("button", name="Search", exact=True).click()
        await self.page.keyboard.type(text)


@dataclass
class Keyboard:
    """Walks to what it wants with Tab, or has a key for it."""

    page: Page

    async def go(self, name: str) -> None:
        if letter := LETTERS.get(name):
            await self.page.keyboard.press("g")
            await self.page.keyboard.press(letter)
        else:
            await self.ask(name)
            hit = self.page.locator("#palette_results a").first
            await expect(hit).to_have_text(name)
            await self.page.keyboard.press("Enter")
        await expect(self.page).to_have_title(re.compile(name))
        await self.page.wait_for_load_state()  # its keys are heard from then on

    async def press(self, control: Locator, key: str = "") -> None:
        if key:
            await self.page.keyboard.press(key)
        else:
            await self._reach(control)
            await self.page.keyboard.press("Enter")

    async def open(self, link: Locator) -> None:
        """The thing of a row, walked to with the arrow, also from the search above."""
        await self._reach(link, "ArrowDown")
        await self.page.keyboard.press("Enter")

    async def write(self, field: Locator, text: str) -> None:
        await self._reach(field)
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.insert_text(text)

    async def find(self, text: str) -> None:
        await self.page.keyboard.press("/")
        await expect(self.page.get_by_role("main").get_by_role("searchbox")).to_be_focused()
        await self.page.keyboard.press("Control+a")
        await self.page.keyboard.type(text)

    async def choose(self, select: Locator, option: str) -> None:
        await self._reach(select)
        await self.page.keyboard.type(option)
        await expect(select.locator("option:checked")).to_have_text(option)

    async def bring(self, file: Locator, area: Locator, text: str) -> None:
        """A file's rows, pasted."""
        await self.write(area, text)

    async def ask(self, text: str) -> None:
        await self.page.keyboard.press("Control+k")
        await expect(self.page.locator("#palette_q")).to_be_focused()
        await self.page.keyboard.type(text)

    async def _reach(self, target: Locator, key: str = "Tab") -> None:
        await expect(target).to_be_visible()
        for _ in range(TABS):
            if await target.evaluate("element => element === document.activeElement"):
                return
            await self.page.keyboard.press(key)
        raise AssertionError(f"{key} does not lead to {target}")
