// A lecture in a hall: one scene at a time, large, by keyboard; the speaker's notes in a second window.
// JupyterLab loads this as any extension (a module container, here without a bundler), and keeps kernel, cells and
// widgets. Nothing is moved or copied on the stage: all cells but those of the scene are hidden.
(() => {
  const KEYS = [
    ['→  Page↓  Space', 'next'], ['←  Page↑', 'previous'], ['Home, End', 'first, last'], ['o', 'all scenes'],
    ['s', 'start'], ['p', 'pause, go on'], ['x', 'stop'], ['r', 'replay'], ['0', 'reset'],
    ['1 … 9', 'prepared settings; the choices of a question'], ['Enter', 'answer a question'],
    ['Tab, arrows', 'go to a slider, move it; Esc leaves it'], ['g', 'keep the picture as a ghost'],
    ['+  −', 'bigger, smaller'], ['f', 'full screen'], ['n', 'notes in a second window'], ['c', 'the code, and back'],
    ['↑  ↓', 'scroll'], ['e', 'leave the stage, and back'], ['? h', 'these keys'],
  ];
  const DO = {s: 'start', p: 'pause', x: 'stop', r: 'replay', 0: 'reset', g: 'ghost'};

  class Stage {
    constructor(app, book) {
      Object.assign(this, {app, book, at: 0, size: 1, scenes: [], begun: null});
      this.bar = make('div', 'rlcourse-bar');
      this.over = make('div', 'rlcourse-over');
      this.over.hidden = true;
      document.body.append(this.bar, this.over);
      addEventListener('keydown', event => this.press(event), true);
      addEventListener('resize', () => this.fit());
      addEventListener('pagehide', () => this.notes?.close());
    }

    // Before the hall is there --------------------------------------------------------------------------

    async begin() {
      const {book, app} = this, {baseUrl} = app.serviceManager.serverSettings;
      document.body.classList.add('rlcourse-stage');
      this.tell('The page opens …');
      await book.context.ready;
      await book.sessionContext.ready;
      await book.revealed;
      book.content.notebookConfig = {...book.content.notebookConfig, windowingMode: 'none'};  // all are laid out
      const answer = await fetch(`${baseUrl}rlcourse/scenes/${encodeURI(book.context.path)}`);
      const said = await answer.json();
      if (!answer.ok) return this.tell(said.message);
      this.scenes = said;
      this.cells = new Map(book.content.widgets.map(cell => [cell.model.id, cell]));
      const failed = await this.run();
      this.at = Math.min(Number(sessionStorage.rlcourseScene) || 0, this.scenes.length - 1);
      this.ready = true;
      this.over.hidden = true;
      if (failed.length) this.tell(`${failed.length} cells failed, the first says: ${failed[0]}. Esc goes on.`);
      document.body.dataset.stage = 'ready';
      this.show(this.at);
    }

    async run() {  // once a kernel: a page that is loaded again finds its panels as they were
      const kernel = this.book.sessionContext.session.kernel;
      await kernel.info;
      const ask = kernel.requestExecute({code: '', silent: true, user_expressions: {ran: '__rlcourse_stage__'}});
      if ((await ask.done).content.user_expressions?.ran?.status === 'ok') return [];
      const code = this.book.content.widgets.filter(cell => cell.model.type === 'code');
      const started = Date.now();
      const timer = setInterval(() => {
        const done = code.filter(cell => cell.model.executionCount && !cell.node.classList.contains('jp-mod-running')).length;
        const seconds = Math.round((Date.now() - started) / 1000);
        this.tell(`Everything is being made ready: cell ${done} of ${code.length}, ${seconds} s`);
      }, 300);
      await this.app.commands.execute('notebook:run-all-cells').catch(() => {});
      clearInterval(timer);
      await kernel.requestExecute({code: '__rlcourse_stage__ = True', silent: true}).done;
      await this.book.context.save();
      return code.flatMap(cell => cell.model.outputs.toJSON()).filter(o => o.output_type === 'error')
        .map(o => `${o.ename}: ${o.evalue}`);
    }

    tell(text) {
      this.over.hidden = false;
      this.over.replaceChildren(make('p', '', text));
    }

    // One scene -----------------------------------------------------------------------------------------

    get scene() { return this.scenes[this.at]; }
    get cell() { return this.cells.get(this.scene.cell); }

    show(at) {
      const former = this.scene && this.cell;
      this.at = Math.max(0, Math.min(at, this.scenes.length - 1));
      sessionStorage.rlcourseScene = this.at;
      this.begun ??= this.at ? Date.now() : null;
      for (const cell of this.cells.values()) cell.node.classList.remove('rlcourse-on');
      former?.node.removeAttribute('data-kind');
      const {node} = this.cell, {kind} = this.scene;
      node.classList.add('rlcourse-on');
      node.dataset.kind = kind;
      document.body.dataset.scene = this.at;
      this.book.content.activeCellIndex = this.book.content.widgets.indexOf(this.cell);
      this.book.content.mode = 'command';
      this.write();
      if (kind === 'board' || kind === 'title') this.leaveTheBoard(node);
      this.fit();
      this.focus();
      setTimeout(() => this.fit(), 60);  // pictures and formulas that were not laid out while hidden
      setTimeout(() => this.fit(), 400);
      this.note();
    }

    leaveTheBoard(node) {
      const said = this.bar.textContent, blocks = node.querySelector('.jp-RenderedMarkdown')?.children ?? [];
      const spoken = new Set(rlcourseSpoken(blocks, this.scene.kind === 'title', said));
      for (const block of blocks) block.classList.toggle('rlcourse-spoken', spoken.has(block));
    }

    write() {
      const {section, title, kind} = this.scene;
      const where = make('span', '', title === section || kind === 'title' ? title : `${section}  ›  ${title}`);
      const count = make('span', 'rlcourse-count', `${this.at + 1} / ${this.scenes.length}`);
      this.bar.replaceChildren(where, count);
      this.bar.hidden = kind === 'title';
    }

    focus() {
      const {node} = this.cell, panel = node.querySelector('.rlcourse-panel') ?? node;
      if (panel.tabIndex < 0) panel.tabIndex = -1;
      panel.focus({preventScroll: true});
    }

    // As large as the hall allows: text fills the screen, a picture what its sliders leave.
    fit() {
      if (!this.ready || !document.body.classList.contains('rlcourse-stage')) return;
      const {node} = this.cell, {kind} = this.scene, {style} = node;
      const high = innerHeight - (this.bar.hidden ? 0 : this.bar.offsetHeight) - 16;
      style.setProperty('--rlcourse-scale', 1.4 * this.size);
      style.removeProperty('zoom');
      style.removeProperty('--room');
      if (kind === 'lab' || kind === 'live') {
        const picture = node.querySelector('.rlcourse-picture'), beside = node.querySelector('.rlcourse-beside');
        if (!picture) return;
        const shape = picture.getAttribute('width') / picture.getAttribute('height') || 1.9;
        style.setProperty('--room', '10px');
        const below = kind === 'lab' ? picture.offsetHeight : node.querySelector('.rlcourse-body').offsetHeight;
        const wide = innerWidth - 60 - (kind === 'lab' ? 0 : beside.offsetWidth);
        style.setProperty('--room', `${Math.round(Math.max(380, Math.min((high - node.offsetHeight + below) * shape, wide)))}px`);
      } else if (kind === 'picture') {
        const pictures = [...node.querySelectorAll('img')];
        const rest = node.scrollHeight - pictures.reduce((sum, picture) => sum + picture.offsetHeight, 0);
        style.setProperty('--room', `${Math.max(300, (high - rest) / (pictures.length || 1))}px`);
      } else {
        let zoom = 2 * this.size;
        const least = {code: 0.9, question: 1.2}[kind] ?? 1;
        for (; zoom > least * this.size; zoom -= 0.05) {
          style.zoom = zoom;
          if (node.getBoundingClientRect().height <= high && node.scrollWidth <= node.clientWidth + 1) break;
        }
      }
    }

    // Keys ----------------------------------------------------------------------------------------------

    press(event) {
      if (!this.ready || event.ctrlKey || event.metaKey || event.altKey) return;
      const {key, target} = event, off = !document.body.classList.contains('rlcourse-stage');
      const writes = target.matches?.('input[type=text], input[type=number], textarea, select, .widget-readout, .cm-content');
      if (off) { if (key === 'e' && !writes) { this.toggle(); done(event); } return; }
      if (key === 'Escape') { this.over.hidden ? this.focus() : this.over.hidden = true; return done(event); }
      if (writes && !key.startsWith('Page')) return;
      const moves = target.matches?.('[role=slider]') && !key.startsWith('Page');
      if (moves && (key.startsWith('Arrow') || ['Home', 'End'].includes(key))) return;
      if (target.matches?.('input[type=radio]') && key.startsWith('Arrow')) return;
      if (!this.over.hidden && this.over.querySelector('ol')) { if (this.choose(key)) return done(event); }
      if (key === ' ' && target.matches?.('button, input')) return;
      const act = {
        ArrowRight: () => this.show(this.at + 1), PageDown: () => this.show(this.at + 1), ' ': () => this.show(this.at + 1),
        ArrowLeft: () => this.show(this.at - 1), PageUp: () => this.show(this.at - 1),
        Home: () => this.show(0), End: () => this.show(this.scenes.length - 1),
        ArrowDown: () => this.scroll(1), ArrowUp: () => this.scroll(-1),
        '+': () => this.grow(1.1), '=': () => this.grow(1.1), '-': () => this.grow(1 / 1.1), '−': () => this.grow(1 / 1.1),
        f: () => this.full(), n: () => this.openNotes(), o: () => this.list(), e: () => this.toggle(),
        c: () => { document.body.classList.toggle('rlcourse-code'); this.fit(); },
        '?': () => this.help(), h: () => this.help(),
      }[key];
      if (act) act();
      else if (DO[key]) this.cell.node.querySelector(`.rlcourse-do-${DO[key]}:not([disabled])`)?.click();
      else if (/^[1-9]$/.test(key)) this.recall(Number(key));
      else if (key === 'Enter' && !target.matches?.('button, summary, a'))
        this.cell.node.querySelector('.rlcourse-predict button:not([disabled])')?.click();
      else if (key.length > 1) return;
      done(event);  // no letter reaches JupyterLab, where x cuts a cell
    }

    recall(which) {
      const list = this.cell.node.querySelector('.rlcourse-settings select');
      if (list && list.options.length > which) {
        list.selectedIndex = which;
        list.dispatchEvent(new Event('change', {bubbles: true}));
      }
      this.cell.node.querySelectorAll('.rlcourse-predict input[type=radio]')[which - 1]?.click();
      this.focus();
    }

    scroll(way) { this.book.content.outerNode?.scrollBy(0, way * innerHeight / 3); }

    grow(factor) {
      this.size = Math.max(0.5, Math.min(3, this.size * factor));
      this.fit();
    }

    full() { document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen(); }

    toggle() {
      if (!document.body.classList.toggle('rlcourse-stage')) this.cell.node.removeAttribute('style');
      this.cell.node.scrollIntoView();
      dispatchEvent(new Event('resize'));  // JupyterLab lays itself out anew
      this.fit();
    }

    help() {
      const table = make('table');
      for (const [key, words] of KEYS) {
        const row = make('tr');
        row.append(make('th', '', key), make('td', '', words));
        table.append(row);
      }
      this.over.hidden = !this.over.hidden;
      this.over.replaceChildren(table);
    }

    list() {
      const list = make('ol');
      this.scenes.forEach(({kind, title, section, minute}, at) => {
        const line = make('li', at === this.at ? 'rlcourse-now' : '', `${minute}′  ${kind}: ${title}`);
        list.append(line);
      });
      this.chosen = this.at;
      this.over.hidden = false;
      this.over.replaceChildren(list);
      list.children[this.at].scrollIntoView({block: 'center'});
    }

    choose(key) {  // in the list of scenes
      const lines = this.over.querySelectorAll('li');
      const step = {ArrowDown: 1, ArrowUp: -1}[key];
      if (key === 'Enter') { this.over.hidden = true; this.show(this.chosen); return true; }
      if (!step) return false;
      this.chosen = Math.max(0, Math.min(this.chosen + step, lines.length - 1));
      lines.forEach((line, at) => line.classList.toggle('rlcourse-now', at === this.chosen));
      lines[this.chosen].scrollIntoView({block: 'nearest'});
      return true;
    }

    // The speaker's window ------------------------------------------------------------------------------

    openNotes() {
      this.notes = open('', 'rlcourse-notes', 'popup,width=900,height=760');
      if (!this.notes) return this.tell('The browser kept the second window back: allow pop-ups for this address. Esc goes on.');
      const page = this.notes.document;
      page.title = 'Notes';
      page.body.className = 'rlcourse-notes';
      page.head.replaceChildren(...styles(page));
      this.notes.onkeydown = event => { if (event.key !== 'n') this.press(event); };
      clearInterval(this.clock);
      this.clock = setInterval(() => this.time(), 1000);
      this.note();
    }

    note() {
      const page = this.notes && !this.notes.closed && this.notes.document;
      if (!page) return;
      const {ask, answer, settings, fall_back, before, after, title, kind} = this.scene, next = this.scenes[this.at + 1];
      const parts = [make('p', 'rlcourse-clock'), make('h1', '', `${kind}: ${title}`)];
      const line = (name, text) => text && parts.push(make('p', 'rlcourse-fact', `${name}: ${text}`));
      line('Ask first', ask.replace(/\$/g, ''));
      line('The answer', answer.replace(/\$/g, ''));
      const prepared = [...this.cell.node.querySelectorAll('.rlcourse-settings option')].slice(1).map(o => o.textContent);
      line('Prepared', (prepared.length ? prepared : settings).map((name, at) => `${at + 1} ${name}`).join(' · '));
      line('If it fails', fall_back);
      line('Next', next ? `${next.kind}: ${next.title}` : 'the end');
      const texts = ids => ids.map(id => this.cells.get(id)?.node.querySelector('.jp-RenderedMarkdown')?.cloneNode(true));
      parts.push(make('h2', '', 'Before'), ...texts(before), make('h2', '', kind === 'board' || kind === 'title' ? 'On the screen, in full' : 'After'),
        ...texts(kind === 'board' ? [this.scene.cell] : []), ...texts(after));
      page.body.replaceChildren(...parts.filter(Boolean).map(part => page.importNode(part, true)));
      page.querySelectorAll('.rlcourse-spoken').forEach(block => block.classList.remove('rlcourse-spoken'));
      page.querySelectorAll('details').forEach(fold => { fold.open = true; });
      this.notes.scrollTo(0, 0);
      this.time();
    }

    time() {
      const clock = this.notes?.document?.querySelector('.rlcourse-clock');
      if (!clock) return clearInterval(this.clock);
      const passed = this.begun ? Math.floor((Date.now() - this.begun) / 60000) : 0, {minute} = this.scene;
      const late = passed - minute;
      const pace = Math.abs(late) < 2 ? 'on time' : late > 0 ? `${late} minutes late` : `${-late} minutes early`;
      const now = new Date().toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
      clock.textContent = `${now} · minute ${passed}, due at ${minute}: ${pace} · scene ${this.at + 1} of ${this.scenes.length}`;
    }
  }

  const make = (tag, name = '', text = '') => Object.assign(document.createElement(tag), {className: name, textContent: text});
  const done = event => { event.preventDefault(); event.stopImmediatePropagation(); };

  // The style sheets of this window: of some, MathJax's, the rules stand in no file.
  const styles = page => [...document.styleSheets].map(sheet => {
    if (sheet.href) return Object.assign(page.createElement('link'), {rel: 'stylesheet', href: sheet.href});
    const rules = [...sheet.cssRules].map(rule => rule.cssText).join('\n');
    return Object.assign(page.createElement('style'), {textContent: rules});
  });

  const activate = async app => {
    const sheet = Object.assign(document.createElement('link'), {rel: 'stylesheet'});
    sheet.href = new URL('stage.css', here);
    const board = Object.assign(document.createElement('script'), {src: new URL('board.js', here)});
    document.head.append(sheet, board);
    await Promise.all([app.restored, new Promise(ready => { board.onload = ready; })]);
    while (!app.shell.currentWidget?.content?.widgets || !app.shell.currentWidget.context) await new Promise(r => setTimeout(r, 50));
    window.rlcourseStage = new Stage(app, app.shell.currentWidget);
    await window.rlcourseStage.begin();
  };
  const here = document.currentScript.src;
  const plugin = {id: 'rlcourse-stage:plugin', autoStart: true, activate: app => { activate(app); }};
  const container = {init: () => {}, get: async () => () => ({__esModule: true, default: plugin})};
  (window._JUPYTERLAB ??= {})['rlcourse-stage'] = container;
})();
