// Slides of a lecture that fit their page: what a scene shows (rlcourse/scenes.py) is set as large as 1280 × 720
// allows; a board that does not fit goes on on the next slide, a question's answer stands on a slide of its own.
(async () => {
  const WIDE = 1280, HIGH = 720, LEAST = 1, CODE = 1.15, MOST = 1.9;  // of the size of type: 20 px, of code 12
  const make = (tag, name, text = '') =>
    Object.assign(document.createElement(tag), {className: name, textContent: text});
  const slides = () => [...document.querySelectorAll('.slides > section')];
  document.documentElement.classList.add('measuring');
  document.querySelectorAll('img').forEach(image => { image.loading = 'eager'; });
  // MathJax's script is deferred: before the page has loaded there is nothing of it to wait for.
  if (document.readyState !== 'complete') await new Promise(done => { addEventListener('load', done); });
  await window.MathJax.startup.promise;
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => image.decode().catch(() => {})));

  function begin(section) {  // a bar that says where one is, and the room below it
    const {section: part, title, kind} = section.dataset;
    // nbconvert puts a section into each, which reveal.js would take for the slide, and find no notes in it.
    section.querySelectorAll('section').forEach(inner => inner.replaceWith(...inner.childNodes));
    const notes = [...section.querySelectorAll('aside.notes')], room = make('div', 'rlcourse-room');
    room.append(...[...section.childNodes].filter(node => !notes.includes(node)));
    const where = part === title || kind === 'title' ? title : `${part}  ›  ${title}`;
    const bar = make('p', 'rlcourse-where', where);
    bar.hidden = kind === 'title';
    section.replaceChildren(bar, room, ...notes);
  }

  const room = section => section.querySelector('.rlcourse-room');
  const high = section => HIGH - 24 - (section.querySelector('.rlcourse-where').hidden ? 0 : 52);
  const fits = section => {
    const {scrollHeight, scrollWidth, clientWidth} = room(section), zoom = room(section).currentCSSZoom;
    return scrollHeight * zoom <= high(section) && scrollWidth <= clientWidth + 1;
  };

  function another(section) {  // an empty slide after this one, of the same scene
    const next = section.cloneNode(false), place = make('div', 'rlcourse-room');
    const notes = section.querySelector('aside.notes');
    next.removeAttribute('id');
    next.append(section.querySelector('.rlcourse-where').cloneNode(true), place);
    if (notes) next.append(notes.cloneNode(true));
    section.after(next);
    return next;
  }

  function onTheBoard(section) {
    if (!text(section)) return;
    const said = section.querySelector('.rlcourse-where').textContent;
    rlcourseSpoken(text(section).children, section.dataset.kind === 'title', said).forEach(one => one.remove());
    room(section).replaceChildren(text(section));
  }

  const text = section => room(section).querySelector('.jp-RenderedMarkdown');
  const lines = section => room(section).querySelector(
    '.rlcourse-pseudocode td + td > table > tbody, .rlcourse-beside > tbody')
    ?? room(section).querySelector('.jp-RenderedMarkdown:has(> .highlight)');  // functions, one below another

  function parted(section, find, least) {  // what does not fit at the least size goes on on the next slide
    const place = find(section);
    if (!place) return;
    room(section).style.zoom = least;
    const all = [...place.children], head = all.filter(one => one.querySelector('th'));
    let kept = all.length;
    for (; kept > head.length + 1 && !fits(section); kept--) all[kept - 1].remove();
    if (kept === all.length) return;
    const whole = kept;  // no heading at the foot of a slide, and a listing breaks at an empty line
    const good = at => place.matches('tbody') ? !all[at].textContent.trim()
      : !/^H/.test(all[at - 1].tagName) && !all[at].matches('.highlight');
    while (kept > 1 && whole - kept < 12 && !good(kept)) kept--;
    if (!good(kept)) kept = whole;
    if (kept === 1 && all[1].matches('.highlight')) { place.replaceChildren(...all); return; }  // not a name alone
    all.slice(kept).forEach(one => one.remove());
    const next = another(section), shown = [...room(section).childNodes].map(node => node.cloneNode(true));
    room(next).append(...shown);
    find(next).replaceChildren(...head.map(one => one.cloneNode(true)), ...all.slice(kept));
    parted(next, find, least);
  }

  function answered(section) {
    const details = room(section).querySelector('.rlcourse-predict-still details');
    if (!details) return;
    const next = another(section);
    room(next).append(...[...room(section).childNodes].map(node => node.cloneNode(true)));
    details.remove();
    const answer = room(next).querySelector('details');
    answer.querySelector('summary').remove();
    const told = make('div', 'rlcourse-answer');
    told.append(...answer.childNodes);
    answer.replaceWith(told);
  }

  function fit(section) {
    let zoom = MOST;
    for (; zoom > 0.3; zoom -= 0.05) {
      room(section).style.zoom = zoom;
      if (fits(section)) break;
    }
    section.dataset.zoom = zoom.toFixed(2);
  }

  for (const section of slides()) {
    begin(section);
    if (['board', 'title'].includes(section.dataset.kind)) { onTheBoard(section); parted(section, text, LEAST); }
    if (section.dataset.kind === 'code') parted(section, lines, lines(section)?.matches('tbody') ? CODE : LEAST);
    if (section.dataset.kind === 'question') answered(section);
  }
  const empty = section => !room(section).textContent.trim() && !room(section).querySelector('img, svg');
  slides().filter(empty).forEach(section => section.remove());
  slides().forEach(fit);
  document.documentElement.classList.remove('measuring');

  // A presenter's keys turn the page wherever the focus is; digits go to a lab's prepared settings.
  addEventListener('keydown', event => {
    const field = document.activeElement;
    if (/^(Page|Escape)/.test(event.key) && field?.matches('input, select, button')) field.blur();
    if (field?.matches('input, select') || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = Reveal.getCurrentSlide(), list = now.querySelector('.rlcourse-prepared');
    if (event.key === '0') now.querySelector('.rlcourse-reset')?.click();
    if (/^[1-9]$/.test(event.key) && list && Number(event.key) < list.options.length) {
      list.selectedIndex = Number(event.key);
      list.dispatchEvent(new Event('change', {bubbles: true}));
    }
  }, true);

  await Reveal.initialize({
    width: WIDE, height: HIGH, margin: 0, maxScale: 4, center: false, hash: true, transition: 'none',
    slideNumber: 'c/t', plugins: [RevealNotes],
  });
  document.documentElement.dataset.rlcourse = 'ready';
})();
