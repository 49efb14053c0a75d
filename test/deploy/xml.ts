/** What an XML reply is made of: an array repeats its element, a member list is `{ member: [...] }`. */
export type XmlValue = string | number | boolean | readonly XmlValue[] | { readonly [element: string]: XmlValue };

/** The elements as XML text. */
export function xml(value: XmlValue): string {
  if (typeof value !== 'object') return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return Object.entries(value)
    .flatMap(([name, inner]) => (Array.isArray(inner) ? inner : [inner]).map((one) => `<${name}>${xml(one)}</${name}>`))
    .join('');
}
