// Compares notes with the examples of the CommonMark specification: a note must read as the specification has it, less the
// formatting that notes do not have (§3). Run by tests/long/commonmark, which names the folder of the package with the examples.

import { createRequire } from 'node:module';
import { LENA, open, startBrowser, startDemo } from './support.mjs';

const { tests } = createRequire(`${process.argv[2]}/`)('commonmark-spec');
const [demo, browser] = await Promise.all([startDemo(), startBrowser()]);
const page = await open(browser, demo, 'sol');

/** Examples that hold HTML, which notes show as it was typed. */
const isHtml = ({ section, markdown }) => ['HTML blocks', 'Raw HTML'].includes(section)
  || /<[a-z/!?](?![a-z+.-]+:|[^\s<>]*@)/i.test(markdown.replace(/<[a-z][a-z0-9+.-]+:[^\s<>]*>|<[^\s<>@\\]+@[^\s<>]+>/gi, ''));

/** The note as the program renders it. */
async function rendered(markdown) {
  const headers = { 'sec-fetch-site': 'same-origin' };
  const answer = await page.request.post(`${demo.address}${LENA}/notes/preview`, { form: { body: markdown }, headers });
  if (answer.status() !== 200) throw new Error(`${answer.status()} for ${JSON.stringify(markdown)}`);
  return answer.text();
}

/** Both as trees, after which they can be compared: the specification's with what notes do to it. */
const compared = (spec, own) => page.evaluate(([specified, shown]) => {
  const parsed = (html) => new DOMParser().parseFromString(html, 'text/html').body;
  const BLOCKS = ['P', 'UL', 'OL', 'LI', 'BODY'];
  const isBlock = (node) => node.nodeType === Node.ELEMENT_NODE && BLOCKS.includes(node.tagName);

  /** What §3 says: headings and code blocks are paragraphs, quotes and rules are nothing, images are their descriptions. */
  function allow(root) {
    root.querySelectorAll('img').forEach((image) => image.replaceWith(image.alt));
    root.querySelectorAll('hr').forEach((rule) => rule.remove());
    root.querySelectorAll('pre').forEach((code) => {
      const text = document.createElement('p');
      text.dataset.isCode = 'yes';
      text.textContent = code.textContent;
      code.replaceWith(text);
    });
    root.querySelectorAll('h1, h2, h3, h4, h5, h6').forEach((heading) => {
      const text = document.createElement('p');
      text.append(...heading.childNodes);
      heading.replaceWith(text);
    });
    // From the inside out.
    [...root.querySelectorAll('blockquote')].reverse().forEach((quote) => quote.replaceWith(...quote.childNodes));
    root.querySelectorAll('a').forEach((link) => {
      const scheme = /^[a-z]+:/i.exec(link.getAttribute('href'))?.[0].toLowerCase();
      if (!['http:', 'https:', 'mailto:'].includes(scheme)) link.removeAttribute('href');
    });
    root.normalize();
  }

  /** The tree as text, without the line ends between blocks. A line end inside a paragraph is a break. */
  function written(node, isCode = false) {
    if (node.nodeType === Node.TEXT_NODE) return isCode ? node.data : node.data.replaceAll('\n', '<br>');
    const inside = [...node.childNodes].map((child, at, all) => {
      if (child.nodeType !== Node.TEXT_NODE) return written(child, isCode || child.dataset.isCode);
      let text = child.data;
      if (all[at - 1]?.tagName === 'BR') text = text.replace(/^\n/, '');
      if (isBlock(node) && (at === 0 || isBlock(all[at - 1]))) text = text.replace(/^\n+/, '');
      if (isBlock(node) && (at === all.length - 1 || isBlock(all[at + 1]))) text = text.replace(/\n+$/, '');
      return written(new Text(text), isCode);
    }).join('');
    const kept = { A: ['href'], OL: ['start'] }[node.tagName] ?? [];
    const attributes = kept.filter((name) => node.hasAttribute(name)).map((name) => ` ${name}="${node.getAttribute(name)}"`);
    return node.tagName === 'BR' ? '<br>' : `<${node.localName}${attributes.join('')}>${inside}</${node.localName}>`;
  }

  const [wanted, found] = [parsed(specified), parsed(shown)];
  allow(wanted);
  return [written(wanted), written(found, false)].map((text) => text.replaceAll('\n', '<br>'));
}, [spec, own]);

/** Images become their descriptions, which keep their formatting; the specification has it in an attribute, without. */
const described = (example, html) => (example.markdown.includes('![') ? html.replace(/<\/?(em|strong|code|a)\b[^>]*>/g, '') : html);

let [same, left] = [0, 0];
const differing = [];
for (const example of tests) {
  if (isHtml(example)) { left += 1; continue; }
  // The package writes a tab as an arrow.
  const [markdown, html] = [example.markdown, example.html].map((text) => text.replaceAll('→', '\t'));
  const both = await compared(html, await rendered(markdown));
  const [wanted, found] = both.map((text) => described(example, text));
  if (wanted === found) same += 1;
  else differing.push(`example ${example.number} (${example.section}) ${JSON.stringify(markdown)}\n  wanted ${wanted}\n  found  ${found}`);
}
await browser.close();
await demo.stop();
const all = same + differing.length;
console.log(differing.join('\n'));
console.log(`${same} of ${all} examples read as CommonMark has them (${(100 * same / all).toFixed(1)} %); ${left} with HTML are left out`);
process.exit(same / all >= 0.99 && all > 500 ? 0 : 1);
