import type { EvidenceReport } from '../../src/core/evidence/model.ts';

/** Texts that do something where they are not text. */
export const HOSTILE = [
  '<script>document.title="owned"</script>',
  '</title></style></script><script>document.title="owned"</script>',
  '<img src=x onerror=\'document.title="owned"\'>',
  '"><svg onload=document.title="owned">',
  "' onmouseover='document.title=1' x='",
  '" autofocus tabindex=1 onfocus="document.title=1',
  '</svg></table></section><h1>owned</h1><!--',
  '--><!doctype html><base href="https://example.com/"><link rel=stylesheet href="https://example.com/x.css">',
  '<meta http-equiv=refresh content="0;url=https://example.com/">',
  '<style>*{display:none}</style>',
  '<iframe srcdoc="&lt;script&gt;parent.document.title=1&lt;/script&gt;"></iframe>',
  '<form action=https://example.com/><input name=x autofocus></form>',
  '<a href="javascript:document.title=1">owned</a>',
  '<math><mtext></table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=document.title=1&gt;">',
  ']]><![CDATA[<script>document.title=1</script>',
  '{{constructor.constructor("document.title=1")()}}${document.title=1}',
  '&lt;script&gt;&#x3C;script&#62;&amp',
  '\u202eowned\u2066\u200b\u0000\ufeff\u2028\ud800',
  '<'.repeat(5_000),
  `${'x'.repeat(1_999)}&<"`,
] as const;

/** An instant, or a word of ours that decides how something is shown. */
const OURS =
  /^(?:\d{4}-\d\d-\d\dT[\d:]+Z|critical|high|medium|low|holds|open|retired|revoked|prepared|granted|released|enabled|disabled|pending-deletion|deleted|unavailable|pending-import|missing|denied|wrong-context|passing|other)$/;

/** The report with something behind every text in it: names, ids, callers, reasons, paths, rules, and the rest. */
export function spelt(report: EvidenceReport, behind: string): EvidenceReport {
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return OURS.test(value) ? value : `${value}${behind}`;
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, walk(member)]));
  };
  // The walk keeps the shape.
  return walk(report) as EvidenceReport;
}
