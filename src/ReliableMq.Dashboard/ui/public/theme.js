// Runs before the first paint, so that a chosen theme does not flash. A file, because the page allows no inline script.
try {
  var theme = localStorage.getItem("reliablemq.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (_) {
  // No storage: the system decides.
}
