/**
 * Run in the page: every text with less than 4.5:1 against what lies behind it, and every mark of a picture with less
 * than 3:1. https://www.w3.org/TR/WCAG22/#contrast-minimum
 */
export const contrastFaults = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
  const ratio = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = channels(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faults = new Set();
  let looked = 0;
  const look = (element, colour, least) => {
    looked += 1;
    const found = ratio(channels(colour), behind(element));
    if (found < least) faults.add(element.tagName + '.' + element.className + ' ' + colour + ' ' + found.toFixed(2));
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest('title, desc')) continue;
    look(element, element.closest('svg') ? getComputedStyle(element).fill : getComputedStyle(element).color, 4.5);
  }
  for (const mark of document.querySelectorAll('svg rect, svg circle')) look(mark, getComputedStyle(mark).fill, 3);
  for (const mark of document.querySelectorAll('svg path')) look(mark, getComputedStyle(mark).stroke, 3);
  return looked > 20 ? [...faults] : ['nothing was looked at'];
})()`;
