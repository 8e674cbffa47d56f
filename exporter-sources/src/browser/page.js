// What the browser driver asks of a page: find by selectors, fill in, look.
const normal = text => (text || '').replace(/\s+/g, ' ').trim().toLowerCase();
const textOf = element => element.tagName === 'INPUT' && /^(submit|button|reset)$/.test(element.type)
  ? normal(element.value)
  : /^(SCRIPT|STYLE|HEAD)$/.test(element.tagName) ? '' : normal(element.textContent);
const labelsOf = element => [
  ...[...(element.labels || [])].map(label => label.textContent),
  element.getAttribute('aria-label'), element.getAttribute('placeholder'), element.getAttribute('title'),
].map(normal);
const find = selectors => {
  for (const { css, texts, innermost, label, xpath } of selectors) {
    if (xpath) {
      const found = document.evaluate(xpath, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE, null).singleNodeValue;
      if (found) return found;
      continue;
    }
    const says = element => texts.every(words => textOf(element).includes(words));
    const labelled = element => !label || labelsOf(element).some(text => text.includes(label));
    for (const element of document.querySelectorAll(css)) {
      if (says(element) && labelled(element) && !(innermost && [...element.children].some(says))) return element;
    }
  }
  return null;
};
// Frameworks replace `value` on the element: the prototype's own setter is what typing uses.
const fill = (selectors, value) => {
  const element = find(selectors);
  if (!element) return null;
  const set = (of, name, to) => Object.getOwnPropertyDescriptor(of.prototype, name).set.call(element, to);
  const tell = () => ['input', 'change'].forEach(name => element.dispatchEvent(new Event(name, { bubbles: true })));
  if (typeof value === 'boolean') {
    if (element.checked !== value) element.click();
    return element.checked;
  }
  if (element instanceof HTMLSelectElement) {
    const options = [...element.options];
    const option = options.find(option => option.value === value) || options.find(option => normal(option.text) === normal(value));
    if (!option) return null;
    option.selected = true;
    tell();
    return value;
  }
  element.focus();
  set(element instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement, 'value', value);
  tell();
  return element.value;
};
// What a person can see of the first match: its text.
const shows = selectors => {
  const element = find(selectors);
  return element && element.getClientRects().length ? (element.innerText || element.value || element.tagName).trim() : null;
};
// A form is sent with the checks of the browser, as its button would send it.
const leave = selectors => {
  const out = find(selectors);
  if (!out) return false;
  window.exporterMark = true;
  if (out instanceof HTMLFormElement) HTMLFormElement.prototype.submit.call(out); else out.click();
  return true;
};
// Dialogues over the page: what says that it closes is clicked, if it can be seen.
const dismiss = () => {
  const places = '[role=dialog], [aria-modal=true], .modal.show, .modal.in, .swal2-container, .overlay, [class*=cookie]';
  let closed = 0;
  for (const place of document.querySelectorAll(places)) {
    if (!place.getClientRects().length || place.querySelector('input[type=password]')) continue;
    const words = /^(x|×|✕|close|tutup|ok|oke|mengerti|got it|accept|terima|setuju|nanti|later|skip|lewati)( all| semua)?$/;
    const closes = button => /close|tutup|dismiss/i.test(`${button.getAttribute('aria-label')} ${button.getAttribute('data-dismiss')} ${button.getAttribute('data-bs-dismiss')} ${button.className}`) || words.test(normal(button.innerText || button.value));
    const button = [...place.querySelectorAll('button, a, input[type=button]')].find(button => button.getClientRects().length && closes(button));
    if (button) { button.click(); closed += 1; }
  }
  return closed;
};
const look = () => ({
  url: location.href,
  marked: window.exporterMark === true,
  ready: document.readyState === 'complete',
  kind: document.contentType,
  status: (performance.getEntriesByType('navigation')[0] || {}).responseStatus || null,
  html: document.documentElement ? document.documentElement.outerHTML : '',
});
const facts = () => {
  const pairs = (css, value) => [...document.querySelectorAll(css)].map(found => [found.name, found[value]]);
  return {
    url: location.href.split('#')[0],
    fields: pairs('input[type=hidden][name]', 'value'),
    metas: pairs('meta[name]', 'content'),
  };
};
// Before a picture is taken: what fields hold goes, days apart, and the cells of private columns.
const masked = columns => {
  for (const field of document.querySelectorAll('input:not([type=submit], [type=button], [type=reset], [type=checkbox], [type=radio]), textarea')) {
    if (field.type === 'password') field.value = '';
    else if (field.value && !/^[\d\/.-]{1,12}$/.test(field.value)) { try { field.value = '***'; } catch { /* a field that takes no such text holds none */ } }
  }
  const hidden = columns.map(normal);
  for (const table of hidden.length ? document.querySelectorAll('table') : []) {
    let places = [];
    for (const row of table.rows) {
      const named = [...row.cells].flatMap((cell, place) => hidden.includes(normal(cell.textContent)) ? [place] : []);
      if (named.length) places = named; else for (const place of places) if (row.cells[place]) row.cells[place].textContent = '***';
    }
  }
  const copy = document.documentElement.cloneNode(true);
  for (const field of copy.querySelectorAll('input[type=password], input[type=hidden]')) field.setAttribute('value', '***');
  for (const meta of copy.querySelectorAll('meta[name*=token]')) meta.setAttribute('content', '***');
  return copy.outerHTML;
};
