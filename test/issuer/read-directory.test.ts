import { expect, it } from 'vitest';
import { isLoopbackHost } from '../../src/adapters/identity/addresses.ts';
import { parseDirectory } from '../../src/issuer/read-directory.ts';

/** A tenant with these lines, and with what every tenant needs. */
function tenant(...lines: readonly string[]): string {
  const own = lines.map((line) => `    ${line}\n`).join('');
  const users = /^ {4}(users|database):/m.test(own) ? '' : '    users: {}\n';
  return `tenants:\n  acme:\n${own}${users}    projects: { p: { clients: { c: {} } } }\n`;
}

const rows: readonly (readonly [string, string, readonly string[]])[] = [
  [
    'takes a directory with everything',
    `version: "1"
token_lifetime: 600
tenants:
  acme:
    issuers:
      - { issuer: 'https://id.example', audience: [a, b] }
      - { issuer: acme.com, audience: a, jwks_uri: 'https://id.example/jwks' }
    admins: [a@b.c]
    users: { a@b.c: { id: '7', roles: [r], scopes: [s], groups: [g], resources: [x] } }
    projects: { p: { clients: { c: { public: false } } } }
  globex:
    database: { postgres_url_env: GLOBEX_URL }
    admins: [z@b.c]
    projects: { p: { clients: {} } }
`,
    [],
  ],
  ['wants a directory', '', ['1:1 error: expected a directory, with `tenants` [empty]']],
  ['wants tenants', 'version: "1"\n', ['1:1 error: expected `tenants` in a directory [missing_key]']],
  [
    'suggests the key that was meant',
    'tennants: {}\ntenants: {}\n',
    [
      '1:1 error: unknown key `tennants` in a directory; expected one of `version`, `token_lifetime`, `tenants`; did you mean `tenants`? [unknown_key]',
    ],
  ],
  [
    'refuses a key twice',
    'tenants: {}\ntenants: {}\n',
    ['2:1 error: duplicate key `tenants`; expected each key once [duplicate_key]'],
  ],
  [
    'refuses another version',
    'version: "2"\ntenants: {}\n',
    ['1:10 error: expected version "1", the only one; found the text `2` [version]'],
  ],
  [
    'bounds the life of tokens',
    'token_lifetime: 5\ntenants: {}\n',
    [
      '1:17 error: expected `token_lifetime` in seconds, an integer from 60 to 86400; found the number `5` [wrong_value]',
    ],
  ],
  [
    'refuses names that could be mistaken',
    'tenants:\n  "acme ": {}\n  ａcme: {}\n  a/b: {}\n  "..": {}\n',
    [2, 3, 4, 5].map(
      (line) =>
        `${line}:3 error: expected a name of 1 to 128 letters, digits, \`.\`, \`_\` and \`-\` that begins with a letter or digit; found \`${['acme ', 'ａcme', 'a/b', '..'][line - 2]}\` [name]`,
    ),
  ],
  [
    'refuses names that differ by case alone',
    'tenants:\n  acme: { users: {}, projects: {} }\n  Acme: { users: {}, projects: {} }\n',
    ['3:3 error: `Acme` and `acme` differ by case alone; expected names that nobody mixes up [similar_name]'],
  ],
  [
    'wants users in one place',
    'tenants:\n  acme:\n    projects: {}\n',
    ['3:5 error: expected either `users` or `database` in a tenant [users]'],
  ],
  [
    'wants users in one place only',
    tenant('users: {}', 'database: { sqlite: a.db }'),
    ['4:5 error: expected either `users` or `database` in a tenant [users]'],
  ],
  [
    'warns of a public client',
    'tenants:\n  acme:\n    users: {}\n    projects: { p: { clients: { c: { public: true } } } }\n',
    [
      '4:33 warning: whoever reaches the service gets user tokens of every user of `acme` through the public client `c` [public_client]',
    ],
  ],
  [
    'wants `public` as true or false',
    'tenants:\n  acme:\n    users: {}\n    projects: { p: { clients: { c: { public: yes } } } }\n',
    ['4:46 error: expected `public` as true or false; found the text `yes` [wrong_value]'],
  ],
  [
    'takes no secrets',
    'tenants:\n  acme:\n    users: {}\n    projects: { p: { clients: { c: { secret: hunter2 } } } }\n',
    [
      '4:38 error: unknown key `secret` in the client `c`; expected one of `public`; secrets are not in this file; see docs/token-service.md [unknown_key]',
    ],
  ],
  [
    'takes no connection string',
    tenant("database: { postgres_url_env: 'postgres://u:hunter2@db/x' }"),
    [
      '3:17 error: expected `postgres_url_env` as the name of an environment variable, not a connection string [database]',
    ],
  ],
  [
    'takes no connection string as a file',
    tenant("database: { sqlite: 'postgres://u:hunter2@db/x' }"),
    ['3:17 error: expected `sqlite` as the name of a file, not a connection string [database]'],
  ],
  [
    'wants one database',
    tenant('database: { sqlite: a, postgres_url_env: B }'),
    ['3:17 error: expected one of `sqlite`, `postgres_url_env`, `postgres_url_file` [database]'],
  ],
  [
    'wants emails in lower case',
    tenant('users: { Anna@acme.example: {} }'),
    ['3:14 error: expected an email in lower case; found `Anna@acme.example` [email]'],
  ],
  [
    'suggests the administrator who was meant',
    tenant('users: { anna@acme.example: {} }', 'admins: [ana@acme.example]'),
    ['4:14 error: `ana@acme.example` is none of `users`; did you mean `anna@acme.example`? [unknown_user]'],
  ],
  [
    'keeps the role and scope of admin tokens',
    tenant('users: { a@b.c: { roles: [admin], scopes: [admin], groups: [admin] } }'),
    [31, 48].map(
      (column) =>
        `3:${column} error: \`admin\` is what admin tokens have; expected another word, or the user in \`admins\` [reserved]`,
    ),
  ],
  [
    'refuses a scope that would be two',
    tenant('users: { a@b.c: { scopes: ["read admin"] } }'),
    ['3:32 error: expected a scope of visible ASCII without `"` and `\\`, of at most 256 characters [word]'],
  ],
  [
    'refuses a role twice',
    tenant('users: { a@b.c: { roles: [r, r] } }'),
    ['3:30 error: expected each of `roles` once [duplicate]'],
  ],
  [
    'refuses an id twice',
    tenant('users: { a@b.c: { id: x }, d@b.c: { id: x } }'),
    ['3:32 error: two users have the id `x` [duplicate_id]'],
  ],
  [
    'wants issuer and audience',
    tenant('issuers: [{ issuer: "https://id.example" }]'),
    ['3:17 error: expected `audience` in an issuer [missing_key]'],
  ],
  [
    'wants an issuer once',
    tenant(
      'issuers:',
      '  - { issuer: "https://id.example", audience: a }',
      '  - { issuer: "https://id.example", audience: b }',
    ),
    ['5:9 error: `https://id.example` is there twice; expected it once [duplicate_issuer]'],
  ],
  [
    'believes no keys from plain http',
    tenant('issuers: [{ issuer: "http://id.example", audience: a }]'),
    [
      '3:25 error: expected an https URL without user and fragment, or an http one on loopback; an issuer that is no such URL needs `jwks_uri` [url]',
    ],
  ],
  [
    'tells every problem at once',
    'tenants:\n  acme: { users: [], projects: 7, nothing: 1 }\n',
    [
      '2:18 error: expected `users`, a mapping of emails; found a list [wrong_type]',
      '2:32 error: expected `projects`, a mapping of names; found the number `7` [wrong_type]',
      '2:35 error: unknown key `nothing` in the tenant `acme`; expected one of `issuers`, `admins`, `projects`, `users`, `database` [unknown_key]',
    ],
  ],
];

/** Hosts of `http:` URLs, as `URL` writes them. */
const hosts = [
  ...['localhost', '127.0.0.1', '127.255.255.254', '[::1]', '128.0.0.1', '0.0.0.0', '10.0.0.1', '[::2]'],
  ...['localhost.example', '127.0.0.1.example', 'id.example', '127.1', '0x7f000001'],
];
it.each(hosts)('http://%s is on loopback here as it is where tokens are verified', (written) => {
  const jwks = `http://${written}/jwks.json`;
  const issuer = `{ issuer: https://id.example, audience: web, jwks_uri: "${jwks}" }`;
  const parsed = parseDirectory(`tenants:\n  acme: { issuers: [${issuer}], users: {}, projects: {} }\n`);
  expect(parsed.ok).toBe(isLoopbackHost(new URL(jwks).hostname));
});

it.each(rows)('the check of directories %s', (_name, text, expected) => {
  const parsed = parseDirectory(text);
  const problems = parsed.ok ? parsed.warnings : parsed.problems;
  expect(
    problems.map(
      ({ at, severity, message, code }) => `${at.line}:${at.column} ${severity}: ${message} [${code}]`,
    ),
  ).toEqual(expected);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
});
