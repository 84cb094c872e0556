// What the theme leaves to be said to those who hear the page, and what only a mouse could scroll.
document.querySelectorAll('summary[aria-label="Toggle hidden content"], .search-button-field').forEach(
  part => part.removeAttribute('aria-label'));
document.querySelectorAll('.has-children > details > summary').forEach(part => {
  const name = part.closest('.has-children').querySelector('a')?.textContent.trim();
  part.setAttribute('aria-label', name ?? 'more');
});
const scrolled = () => document.querySelectorAll(
  '.bd-article :is(pre, .rlcourse-output, .pst-scrollable-table-container, mjx-container)').forEach(
  part => { if (part.scrollWidth > part.clientWidth) part.tabIndex = 0; });
addEventListener('load', async () => {
  await window.MathJax?.startup?.promise;
  scrolled();
  addEventListener('resize', scrolled);  // a telephone that is turned
  document.documentElement.dataset.rlcourse = 'ready';
});

// On paper everything is open.
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(part => { part.open = true; }));
