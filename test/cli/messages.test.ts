import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, start, temporaryFolder } from '../support/cli.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const cwd = folder.path;

beforeAll(() => {
  const write = (name: string, text: string | Buffer) => writeFileSync(join(cwd, name), text);
  mkdirSync(join(cwd, 'some'));
  write('desk.yaml', 'default: deny\ntools:\n  vendJWTWithId: {}\n');
  write('alone.yaml', 'default: deny\n');
  write('broken.yaml', 'tols: {}\ntools: []\n');
  write('desk.test.yaml', 'policy: desk.yaml\ncases: [{ name: a, call: vendJWTWithId, expect: allow }]\n');
  write('words.txt', 'hello\nworld\n');
  write('big.yaml', Buffer.alloc(3 * 1024 * 1024));
  write('bad.json', '{\n  "body": {,}\n}\n');
});

const UNKNOWN = ['dry-run', '--policy', 'desk.yaml', '--tool'];
const VEND = [...UNKNOWN, 'vendJWTWithId'];
const URL_EXPECTED = 'as an http or https URL without user, query and fragment';

/** What somebody does who does not know better, and the one line that helps. */
const rows: readonly (readonly [args: readonly string[], stderr: string])[] = [
  [
    ['test', 'desk.yaml'],
    'expected a test file; `desk.yaml` is a policy, and its tests are `desk.test.yaml`',
  ],
  [
    ['test', 'alone.yaml'],
    'expected a test file; `alone.yaml` is a policy, and there is no `alone.test.yaml` beside it',
  ],
  [
    ['test', 'broken.yaml'],
    'expected a test file; `broken.yaml` is a policy, and there is no `broken.test.yaml` beside it',
  ],
  [
    ['explain', '--policy', 'desk.test.yaml', '--tool', 'x'],
    'expected a policy; `desk.test.yaml` is by its name a test file',
  ],
  [['test', 'desk.test.yaml', '--junit', 'some'], 'cannot write `some`: it is a folder'],
  [['check', 'some'], 'cannot read the policy `some`: it is a folder'],
  [['init', '--from', 'missing.jsonl'], 'cannot read `missing.jsonl`: there is no such file'],
  [['init', '--from', 'some'], 'cannot read `some`: it is a folder'],
  [
    ['init', '--from', 'words.txt'],
    'expected records of an audit, and there are none; words.txt:1: not JSON: expected a value',
  ],
  [['init', '--from', 'words.txt', '--tenant', 'acme'], 'expected `--tenant`, a UUID; found `acme`'],
  [
    [...VEND, '--args', '{a: 1}'],
    "`--args` is not JSON: 1:2: expected a key in double quotes; in a shell, put it in '…'",
  ],
  [[...VEND, '--args', '{"a": 1,}'], '`--args` is not JSON: 1:9: expected a key in double quotes'],
  [[...VEND, '--args', '@bad.json'], '`--args @bad.json` is not JSON: 2:12: expected a key in double quotes'],
  [[...VEND, '--args', '@nowhere'], 'cannot read `nowhere`: there is no such file'],
  [[...VEND, '--args', '[1]'], 'expected `--args`, a JSON object; found a list'],
  [[...VEND, '--args', '"x"'], 'expected `--args`, a JSON object; found a text'],
  [[...VEND, '--at', 'yesterday'], 'expected `--at`, a time such as 2026-01-01T00:00:00Z; found `yesterday`'],
  [[...VEND, '--identity', 'ann'], '`--identity` is not JSON: 1:1: expected a value'],
  [[...VEND, '--identity', '[]'], 'expected `--identity`, a JSON object; found an empty list'],
  [
    [...VEND, '--identity', '{"rols":["a"]}'],
    'unknown member of `identity`, `rols`; expected one of `sub`, `client_id`, `issuer`, `tenant`, `project`, `email`, `roles`, `scopes`, `groups`, `resources`, `claims`; did you mean `roles`?',
  ],
  [[...VEND, '--identity', '{"roles":"a"}'], 'expected `identity.roles`, a list of texts; found a text'],
  [
    [...VEND, '--identity', '{"roles":[1]}'],
    'expected `identity.roles`, a list of texts; found a list with something else in it',
  ],
  [[...VEND, '--identity', '{"sub":"a","sub":"b"}'], 'expected `--identity` with each key once'],
  [[...VEND, '--identity', '{"sub":null}'], 'expected `identity.sub`, a text; found null'],
  [[...VEND, '--identity', '{"claims":1}'], 'expected `identity.claims`, an object; found a number'],
  [
    [...VEND, '--transport', 'HTTP'],
    'expected `transport`, one of `stdio`, `http`, `rest`; found `HTTP`; did you mean `http`?',
  ],
  [
    ['serve', '--fusionauth', 'localhost:9011'],
    `expected \`--fusionauth\` ${URL_EXPECTED}; did you mean \`http://localhost:9011\`?`,
  ],
  [
    ['serve', '--fusionauth', 'id.example.com/fa'],
    `expected \`--fusionauth\` ${URL_EXPECTED}; did you mean \`https://id.example.com/fa\`?`,
  ],
  [
    ['serve', '--fusionauth', 'ftp://x'],
    `expected \`--fusionauth\` ${URL_EXPECTED}; found one that begins with \`ftp://\``,
  ],
  [
    ['serve', '--fusionauth', 'http://ann:horse@x?y'],
    `expected \`--fusionauth\` ${URL_EXPECTED}; found one with a user and a query`,
  ],
  [
    ['serve', '--http', 'http://127.0.0.1:9090/mcp'],
    'expected `--http` as `[HOST:]PORT`, the port from 0 to 65535; found `http://127.0.0.1:9090/mcp`; did you mean `127.0.0.1:9090`?',
  ],
  [
    ['serve', '--rest', ':8080'],
    'expected `--rest` as `[HOST:]PORT`, the port from 0 to 65535; found `:8080`; did you mean `8080`?',
  ],
  [['serve', '--http', '8080', '--rest', '8080'], 'expected two ports; `--http` and `--rest` are both 8080'],
  [['serve', '--port', '8080'], 'unknown option `--port`; did you mean `--http [HOST:]PORT`?'],
  [
    ['serve', '--api-key', 'x'],
    'unknown option `--api-key`; the key comes from `FUSIONAUTH_API_KEY`, or the file that `FUSIONAUTH_API_KEY_FILE` names',
  ],
  [
    ['serve', 'desk.yaml'],
    'too many arguments for `serve`. Expected 0 arguments but got 1. A policy is given by `--policy FILE`.',
  ],
  [
    ['serve', '--policy', 'nowhere.yaml'],
    `cannot read the policy \`nowhere.yaml\`: there is no such file in \`${realpathSync(cwd)}\``,
  ],
  [
    ['serve', '--policy', `\${workspaceFolder}/p.yaml`],
    `cannot read the policy \`\${workspaceFolder}/p.yaml\`: there is no such file; it holds a variable that nobody filled in`,
  ],
  [
    ['serve', '--policy', '~/p.yaml'],
    'cannot read the policy `~/p.yaml`: there is no such file; `~` is filled in by shells alone, write the whole path',
  ],
  [['serve', '--fusionauth', 'correct-horse'], `expected \`--fusionauth\` ${URL_EXPECTED}`],
  [['serve', '--fusionauth', 'ann:horse@x:1'], `expected \`--fusionauth\` ${URL_EXPECTED}`],
  [
    ['serve', '--http', '70000'],
    'expected `--http` as `[HOST:]PORT`, the port from 0 to 65535; found `70000`',
  ],
  [
    ['serve', '--http', '--issuer', 'https://id.example.com', '--resource', 'mcp.example.com'],
    `expected \`--resource\` ${URL_EXPECTED}, such as \`https://mcp.example.com/mcp\`; did you mean \`https://mcp.example.com\`?`,
  ],
  [
    ['serve', '--http', '--issuer', 'id.example.com'],
    'expected `--issuer` as an https URL without user, query and fragment (http on loopback only), or `ISS=URL` with the URL of a JWKS; did you mean `https://id.example.com`?',
  ],
  [
    ['serve', '--policy', 'desk.yaml', '--policy', 'alone.yaml'],
    '`--policy` is given twice; expected it once, a policy is one file',
  ],
  [['serve', '--audit', ''], 'expected `--audit` as a file, `-` or `off`; found ``'],
  [
    ['serve', '--http', '0', '--allowed-host', 'a.example', '--allowed-host', 'https://b.example'],
    'expected `--allowed-host` as `HOST` or `HOST:PORT`, without scheme and path; found `https://b.example`',
  ],
  [
    ['serve', '--http', '0', '--allowed-origin', 'https://a.example/'],
    'expected `--allowed-origin` as `SCHEME://HOST[:PORT]`, without a slash at the end; found `https://a.example/`',
  ],
  [['replay', 'words.txt', '--tenant', 'acme'], 'expected `--tenant`, a UUID; found `acme`'],
  [['check'], 'missing required argument `file`'],
  [['sreve'], 'unknown command `sreve`; did you mean `serve`?'],
  [['check', 'desk.yaml', '--strct'], 'unknown option `--strct`; did you mean `--strict`?'],
  [['explain'], 'required option `--tool <name>` not specified'],
  [['check', 'desk.yaml', '--sarif', '--json'], 'option `--json` cannot be used with option `--sarif`'],
  [
    ['init', '--risk', 'lo'],
    'option `--risk <risk>` argument `lo` is invalid. Allowed choices are low, medium, high.',
  ],
];

describe('wrong usage is told in one line', () => {
  it.each(rows)('%j', async (args, stderr) => {
    expect(await run(args, { cwd })).toEqual({ code: 2, stdout: '', stderr: `portcullis: ${stderr}\n` });
  });

  it.each([
    ['FUSIONAUTH_URL', 'localhost:9011', `${URL_EXPECTED}; did you mean \`http://localhost:9011\`?`],
    ['FUSIONAUTH_URL', `\${FUSIONAUTH_URL}`, `${URL_EXPECTED}; it holds a variable that nobody filled in`],
    ['FUSIONAUTH_TENANT_ID', 'acme', 'as a UUID; found `acme`'],
    ['PORTCULLIS_HTTP', 'on', 'as `[HOST:]PORT`, the port from 0 to 65535; found `on`'],
  ])('the variable %s with %s is told by its name', async (name, value, expected) => {
    const ran = await run(['serve', '--audit', 'off'], { cwd, env: { [name]: value } });
    expect(ran).toEqual({ code: 2, stdout: '', stderr: `portcullis: expected \`${name}\` ${expected}\n` });
  });

  it.each([
    ['localhost:6379', /; did you mean `redis:\/\/localhost:6379`\?\n$/],
    ['http://:horse@localhost', /; found one that begins with `http:\/\/`\n$/],
    ['horse', /percent-encoded\n$/],
  ])('serve --redis %s', async (url, hint) => {
    const ran = await run(['serve', '--sandbox', '--audit', 'off', '--redis', url], { cwd });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringMatching(hint) });
    expect(ran.stderr).not.toContain('horse');
  });

  it.each([
    ['vendJWT', 'there is no tool `vendJWT`; did you mean `vendJWTWithId`? `portcullis tools` lists them\n'],
    ['zzz', 'there is no tool `zzz`; `portcullis tools` lists them\n'],
  ])('the tool %s', async (tool, hint) => {
    const ran = await run([...UNKNOWN, tool], { cwd });
    expect(ran).toMatchObject({ code: 4, stderr: `portcullis: ${hint}` });
  });

  it.each(['big.yaml', '/dev/zero'])(
    'a file that is too large, of which there is no line to show: %s',
    async (name) => {
      const stdout = `${name}:1:1: error: expected at most 1 MiB [too_large]\n`;
      expect(await run(['check', name], { cwd })).toEqual({ code: 3, stdout, stderr: '' });
    },
  );

  it.each([
    [
      'dry-run',
      [...VEND, '--args', '@/dev/zero'],
      /^portcullis: cannot read `\/dev\/zero`: it has more than 4096 KiB\n$/,
    ],
    ['test', ['test', '/dev/zero'], /^\/dev\/zero:1:1: error: expected at most 1 MiB/],
    ['import', ['import', '/dev/zero'], /^\/dev\/zero:1:1: error: expected at most 1 MiB/],
    ['check-directory', ['check-directory', '/dev/zero'], /^\/dev\/zero:1:1: error: expected at most 1 MiB/],
  ] as const)('a file that never ends, by %s', async (_name, args, says) => {
    const { code, stdout, stderr } = await run(args, { cwd });
    expect(code).toBeOneOf([2, 3]);
    expect(stdout + stderr).toMatch(says);
  });

  const KEY = 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIz';
  it.each([
    ['/nowhere/key', 'cannot read `FUSIONAUTH_API_KEY_FILE`, `/nowhere/key`: there is no such file'],
    ['nowhere', 'cannot read `FUSIONAUTH_API_KEY_FILE`, `nowhere`: there is no such file'],
    [KEY, `cannot read \`FUSIONAUTH_API_KEY_FILE\`, \`${'•'.repeat(KEY.length)}\`: there is no such file`],
    ['empty', 'expected a secret in `FUSIONAUTH_API_KEY_FILE`, `empty`; the file is empty'],
    ['/dev/zero', 'cannot read `FUSIONAUTH_API_KEY_FILE`, `/dev/zero`: it has more than 1024 KiB'],
  ])('a secret in the file %s', async (name, stderr) => {
    writeFileSync(join(cwd, 'empty'), '\n');
    const env = { FUSIONAUTH_API_KEY_FILE: name };
    const ran = await run(['serve', '--audit', 'off'], { cwd, env });
    expect(ran).toEqual({ code: 2, stdout: '', stderr: `portcullis: ${stderr}\n` });
  });
});

describe('a file whose name a terminal would obey', () => {
  const name = '\x1b[31m\x1b]0;x\x07\u202e';
  const shown = '·[31m·]0;x··';
  beforeAll(() => {
    writeFileSync(join(cwd, `${name}.yaml`), 'default: maybe\n');
    writeFileSync(
      join(cwd, `${name}.test.yaml`),
      'policy: desk.yaml\ncases: [{ name: a, call: vendJWT, expect: allow }]\n',
    );
    writeFileSync(join(cwd, `${name}.jsonl`), 'no audit\n');
  });

  it.each([
    ['check', `${name}.yaml`],
    ['check', `${name}.nowhere`],
    ['check', `${name}.test.yaml`],
    ['test', `${name}.test.yaml`],
    ['test', '.'],
    ['dry-run', '--policy', `${name}.yaml`, '--tool', 'x'],
    ['import', `${name}.yaml`],
    ['replay', `${name}.jsonl`],
    ['init', '--from', `${name}.jsonl`],
    ['verify-audit', `${name}.jsonl`],
  ])('is shown and not obeyed: %s %s', async (...args) => {
    const { stdout, stderr } = await run(args, { cwd });
    expect(stdout + stderr).toContain(shown);
    expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

it('migrating a directory without databases tells that there is nothing to do', async () => {
  const text = 'tenants: { acme: { users: { a@b.example: {} }, projects: { p: { clients: { c: {} } } } } }\n';
  writeFileSync(join(cwd, 'directory.yaml'), text);
  const stdout = 'acme: no database, its users are in the directory\n';
  const ran = await run(['migrate-directory', 'directory.yaml'], { cwd });
  expect(ran).toEqual({ code: 0, stdout, stderr: '' });
});

describe('serve', () => {
  it('tells each warning once as one, and FusionAuth once', async () => {
    writeFileSync(join(cwd, 'warned.yaml'), 'tools: {}\n');
    const proxy = start(['serve', '--policy', join(cwd, 'warned.yaml'), '--audit', 'off'], {
      FUSIONAUTH_URL: 'http://127.0.0.1:1',
    });
    proxy.child.stdin.write(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } } })}\n`,
    );
    proxy.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    const params = { name: 'fusionauth-validatejwtwithid', arguments: { encodedJWT: 'a.b.c' } };
    proxy.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params })}\n`);
    await proxy.says(/FusionAuth at http:\/\/127\.0\.0\.1:1\/?: it cannot be reached \(ECONNREFUSED\)/);
    await proxy.stop();
    expect(proxy.said()).toMatch(/^portcullis: \S+warned\.yaml:1:1: warning: `default` is left out/m);
    expect(proxy.said()).not.toMatch(/warning:.*warning:/);
  });
});
