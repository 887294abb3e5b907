/** A registry's text with one more platform: its import after the last one of its kind, its symbol at the end of the list. */
export function addLine(text, { name, symbol, suffix, list }) {
  const lines = text.split('\n');
  const isImport = (line) => line.startsWith('import {') && line.includes(`.${suffix}.js'`);
  const last = lines.findLastIndex(isImport);
  const begin = lines.findIndex((line) => line.includes(list));
  if (last < 0 || begin < 0) throw new Error(`the registry of ${suffix}s is not as it was: add ${symbol} by hand`);
  const onOneLine = /= \[(.+)\]/.test(lines[begin]);
  if (onOneLine) lines[begin] = lines[begin].replace(/= \[(.+)\]/, `= [$1, ${symbol}]`);
  else lines.splice(lines.indexOf('];', begin), 0, `  ${symbol},`);
  lines.splice(last + 1, 0, `import { ${symbol} } from './${name}/${name}.${suffix}.js';`);
  return lines.join('\n');
}
