// What the browser driver asks of a page: find by selectors, fill in, look.
const normal = text => (text || '').replace(/\s+/g, ' ').trim().toLowerCase();
const textOf = element => element.tagName === 'INPUT' && /^(submit|button|reset)$/.test(element.type)
  ? normal(element.value)
  : /^(SCRIPT|STYLE|HEAD)$/.test(element.tagName) ? '' : normal(element.textContent);
const find = selectors => {
  for (const { css, texts, innermost } of selectors) {
    const says = element => texts.every(words => textOf(element).includes(words));
    for (const element of document.querySelectorAll(css)) {
      if (says(element) && !(innermost && [...element.children].some(says))) return element;
    }
  }
  return null;
};
// Frameworks replace `value` on the element: the prototype's own setter is what typing uses.
const fill = (selectors, text) => {
  const element = find(selectors);
  if (!element) return null;
  const prototype = element instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  element.focus();
  Object.getOwnPropertyDescriptor(prototype, 'value').set.call(element, text);
  for (const name of ['input', 'change']) element.dispatchEvent(new Event(name, { bubbles: true }));
  return element.value;
};
const look = () => ({
  url: location.href,
  marked: window.exporterMark === true,
  ready: document.readyState === 'complete',
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
const masked = () => {
  for (const field of document.querySelectorAll('input[type=password]')) field.value = '';
  const copy = document.documentElement.cloneNode(true);
  for (const field of copy.querySelectorAll('input[type=password], input[type=hidden]')) field.setAttribute('value', '***');
  for (const meta of copy.querySelectorAll('meta[name*=token]')) meta.setAttribute('content', '***');
  return copy.outerHTML;
};
