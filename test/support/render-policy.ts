/**
 * The text of a policy with each `${Name}` replaced by its value, escaped for the JSON string it stands in.
 * IAM's own variables (`${aws:PrincipalTag/…}`) carry a colon and stay. Throws on a placeholder without a value.
 */
export function renderPolicy(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{([A-Za-z]+)\}/g, (_placeholder, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new Error(`policy: no value for \${${name}}`);
    return JSON.stringify(value).slice(1, -1);
  });
}
