// Every page works without this script. It copies the text that a button names.
document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("button[data-copy]") : null;
  if (button === null) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.dataset.copied = "";
});
