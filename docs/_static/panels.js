// The panels of a page without a kernel (rlcourse/widgets/frames.py): a control moves, and the picture that was
// drawn at its place is shown, with the numbers that belong to it.
function panel(root) {
  const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const fields = [...root.querySelectorAll('.rlcourse-line :is(input, select)')];
  const picture = root.querySelector('img.rlcourse-picture');
  const beside = root.querySelector('.rlcourse-beside');
  const prepared = root.querySelector('.rlcourse-prepared');
  const place = field => field.type === 'checkbox' ? Number(field.checked) : Number(field.value);
  const words = fields.map(field => JSON.parse(field.dataset.words));
  let wanted = picture.getAttribute('src');

  const put = (index, at, said) => {
    const field = fields[index];
    if (field.type === 'checkbox') field.checked = Boolean(at); else field.value = at;
    const told = said ?? words[index][at];
    if (field.type === 'range') field.setAttribute('aria-valuetext', told);
    const output = root.querySelector(`output[for="${field.id}"]`);
    if (output) output.textContent = told;
  };
  const show = key => {
    const [source, numbers, alt] = data.frames[key];
    beside.innerHTML = numbers;
    root.dataset.at = key;
    if (!source) return;
    wanted = source;
    const next = new Image();
    next.src = source;
    next.decode().catch(() => {}).then(() => {
      if (wanted === source) { picture.src = source; picture.alt = alt; root.dataset.shown = key; }
    });
  };
  const here = () => fields.map(place).join(',');
  const moved = index => {
    if (!data.every)
      fields.forEach((_, other) => { if (other !== index) put(other, data.start[other]); });
    put(index, place(fields[index]));
    if (prepared) prepared.value = '';
    show(here());
  };
  const ahead = index => {  // fetch what this control may show next
    const at = fields.map((field, other) => data.every || other === index ? place(field) : data.start[other]);
    for (let k = 0; k < words[index].length; k++) {
      const frame = data.frames[at.map((p, other) => other === index ? k : p).join(',')];
      if (frame?.[0]) new Image().src = frame[0];
    }
  };
  fields.forEach((field, index) => {
    field.disabled = false;
    field.addEventListener('input', () => moved(index));
    for (const event of ['pointerenter', 'focus']) field.addEventListener(event, () => ahead(index), {once: true});
  });

  const reset = root.querySelector('.rlcourse-reset');
  const begin = () => { fields.forEach((_, index) => put(index, data.start[index])); show(here()); };
  reset.disabled = false;
  reset.addEventListener('click', () => { stop(); if (prepared) prepared.value = ''; begin(); });
  if (prepared) {
    prepared.disabled = false;
    prepared.addEventListener('change', () => {
      if (prepared.value === '') { begin(); return; }
      const one = data.prepared[prepared.value];
      fields.forEach((_, index) => put(index, one.at[index], one.words[index]));
      show(`=${one.name}`);
    });
  }

  const play = root.querySelector('.rlcourse-play');
  let clock = null;
  const stop = () => { clearInterval(clock); clock = null; if (play) play.textContent = 'Play'; };
  if (play) {
    play.disabled = false;
    play.addEventListener('click', () => {
      if (clock !== null) { stop(); return; }
      const last = words[0].length - 1;
      if (place(fields[0]) >= last) put(0, 0);
      ahead(0);
      moved(0);
      play.textContent = 'Pause';
      clock = setInterval(() => {
        if (place(fields[0]) >= last) { stop(); return; }
        put(0, place(fields[0]) + 1);
        moved(0);
      }, 250);
    });
    fields[0].addEventListener('pointerdown', stop);
    fields[0].addEventListener('keydown', stop);
  }
  root.dataset.ready = 'true';
}
document.querySelectorAll('.rlcourse-static').forEach(panel);
