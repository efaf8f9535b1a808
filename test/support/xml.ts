/** The elements of an XML text in the order of their beginnings, with the counts of tests and failures; throws where it is not well-formed. */
export function elementsOf(xml: string): readonly string[] {
  const open: string[] = [];
  const found: string[] = [];
  const tag = /<(?:(\/)([a-z]+)|([a-z]+)((?: [a-z-]+="[^"<>]*")*)(\/?))>|[^<>]+/y;
  tag.lastIndex = xml.indexOf('\n');
  while (tag.lastIndex < xml.length) {
    const [text = '', end, closed, name, attributes = '', empty] = tag.exec(xml) ?? [];
    if (text === '' || /&(?!(?:amp|lt|gt|quot|#\d+);)/.test(text)) throw new Error(`not XML: ${text}`);
    if (end !== undefined && open.pop() !== closed) throw new Error(`</${closed}> closes nothing`);
    if (name === undefined) continue;
    const counts = attributes.match(/ (?:tests|failures)="\d+"/g) ?? [];
    found.push(`${name}${counts.join('').replaceAll('"', '')}`);
    if (empty === '') open.push(name);
  }
  if (open.length > 0) throw new Error(`<${open.join()}> is not closed`);
  return found;
}
