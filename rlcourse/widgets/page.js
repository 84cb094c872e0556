// What ipywidgets cannot do for a panel: names for screen readers, keys, a full screen, a ghost, a file.
// Each panel brings this along and calls it once with an element inside it. It needs no kernel.
mark => {
  const begin = patience => {
    const panel = mark.closest('.rlcourse-panel');
    if (panel && panel.isConnected) furnish(panel);
    else if (patience) setTimeout(begin, 50, patience - 1);  // ipywidgets puts a panel together bit by bit
  };

  const furnish = panel => {
    if (panel.dataset.furnished) return;
    panel.dataset.furnished = 'yes';
    const name = () => {
      panel.querySelectorAll('.rlcourse-control').forEach(nameControl);
      panel.querySelectorAll('.rlcourse-run button').forEach(nameIcon);
      panel.querySelectorAll('.rlcourse-settings select').forEach(list => {
        list.setAttribute('aria-label', 'go to kept values');
      });
    };
    const ofControls = record => record.target.closest?.('.rlcourse-control, .rlcourse-controls, .rlcourse-runs');
    new MutationObserver(records => records.some(ofControls) && name()).observe(
      panel, {childList: true, subtree: true});
    name();
    addTools(panel);
    tellOfMotion(panel);
    answerAhead(panel);
    // JupyterLab listens on the document and asks the focused element first, whether its shortcuts are off.
    window.addEventListener('keydown', event => {
      if (!panel.contains(event.target)) return;
      const plain = !(event.ctrlKey || event.metaKey || event.altKey) && !event.key.startsWith('Page');
      event.target.toggleAttribute('data-lm-suppress-shortcuts', plain && event.key !== 'Escape');
    }, true);
    panel.addEventListener('keydown', event => press(panel, event), true);
    panel.addEventListener('blur', event => readComma(event.target), true);
  };

  // Names ---------------------------------------------------------------------------------------------

  const nameIcon = button => {  // its sign is a letter of a font, which is no name
    if (!button.textContent.trim()) button.setAttribute('aria-label', button.title);
  };

  const nameControl = row => {
    const label = row.querySelector('.rlcourse-label')?.textContent.trim().replace(/\s+/g, ' ');
    if (!label) return;
    row.querySelectorAll('[role=slider], select, input').forEach(it => {
      if (it.getAttribute('aria-label') !== label) it.setAttribute('aria-label', label);
    });
    const slider = row.querySelector('[role=slider]'), readout = row.querySelector('.widget-readout');
    if (!slider || !readout) return;
    readout.setAttribute('aria-label', `${label}, typed`);
    const say = () => {
      const unit = row.querySelector('.rlcourse-unit')?.textContent.split('·')[0].trim();
      const words = `${readout.textContent} ${unit || ''}`.trim();
      if (slider.getAttribute('aria-valuetext') !== words) slider.setAttribute('aria-valuetext', words);
    };
    say();
    if (slider.dataset.named) return;
    slider.dataset.named = 'yes';
    new MutationObserver(say).observe(slider, {attributeFilter: ['aria-valuetext', 'aria-valuenow']});
  };

  // Motion --------------------------------------------------------------------------------------------

  const tellOfMotion = panel => {  // the kernel draws less often for a reader who asked for less motion
    if (!panel.matches('.rlcourse-live')) return;
    const wish = matchMedia('(prefers-reduced-motion: reduce)');
    const tell = (patience = 100) => {
      const box = panel.querySelector('.rlcourse-calm input');
      if (box) box.checked === wish.matches || box.click();
      else if (patience) setTimeout(tell, 100, patience - 1);
    };
    wish.addEventListener('change', () => tell());
    tell();
  };

  // Frames made ahead ---------------------------------------------------------------------------------

  // Where the controls stand, counted in steps, as the kernel counts (`ahead.Frames`); null between two steps.
  const position = panel => {
    const places = [...panel.querySelectorAll('.rlcourse-control')].map(row => {
      const slider = row.querySelector('.noUi-target')?.noUiSlider, list = row.querySelector('select');
      if (list) return list.selectedIndex;
      if (!slider) return Number(row.querySelector('input[type=checkbox]')?.checked);
      const {min, max} = slider.options.range;
      const log = slider.target.closest('.rlcourse-log'), fine = 40;
      const place = (slider.get(true) - min) / (log ? (max - min) / 100 : slider.options.step);
      if (log) return Math.round(place * fine) / fine;
      return Math.abs(place - Math.round(place)) < 1e-4 ? Math.round(place) : null;
    });
    return places.includes(null) ? null : places.join();
  };

  const answerAhead = panel => {
    const frames = new Map(), store = panel.querySelector('.rlcourse-frames');
    if (!store) return;
    const view = panel.querySelector('.rlcourse-view .widget-html-content');
    const at = () => view.querySelector('[data-at]')?.dataset.at;
    const show = () => {
      const here = position(panel);
      // "": a value between two steps, where no slider can stand: the kernel answers until it is left
      if (frames.has(here) && at() !== here && at() !== '') view.innerHTML = frames.get(here);
    };
    new MutationObserver(records => records.flatMap(r => [...r.addedNodes]).forEach(frame => {
      if (frame.nodeName !== 'TEMPLATE') return;
      if (frame.dataset.frame) frames.set(frame.dataset.frame, frame.innerHTML);
      else frames.clear();
      show();  // the hand may have come here while the frame was on its way
    })).observe(store, {childList: true, subtree: true});
    new MutationObserver(() => {
      if (at()) frames.set(at(), view.innerHTML);  // what was shown once need not be asked for again
      show();  // an answer to a former move comes too late
    }).observe(view, {childList: true});
    const anew = (patience = 100) => {  // the kernel may have handed its frames to a page that is no more
      const button = panel.querySelector('.rlcourse-anew');
      if (button) button.click();
      else if (patience) setTimeout(anew, 100, patience - 1);
    };
    anew();
    panel.addEventListener('change', show);
    const listen = () => panel.querySelectorAll('.noUi-target').forEach(slider => {
      if (!slider.noUiSlider || slider.dataset.ahead) return;
      slider.dataset.ahead = 'yes';
      slider.noUiSlider.on('update.rlcourse', show);
    });
    listen();
    panel.addEventListener('focusin', listen);  // a slider that came later
    panel.addEventListener('pointerover', listen);
  };

  // Keys ----------------------------------------------------------------------------------------------

  const DO = {s: 'start', p: 'pause', x: 'stop', r: 'replay', f: 'full', g: 'ghost'};

  const press = (panel, event) => {
    const at = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (at.matches('.widget-readout')) { if (event.key === 'Enter') readComma(at); return; }
    if (at.matches('input[type=radio]') && event.key === 'Enter')
      panel.querySelector('button:not([disabled])')?.click();
    if (at.matches('input[type=text], input[type=number], textarea, select')) return;
    if (at.matches('[role=slider]')) {
      if (event.key.startsWith('Page')) return event.stopPropagation();  // a presenter's remote turns pages
      if (at.closest('.rlcourse-log') && stepInLog(at, event.key)) {
        event.stopPropagation();
        return event.preventDefault();
      }
    }
    const button = DO[event.key] && panel.querySelector(`.rlcourse-do-${DO[event.key]}`);
    if (button && !button.disabled) button.click();
  };

  // A log slider takes what is typed to three digits; a key goes a hundredth of the way.
  const stepInLog = (handle, key) => {
    const way = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}[key];
    const slider = handle.closest('.noUi-target')?.noUiSlider;
    if (!way || !slider) return false;
    const {min, max} = slider.options.range, step = (max - min) / 100;
    slider.set(min + step * (Math.round((slider.get(true) - min) / step) + way));
    return true;
  };

  const readComma = readout => {
    if (!readout.matches?.('.widget-readout')) return;
    const text = readout.textContent.trim().replace(',', '.').replace(/−/g, '-');
    if (text !== readout.textContent) readout.textContent = text;
  };

  // Tools ---------------------------------------------------------------------------------------------

  const pixels = picture => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.naturalWidth, picture.naturalHeight];
    canvas.getContext('2d').drawImage(picture, 0, 0);
    return canvas.toDataURL();
  };

  const toggleGhost = panel => {
    const former = panel.querySelector('.rlcourse-ghost');
    if (former) return former.remove();
    // A move replaces the picture, so the ghost lies on the frame around it, where the picture is now.
    const ghost = new Image(), frame = panel.querySelector('.rlcourse-view, .rlcourse-live .rlcourse-body');
    ghost.className = 'rlcourse-ghost';
    ghost.alt = 'the picture as it was, pale';
    ghost.src = pixels(frame.querySelector('.rlcourse-picture'));
    const place = () => {
      const picture = frame.querySelector('.rlcourse-picture');
      const [left, top, width] = [picture.offsetLeft, picture.offsetTop, picture.offsetWidth];
      Object.assign(ghost.style, {left: `${left}px`, top: `${top}px`, width: `${width}px`});
    };
    place();
    new ResizeObserver(place).observe(frame);
    frame.append(ghost);
  };

  const save = panel => {
    const link = document.createElement('a');
    link.href = pixels(panel.querySelector('.rlcourse-picture'));
    link.download = 'picture.png';
    link.click();
  };

  const copy = panel => {
    const code = panel.querySelector('[data-code]')?.dataset.code;
    if (code) return navigator.clipboard.writeText(code);
  };

  const full = panel => document.fullscreenElement ? document.exitFullscreen() : panel.requestFullscreen();

  const TOOLS = [
    ['full', 'Full screen', 'this panel on the whole screen, and back (key f)', full],
    ['ghost', 'Keep as ghost', 'the picture as it is now stays, pale, below the next ones (key g)', toggleGhost],
    ['save', 'Save picture', 'the picture as a PNG file', save],
    ['copy', 'Copy settings', 'the values of all controls, as a line of Python', copy],
  ];

  const addTools = panel => {
    const place = panel.querySelector('.rlcourse-tools');
    if (!place || !panel.querySelector('.rlcourse-picture')) return;
    for (const [key, words, tip, act] of TOOLS) {
      const button = document.createElement('button');
      Object.assign(button, {type: 'button', textContent: words, title: tip});
      button.className = `rlcourse-tool rlcourse-do-${key}`;
      button.addEventListener('click', async () => {
        await act(panel);
        if (key === 'copy') {
          button.textContent = 'Copied';
          setTimeout(() => { button.textContent = words; }, 1500);
        }
      });
      place.append(button);
    }
  };

  begin(200);
}
