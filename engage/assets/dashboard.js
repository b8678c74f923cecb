// The dashboard's table, beside Dash's components: one for a table, where Dash has one for each cell, which a phone
// takes a second to draw. A cell is text, or text with a note beneath it.
(() => {
  // Plotly and Dash's components bring styles of their own. The page's policy takes a style element by the nonce of this
  // answer alone, and no style in markup: so elements get the nonce, and an attribute is set as a property is.
  const nonce = document.querySelector('meta[name="csp-nonce"]').nonce;
  const create = Document.prototype.createElement;
  Document.prototype.createElement = function (name, ...rest) {
    const made = create.call(this, name, ...rest);
    if (made instanceof HTMLStyleElement) made.nonce = nonce;
    return made;
  };
  const set = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style" && this.style) this.style.cssText = value;
    else set.call(this, name, value);
  };
  const element = window.React.createElement;
  // As dashboards/charts/strips.py draws it on the server; the words beneath it say the same.
  const strip = ({ nought, low, high, point, early }) => {
    const colour = early ? "#505a5f" : "#12436D";
    const line = (x1, y1, x2, y2, stroke, strokeWidth) => element("line", { x1, y1, x2, y2, stroke, strokeWidth });
    return element(
      "svg",
      { className: "engage-strip", viewBox: "0 0 150 24", "aria-hidden": "true", focusable: "false", key: "strip" },
      line(8, 12, 142, 12, "#b1b4b6", 1),
      line(nought, 1, nought, 23, "#0b0c0c", 2),
      line(low, 12, high, 12, colour, 4),
      element("circle", { cx: point, cy: 12, r: 5, stroke: colour, strokeWidth: 2, fill: early ? "#fff" : colour }),
    );
  };
  const cell = (tag, kind, content, more) => {
    if (content.strip) {
      const drawn = [strip(content.strip), element("span", { className: "engage-ends", key: "ends" }, content.text)];
      return element(tag, { ...more, className: "govuk-table__cell" }, drawn);
    }
    const [text, note] = [content].flat();
    const inner = note ? [text, element("span", { className: "engage-under", key: "note" }, note)] : text;
    return element(tag, { ...more, className: `govuk-table__${kind}` }, inner);
  };
  const numeric = (kind, place) => (place ? `${kind} govuk-table__${kind}--numeric` : kind);
  const head = (text, place) => cell("th", numeric("header", place), text, { scope: "col", key: place });
  const row = ([name, ...cells], place, chosen) =>
    element(
      "tr",
      { className: place === chosen ? "govuk-table__row engage-chosen" : "govuk-table__row", key: place },
      cell("th", "header", name, { scope: "row" }),
      ...cells.map((content) => cell("td", numeric("cell", true), content)),
    );
  const FiguresTable = ({ caption, heads, rows, chosen }) =>
    element(
      "table",
      { className: "govuk-table govuk-table--small-text-until-tablet" },
      element("caption", { className: "govuk-table__caption govuk-table__caption--m" }, caption),
      element("thead", { className: "govuk-table__head" }, element("tr", { className: "govuk-table__row" }, heads.map(head))),
      element("tbody", { className: "govuk-table__body" }, rows.map((cells, place) => row(cells, place, chosen))),
    );
  window.engage = { FiguresTable };
})();
