import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const document = readFileSync(resolve(import.meta.dirname, '../../docs/clients.md'), 'utf8');

describe('the configuration of VS Code', () => {
  it.each(['.vscode/mcp.json', 'http.mcp.json'])('%s is word for word in docs/clients.md', (name) => {
    const text = readFileSync(join(import.meta.dirname, name), 'utf8');
    expect(document).toContain(`\`\`\`json\n${text}\`\`\`\n`);
  });
});
