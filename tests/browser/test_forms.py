"""Every form sent back empty: what is wrong stands in the title, in a summary that leads to each field, and beside it,
and the page is as sound as before. Nothing that was sent so is kept."""

import pytest

from engage.foundation.identity import Role
from tests.browser.conftest import Open

pytestmark = pytest.mark.browser
FORMS = [
    (None, "/sign-in", "Sign in"),
    (Role.officer, "/data/new", "Check the file"),
    (Role.officer, "/first-day", "Bring them in"),
    (Role.officer, "/segments/new", "Save segment"),
    (Role.officer, "/campaigns/new/people", "Save and continue"),
    (Role.officer, "/canvass/new", "Make the list"),
    (Role.officer, "/suppressions", ""),
    (Role.officer, "/replies/returned-letters", ""),
    (Role.officer, "/replies/complaints", ""),
    (Role.officer, "/homes", ""),
    (Role.officer, "/share/lots/new", ""),
    (Role.officer, "/data/systems", "Send the list"),
    (Role.data_protection, "/data/council-records/agreements", ""),
    (Role.administrator, "/colleagues/new", ""),
    (Role.data_protection, "/person", ""),
    (Role.custodian, "/data/positions", ""),
    (Role.custodian, "/data/gazetteer/standing/schedule", ""),
]
EMPTY = """() => { const forms = [...document.querySelectorAll('main form[method=post]')];
  const fields = form => form.querySelectorAll('input:not([type=hidden]), textarea, select');
  const form = forms.sort((a, b) => fields(b).length - fields(a).length)[0];
  fields(form).forEach(e => { if (e.type === 'radio' || e.type === 'checkbox') e.checked = false;
    else if (e.tagName === 'SELECT') e.selectedIndex = 0; else e.value = ''; });
  return [...form.querySelectorAll('button:not([aria-hidden])')].map(e => e.innerText); }"""


@pytest.mark.parametrize(("role", "path", "button"), FORMS, ids=[path for _, path, _ in FORMS])
def test_a_form_sent_empty(window: Open, axe: str, role: Role | None, path: str, button: str) -> None:
    shown = window(role)
    page = shown.page
    assert shown.open(path) == 200
    buttons = page.evaluate(EMPTY)
    page.get_by_role("main").get_by_role("button", name=button or buttons[0], exact=True).first.click()
    page.wait_for_load_state("load")
    assert page.title().startswith("Error: ")
    summary = page.locator(".govuk-error-summary__list a")
    for link in summary.all():
        field = page.locator(f"[id='{(link.get_attribute('href') or '').removeprefix('#')}']")
        assert field.count() == 1, f"{link.inner_text()} leads nowhere"
        assert link.inner_text() in page.get_by_role("main").inner_text().replace("Error: ", "")
    assert summary.count() >= 1
    assert (shown.violations(axe), shown.overflow()) == ([], 0)
