"use strict";
// Draws every plot in the reader's theme, and again when the theme changes.
(() => {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const draw = () => {
    const theme = plots[dark.matches ? "dark" : "light"];
    return Promise.all(
      Object.entries(theme).map(([id, figure]) =>
        Plotly.react(id, figure.data, figure.layout, { displayModeBar: false, responsive: true })
      )
    );
  };

  const redraw = () => draw().then(() => (document.documentElement.dataset.drawn = dark.matches ? "dark" : "light"));
  dark.addEventListener("change", redraw);
  redraw();
})();
