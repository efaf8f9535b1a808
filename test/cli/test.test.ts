import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bin, run, temporaryFolder } from '../support/cli.ts';
import { elementsOf } from '../support/xml.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

function file(name: string, content: string | Buffer): string {
  const path = join(folder.path, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return name;
}

/** Runs `portcullis test` in the folder, so that names are as short as they are written. */
function test(...args: readonly string[]) {
  return run(['test', ...args], { cwd: folder.path });
}

const DESK = `default: deny
tools:
  deleteJwtRefresh:
    rules:
      - action: deny
        when: [{ path: args.applicationId, op: exists, value: true }]
      - rate_limit: 5/hour
`;
/** As the issue has it: the short form without quotes, and a comment behind it. */
const SIXTH = `policy: support-desk.yaml
callers: { ann: { sub: ann, roles: [support], tenant: acme }, bob: { sub: bob } }
cases:
  - name: the sixth revocation in an hour waits
    caller: ann
    given: 5 calls of deleteJwtRefresh { token: t }      # or a list of calls with \`at\`
    call: deleteJwtRefresh
    args: { token: t }
    at: 2026-01-01T10:30:00Z
    expect: { deny: rate_limited, rule: "deleteJwtRefresh#2", retry_after_s: 1800 }
`;
file('desk/support-desk.yaml', DESK);
file('desk/support-desk.test.yaml', SIXTH);
file('sliding/support-desk.yaml', DESK.replace('5/hour', '{ max: 5, window: 1h }'));
file('sliding/support-desk.test.yaml', SIXTH.replace(/name: .*/, `name: "<the> & 'sixth' \\u0001\\tof"`));

const DIFFERENCE = `      - expected  + actual
        verdict: deny
        code: rate_limited
        rule: deleteJwtRefresh#2
      - retry_after_s: 1800
      + retry_after_s: 3600
        reason: At most 5 calls in any `;

/** The tree in an output, without the indent of its lines. */
function treeOf(output: string, indent: string): readonly string[] {
  const lines = output.split('\n');
  const begin = lines.findIndex((line) => line.startsWith(`${indent}  Denied: `));
  const end = lines.findIndex((line) => line.startsWith(`${indent}  What passes now`));
  expect(begin).toBeGreaterThan(-1);
  return lines.slice(begin, end + 1).map((line) => line.slice(indent.length));
}

/** What `explain` prints of the call that fails in `sliding`. */
async function explainedTree(): Promise<readonly string[]> {
  const call = { tool: 'fusionauth-deletejwtrefresh', args: { token: 't' }, identity: { sub: 'ann' } };
  const line = JSON.stringify({ ...call, session: 'test', at: '2026-01-01T10:30:00Z' });
  file('sliding/given.jsonl', `${line}\n`.repeat(5));
  const { tool, args, identity } = call;
  const flags = ['--tool', tool, '--args', JSON.stringify(args), '--identity', JSON.stringify(identity)];
  const given = ['--given', 'sliding/given.jsonl', '--session', 'test'];
  const policy = ['--policy', 'sliding/support-desk.yaml'];
  const { stdout } = await run(['explain', ...policy, ...flags, ...given], { cwd: folder.path });
  return treeOf(stdout, '');
}

describe('test', () => {
  it('passes the example of its issue, with a tick', async () => {
    expect(await test('desk')).toEqual({
      code: 0,
      stdout: 'desk/support-desk.test.yaml\n  ✓ the sixth revocation in an hour waits\n1 passed, 0 failed\n',
      stderr: '',
    });
  });

  it('shows of a failure a cross, the difference and the trace, and exits 5', async () => {
    const ran = await test('sliding/support-desk.test.yaml', 'desk');
    expect(ran).toMatchObject({ code: 5, stderr: '' });
    expect(ran.stdout).toContain("  ✗ <the> & 'sixth' of (sliding/support-desk.test.yaml:4)\n");
    expect(ran.stdout).toContain(DIFFERENCE);
    expect(treeOf(ran.stdout, '      ')).toEqual(await explainedTree());
    expect(ran.stdout).toContain('  ✓ the sixth revocation in an hour waits\n1 passed, 1 failed\n');
  });

  it('runs a file once that is named twice, and tells no colour to a pipe', async () => {
    const ran = await test('desk', 'desk/support-desk.test.yaml', './desk');
    expect(ran.stdout).toMatch(/^1 passed, 0 failed$/m);
    expect(ran.stdout).not.toContain('\u001b');
  });

  it('gives the same as JSON', async () => {
    const ran = await test('sliding', 'desk', '--json');
    expect(ran.code).toBe(5);
    const rule = 'deleteJwtRefresh#2';
    const expected = { verdict: 'deny', code: 'rate_limited', rule, retry_after_s: 1800 };
    expect(JSON.parse(ran.stdout)).toMatchObject({
      passed: 1,
      failed: 1,
      files: [
        {
          file: 'sliding/support-desk.test.yaml',
          policy: 'sliding/support-desk.yaml',
          cases: [
            {
              line: 4,
              passed: false,
              given: null,
              expected,
              actual: { ...expected, retry_after_s: 3600, would: null, would_rule: null },
              differing: ['retry_after_s'],
              trace: expect.arrayContaining([expect.objectContaining({ step: 'limit', result: 'failed' })]),
            },
          ],
        },
        { file: 'desk/support-desk.test.yaml', cases: [{ passed: true, expected, actual: expected }] },
      ],
      coverage: [{ policy: 'sliding/support-desk.yaml' }, { policy: 'desk/support-desk.yaml', percent: 66 }],
    });
  });

  it('writes JUnit XML that is well-formed, whatever a name holds', async () => {
    const ran = await test('sliding', 'desk', '--junit', 'junit.xml', '--min-coverage', '67');
    expect(ran.code).toBe(5);
    const xml = readFileSync(join(folder.path, 'junit.xml'), 'utf8');
    expect(elementsOf(xml)).toEqual([
      'testsuites tests=4 failures=3',
      'testsuite tests=1 failures=1',
      'testcase',
      'failure',
      'testsuite tests=1 failures=0',
      'testcase',
      'testsuite tests=2 failures=2',
      'testcase',
      'failure',
      'testcase',
      'failure',
    ]);
    expect(xml).toContain('name="&lt;the&gt; &amp; \'sixth\' \uFFFD&#9;of"');
    expect(xml).toContain('file="sliding/support-desk.test.yaml" line="4"');
    expect(xml).toContain('message="expected retry_after_s 1800, actual 3600"');
    const text = xml.replaceAll('&#10;', '\n').replaceAll('</failure>', '\n');
    expect(treeOf(text, '')).toEqual(await explainedTree());
    expect(xml).toContain('coverage of desk/support-desk.yaml is 66 %, expected at least 67 %');
  });

  it('writes no empty failures where all is well', async () => {
    expect((await test('desk', '--junit', 'fine.xml')).code).toBe(0);
    const xml = readFileSync(join(folder.path, 'fine.xml'), 'utf8');
    expect(elementsOf(xml)).toEqual([
      'testsuites tests=1 failures=0',
      'testsuite tests=1 failures=0',
      'testcase',
    ]);
  });
});

describe('what cannot be run', () => {
  file('wrong/desk.yaml', 'default: deny\ntols: {}\n');
  file('wrong/a.test.yaml', 'policy: desk.yaml\ncases: [{ name: a, call: deleteJwtRefesh, expect: alow }]\n');
  file('wrong/latin.test.yaml', Buffer.from([0xe9]));
  file('lost/a.test.yaml', 'policy: nowhere.yaml\ncases: [{ name: a, call: createLogout, expect: allow }]\n');
  file('hidden/node_modules/a.test.yaml', SIXTH);
  file('hidden/.git/a.test.yaml', SIXTH);

  it('is told all at once, with places and suggestions, and nothing is run', async () => {
    const ran = await test('wrong', 'desk');
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr.split('\n').filter((line) => !line.startsWith('  '))).toEqual([
      expect.stringMatching(
        /^wrong\/a\.test\.yaml:2:26: error: unknown tool `deleteJwtRefesh`; did you mean `deleteJwtRefresh`\? \[unknown_tool\]$/,
      ),
      expect.stringMatching(
        /^wrong\/a\.test\.yaml:2:51: error: expected `allow`, .* found the text `alow` \[wrong_value\]$/,
      ),
      expect.stringMatching(
        /^wrong\/desk\.yaml:2:1: error: unknown key `tols` .* did you mean `tools`\? \[unknown_key\]$/,
      ),
      'wrong/latin.test.yaml:1:1: error: expected UTF-8 [encoding]',
      '',
    ]);
    expect(ran.stderr).toContain('[unknown_key]\n  2 | tols: {}\n    | ^\n');
  });

  const rows = [
    [
      'a file that is not there',
      ['nowhere.test.yaml'],
      2,
      /^portcullis: cannot read `nowhere.test.yaml`: there is no such file\n$/,
    ],
    [
      'a policy that is not there',
      ['lost'],
      2,
      /^portcullis: cannot read the policy `lost\/nowhere.yaml`: there is no such file in `.+`\n$/,
    ],
    [
      'a folder without tests',
      ['hidden'],
      2,
      /^portcullis: expected `\*\.test\.yaml` files in the folder `hidden`\n$/,
    ],
    ['nothing', [], 2, /missing required argument `path`/],
    ['a share of more than all', ['desk', '--min-coverage', '101'], 2, /a whole number from 0 to 100/],
    ['a share that is no number', ['desk', '--min-coverage', '9x'], 2, /a whole number from 0 to 100/],
    [
      'JUnit XML that cannot be written',
      ['desk', '--junit', 'nowhere/x.xml'],
      2,
      /cannot write `nowhere\/x.xml`/,
    ],
    ['unreadable and wrong files', ['nowhere', 'wrong'], 2, /no such file\nwrong\/a\.test/],
  ] as const;
  it.each(rows)('%s', async (_name, args, code, stderr) => {
    expect(await test(...args)).toEqual({ code, stdout: '', stderr: expect.stringMatching(stderr) });
  });
});

describe('coverage', () => {
  it('tells which rules and conditions were not seen each way', async () => {
    expect((await test('desk', '--coverage')).stdout.split('\n').slice(3)).toEqual([
      'coverage of desk/support-desk.yaml: 66 % (rules 3 of 4, conditions 1 of 2)',
      '  desk/support-desk.yaml:5: deleteJwtRefresh#1: never seen failing',
      '  desk/support-desk.yaml:5: deleteJwtRefresh#1, `args.applicationId exists true`: never seen holding',
      '',
    ]);
  });

  it('fails with exit 5 below the minimum, and not at it', async () => {
    expect((await test('desk', '--min-coverage', '66')).code).toBe(0);
    const ran = await test('desk', '--min-coverage', '67');
    expect(ran.code).toBe(5);
    expect(ran.stdout).toMatch(/never seen failing[\s\S]*is 66 %, expected at least 67 %\n$/);
    const json = await test('desk', '--min-coverage', '67', '--json');
    expect(json).toMatchObject({
      code: 5,
      stderr: expect.stringMatching(/is 66 %, expected at least 67 %\n$/),
    });
  });

  it('of every shipped policy is whole', async () => {
    const ran = await run(['test', join(dirname(bin), '../policies'), '--min-coverage', '100']);
    expect(ran).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/\n\d+ passed, 0 failed\n$/),
    });
  });

  it('of policies for other tools has them too', async () => {
    file(
      'other/p.yaml',
      'default: deny\ntools:\n  "a*": { rules: [{ rate_limit: 1/minute }] }\n  b: { rules: [{ action: deny }] }\n',
    );
    file(
      'other/p.test.yaml',
      'policy: p.yaml\ncases: [{ name: a, given: 1 call of ab, call: ac, expect: { deny: rate_limited, rule: "a*#1" } }]\n',
    );
    const ran = await test('other', '--tools', 'any', '--coverage');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/66 % \(rules 2 of 3, [\s\S]* b#1: never seen failing\n$/);
  });
});
