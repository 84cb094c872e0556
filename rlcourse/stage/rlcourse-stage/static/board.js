// Of a text, in a hall, its headings, steps, formulas and tables are shown; the rest is for the speaker. Used by
// the stage (stage.js) and by the slides (docs/slides/slides.js).
// blocks: of the text; title: is it the lecture's first; said: what stands above it already. Returns those not shown.
function rlcourseSpoken(blocks, title, said) {
  let out = false, sections = 0;
  return [...blocks].filter(block => {
    if (/^H[12]$/.test(block.tagName)) out = sections++ > 0 && !title;
    if (!title && /^H/.test(block.tagName) && said.includes(block.firstChild.textContent.split(' (')[0])) return true;
    const shown = title
      ? /^H1$/.test(block.tagName) || block.matches('ul') || /^(Question|Afterwards)/.test(block.textContent)
      : /^(H\d|OL|UL|TABLE|BLOCKQUOTE|PRE|IMG)$/.test(block.tagName)
        || block.querySelector('mjx-container[display=true], table, img, strong:first-child');
    return out || !shown || block.tagName === 'DETAILS';
  });
}
