(() => {
  const plots = document.getElementById("plots").textContent;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  // Plots name their colours by the variables of the style sheet, which follow the theme.
  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const coloured = JSON.parse(plots, (_, value) => {
      const name = typeof value === "string" && /^var\((--[\w-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    });
    return Promise.all(
      Object.entries(coloured).map(([id, figure]) =>
        Plotly.react(id, figure.data, figure.layout, { displayModeBar: false, responsive: true })
      )
    );
  };

  const redraw = () => draw().then(() => (document.documentElement.dataset.drawn = dark.matches ? "dark" : "light"));
  dark.addEventListener("change", redraw);
  redraw();
})();
