"""The pictures of the page in docs/images, made from a sample run: `make screenshots`."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.archives import archive_of
from tests.browser.chromium import Chromium, chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def main() -> None:
    with chromium() as browser, TemporaryDirectory() as folder:
        address = Path(folder, "index.html")
        address.write_bytes(archive_of(63187).page())
        take(browser, address.as_uri(), "report.png", width=1280, height=1275)
        take(browser, address.as_uri(), "report-phone.png", width=360, height=740, dark=True)


def take(
    browser: Chromium, address: str, name: str, *, width: int, height: int, dark: bool = False
) -> None:
    with browser.page(width=width, height=height, dark=dark) as page:
        page.open(address)
        IMAGES.mkdir(parents=True, exist_ok=True)
        (IMAGES / name).write_bytes(page.screenshot())


if __name__ == "__main__":
    main()
