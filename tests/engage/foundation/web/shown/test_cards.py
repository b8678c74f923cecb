"""Each cell of a table names its column, wherever it stands."""

from engage.foundation.web.templating import environment


def test_each_cell_names_its_column_but_the_head_of_a_row() -> None:
    source = (
        '{% from "components/figures.html" import table, head, figure_cell %}'
        '{% call table("Wards", [("Ward", ""), ("A & B", "numeric"), ("C", ""), ("", "")]) %}'
        '<tr class="x">{{ head("North") }}{{ figure_cell("<5") }}<td colspan="2">both</td></tr>'
        "<tr><td>South</td><td></td><td class='y'>c</td><td>last</td><td>more</td></tr>{% endcall %}"
    )
    page = environment().from_string(source).render()
    first, second = page.split("<tbody", 1)[1].split("</tr>")[:2]
    assert '<th scope="row" class="govuk-table__header">North</th>' in first
    assert 'data-label="A &amp; B">&lt;5</td><td colspan="2" data-label="C">both</td>' in first
    assert '<td data-label="Ward">South</td><td data-label="A &amp; B"></td>' in second
    assert "<td>last</td><td>more</td>" in second
    assert "engage-cards" in page
