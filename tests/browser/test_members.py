"""A member's ward on a phone, on paper, on a map and without scripts, on the played demo."""

import re

from engage.demo.story import Story
from engage.foundation.identity import Role
from tests.browser.conftest import Open


def test_the_figures_that_matter_fit_the_first_screen_of_a_phone(window: Open) -> None:
    shown = window(Role.member, width=360)
    shown.page.set_viewport_size({"width": 360, "height": 780})
    shown.open("/wards/E05900001")
    boxes = [
        part.bounding_box() for part in shown.page.locator(".engage-glance > div, .engage-glance__why > summary").all()
    ]
    assert len(boxes) >= 5
    assert max(box["y"] + box["height"] for box in boxes if box) <= 780
    assert shown.overflow() == 0


def test_a_ward_prints_on_one_sheet(window: Open) -> None:
    shown = window(Role.member)
    shown.open("/wards/E05900001")
    assert len(re.findall(rb"/Type /Page\b", shown.page.pdf(prefer_css_page_size=True))) == 1


def test_a_ward_is_tapped_and_put_first_by_keyboard_and_without_scripts(window: Open, played: Story) -> None:
    shown = window(Role.member, javascript=False)
    shown.open("/wards")
    area = shown.page.locator("svg a[href='/wards/E05900002']")
    area.focus()
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_url("**/wards/E05900002")
    name = shown.page.locator("h1").inner_text().split("\n")[0]
    shown.page.get_by_label(f"Show {name} to me first").check()
    shown.page.get_by_label("Email me when the result of a campaign is in").check()
    shown.page.get_by_role("button", name="Save").click()
    assert f"{name} is shown to you first." in shown.page.content().replace("&amp;", "&")
    shown.open("/wards")
    assert f"Your ward: {name}" in shown.page.locator("#own").inner_text()
    shown.open("/wards/E05900002")
    assert shown.page.get_by_label("Email me when").is_checked()
    for box in ("Show", "Email me"):
        shown.page.get_by_label(re.compile(f"^{box}")).first.uncheck()
    shown.page.get_by_role("button", name="Save").click()
    shown.open("/wards")
    assert shown.page.get_by_label("Show my ward first").is_visible()


def test_without_scripts_the_dashboard_is_the_servers_page(window: Open) -> None:
    shown = window(Role.member, javascript=False, width=360)
    shown.open("/dashboard/")
    assert "Loading" not in shown.page.locator("main").inner_text()
    assert shown.page.get_by_role("table", name="What the reminders changed, by ward").is_visible()
    shown.page.locator("svg a").first.click()
    shown.page.wait_for_url("**ward=E0*")
    assert shown.page.locator(".engage-chosen").count() == 2


def test_nothing_is_lost_with_forced_colours_or_less_motion(window: Open, axe: str) -> None:
    """Intervals keep their own colours on their own ground, and nothing moves that was asked not to."""
    shown = window(Role.member)
    shown.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    for path in ("/wards", "/dashboard/"):
        shown.open(path)
        ground = "getComputedStyle(document.querySelector('main svg')).visibility"
        assert shown.page.evaluate(ground) == "visible"
        moving = "document.getAnimations().filter(one => one.playState === 'running').length"
        assert shown.page.evaluate(moving) == 0
    assert shown.violations(axe) == []


def test_pages_are_light(window: Open, played: Story) -> None:
    """Over the wire, as a browser takes them, with their styles and scripts: a resident's page and a ward's."""
    from engage.demo.story import _some_link

    for role, path, most in ((None, _some_link(played), 50_000), (Role.member, "/wards/E05900001", 100_000)):
        shown = window(role)
        shown.open(path)
        sizes = shown.page.evaluate(
            "[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]"
            ".map(entry => entry.encodedBodySize)"
        )
        assert 10_000 < sum(sizes) < most
