// Watches what a person clicks on, and tells it with the fields of the page as they are then. What
// is typed on a page that asks for a password is not told.
tell => {
  const normal = text => (text || '').replace(/\s+/g, ' ').trim();
  const quoted = text => text.replace(/["\\]/g, '\\$&');
  const textOf = element => normal(element.tagName === 'INPUT' ? element.value : element.textContent);
  const one = (root, css) => { try { return root.querySelectorAll(css).length === 1; } catch { return false; } };
  const place = element => {
    const steps = [];
    for (let at = element; at && at.nodeType === 1; at = at.parentElement) {
      const alike = at.parentElement ? [...at.parentElement.children].filter(other => other.tagName === at.tagName) : [at];
      steps.unshift(`${at.tagName.toLowerCase()}[${alike.indexOf(at) + 1}]`);
    }
    return `xpath=/${steps.join('/')}`;
  };
  // The best first: what a redesign is least likely to change.
  const selectors = element => {
    const tag = element.tagName.toLowerCase();
    const root = element.ownerDocument;
    const found = [];
    const add = css => { if (one(root, css) && !found.includes(css)) found.push(css); };
    const name = element.getAttribute('name');
    if (name) add(`${tag}[name="${quoted(name)}"]`);
    if (element.id && !/\d{3}/.test(element.id)) add(`${tag}[id="${quoted(element.id)}"]`);
    if (!/^(INPUT|SELECT|TEXTAREA|I?FRAME)$/.test(element.tagName) || /^(submit|button)$/.test(element.type)) {
      const text = textOf(element);
      if (text && text.length <= 40) {
        const alike = [...root.querySelectorAll(tag)].filter(other => textOf(other).toLowerCase().includes(text.toLowerCase()));
        if (alike.length === 1) found.push(`${tag}:has-text("${text}")`);
      }
    } else {
      const label = element.labels && element.labels[0] && normal(element.labels[0].textContent);
      if (label) found.push(`label=${label}`);
    }
    const classes = [...element.classList].filter(word => /^[\w-]+$/.test(word));
    if (classes.length) add(`${tag}.${classes.join('.')}`);
    if (element.type === 'submit') add(`${tag}[type="submit"]`);
    if (element.type === 'password') add('input[type="password"]');
    if (!found.length) found.push(place(element));
    return found.slice(0, 3);
  };
  // The frames around this page, the outermost first; one of another site is known by its name alone.
  const frames = () => {
    const around = [];
    for (let at = window; at !== at.top; at = at.parent) {
      let frame = null;
      try { frame = at.frameElement; } catch { /* another site */ }
      around.unshift(frame ? selectors(frame) : [`iframe[name="${quoted(at === window ? window.name : '')}"]`]);
    }
    return around;
  };
  const page = () => { try { return window.top.location.href; } catch { return document.referrer; } };
  const fields = secret => [...document.querySelectorAll('input, select, textarea')]
    .filter(field => !/^(hidden|submit|button|reset|image|file)$/.test(field.type) && field.getClientRects().length)
    .map(field => {
      const box = /^(checkbox|radio)$/.test(field.type);
      const list = field.tagName === 'SELECT';
      const before = list ? ([...field.options].find(option => option.defaultSelected) || field.options[0] || {}).value : field.defaultValue;
      return {
        at: selectors(field), kind: field.type,
        value: secret || box ? '' : field.value, checked: box && field.checked,
        changed: box ? field.checked !== field.defaultChecked : field.value !== before,
      };
    });
  addEventListener('click', event => {
    const target = event.target instanceof Element && event.target.closest('button, a, input[type=submit], input[type=button], input[type=image], [role=button], [onclick]');
    if (!event.isTrusted || !target || target.closest('[class*=picker], [class*=calendar]')) return;
    const secret = document.querySelector('input[type=password]') !== null;
    tell(JSON.stringify({ url: page(), frames: frames(), at: selectors(target), says: textOf(target).slice(0, 80), secret, fields: fields(secret) }));
  }, true);
}
